"""Holds delivery to Google Cloud Storage to its contract, with an emulator on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from pydantic import BaseModel, SecretStr

from sfr.destinations.gcs import Gcs, GcsConfig
from sfr.errors import ConfigError, TransientError
from sfr.testing import DestinationContract
from tests.servers.blob_stores import storage_emulator
from tests.services import require

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


def test_a_store_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    require_gcs()
    staged = tmp_path / "staged"
    staged.write_bytes(b"a\n")
    with pytest.raises(TransientError):
        Gcs(config_of("http://127.0.0.1:1", "daily")).put(staged, "a.csv")


def test_a_key_that_is_no_json_is_told_without_showing_it(tmp_path: Path) -> None:
    require_gcs()
    staged = tmp_path / "staged"
    staged.write_bytes(b"a\n")
    with pytest.raises(ConfigError, match="no JSON") as caught:
        Gcs(GcsConfig(bucket="reports", key_json=SecretStr("my own key"))).put(staged, "a.csv")
    assert "my own key" not in str(caught.value)


def require_gcs() -> None:
    pytest.importorskip("gcsfs")
