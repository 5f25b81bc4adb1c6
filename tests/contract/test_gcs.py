"""Holds delivery to Google Cloud Storage to its contract, with an emulator on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from pydantic import BaseModel, SecretStr

from sfr.destinations.gcs import Gcs, GcsConfig
from sfr.errors import AuthError, ConfigError, DeliveryError, SfrError, TransientError
from sfr.testing import DestinationContract
from tests.servers.blob_stores import storage_emulator
from tests.servers.files import FileServer, Reply
from tests.services import require
from tests.shelves import refusal_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        import gcsfs  # noqa: F401
    except ImportError:
        require(available=False, reason="the extra gcs")
    with storage_emulator(tmp_path_factory.mktemp("gcs")) as started:
        yield started


def config_of(url: str, folder: str, **settings: Any) -> GcsConfig:
    return GcsConfig(**{"bucket": "reports", "directory": folder, "endpoint_url": url, **settings})


class TestGcs(DestinationContract):
    connector = Gcs
    LARGE = DestinationContract.LARGE[:3_200_004]

    @pytest.fixture(autouse=True)
    def _place(self, url: str, request: pytest.FixtureRequest) -> None:
        self.url, self.folder = url, f"t{abs(hash(request.node.nodeid)):x}"

    def config(self) -> BaseModel:
        return config_of(self.url, self.folder)

    def content(self, name: str) -> bytes | None:
        place = quote(f"{self.folder}/{name}", safe="")
        answer = requests.get(f"{self.url}/storage/v1/b/reports/o/{place}?alt=media", timeout=30)
        return answer.content if answer.status_code == 200 else None

    def unreachable(self) -> BaseModel | None:
        return config_of(self.url, self.folder, bucket="nowhere")


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    pytest.importorskip("gcsfs")
    path = tmp_path / "staged"
    path.write_bytes(b"a\n")
    return path


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [(401, AuthError, "login"), (403, DeliveryError, "no-permission"), (400, DeliveryError, "refused")],
)
def test_a_store_that_refuses_says_why(staged: Path, status: int, kind: type[SfrError], reason: str) -> None:
    told = json.dumps({"error": {"code": status, "message": "it is invalid that sfr@example.com writes"}}).encode()
    answer = Reply(told, status, {"Content-Type": "application/json"})
    place = "storage/v1/b/reports/o"
    with FileServer(**{place: answer, f"upload/{place}": answer}) as server:
        error = refusal_of(Gcs, config_of(server.url, "daily"), staged)
        assert server.asked
    assert (type(error), error.reason, error.max_attempts) == (kind, reason, 1)
    assert error.message.startswith("gs://reports/daily")


@pytest.mark.parametrize("private_key", ["", "not this one"])
def test_a_key_that_is_refused_is_told_without_showing_it(url: str, staged: Path, private_key: str) -> None:
    refusal = Reply(b'{"error": "invalid_grant"}', 400, {"Content-Type": "application/json"})
    with FileServer(token=refusal) as server:
        key = {
            "type": "service_account",
            "client_email": "sfr@example.com",
            "token_uri": f"{server.url}/token",
            "private_key": private_key or new_key(),
        }
        error = refusal_of(Gcs, config_of(url, "daily", key_json=SecretStr(json.dumps(key))), staged)
        assert bool(server.asked) is not bool(private_key)
    assert (type(error), error.reason) == (AuthError, "login")
    assert key["private_key"] not in str(error)


def test_a_store_that_is_not_there_is_asked_again(staged: Path) -> None:
    with pytest.raises(TransientError, match=r"^gs://reports/daily cannot be reached: .*127\.0\.0\.1:1") as caught:
        Gcs(config_of("http://127.0.0.1:1", "daily")).put(staged, "a.csv")
    assert (caught.value.reason, "endpoint_url" in caught.value.remedy) == ("unreachable", True)


def test_a_key_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    """The library would take its name for a token, and send it away."""
    with pytest.raises(ValueError, match="there is no key file"):
        GcsConfig(bucket="reports", key_file=tmp_path / "key.json")


def test_a_key_that_is_no_json_is_told_without_showing_it(staged: Path) -> None:
    with pytest.raises(ConfigError, match="no JSON") as caught:
        Gcs(GcsConfig(bucket="reports", key_json=SecretStr("my own key"))).put(staged, "a.csv")
    assert "my own key" not in str(caught.value)


def new_key() -> str:
    """A private key that nobody knows."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return generate_private_key(65537, 2048).private_bytes(*form).decode()
