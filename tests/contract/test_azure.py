"""Holds delivery to Azure Blob Storage to its contract, with Microsoft's own emulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from sfr.connector import Parcel
from sfr.destinations.azure import Azure, AzureConfig
from sfr.errors import AuthError, DeliveryError, TransientError
from sfr.testing import DestinationContract
from tests.servers.blob_stores import ACCOUNT, KEY, azurite, connection_string
from tests.services import require
from tests.shelves import refusal_of

pytestmark = pytest.mark.slow

WRONG_KEY = "bm90IHRoZSByaWdodCBrZXk="


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    try:
        import adlfs  # noqa: F401
    except ImportError:
        require(available=False, reason="the extra azure")
    with azurite(tmp_path_factory.mktemp("azurite")) as started:
        yield started


@pytest.fixture
def container(port: int, request: pytest.FixtureRequest) -> Iterator[Any]:
    from azure.storage.blob import ContainerClient

    name = f"t{abs(hash(request.node.nodeid)):x}"
    with ContainerClient.from_connection_string(connection_string(port), name) as client:
        client.create_container()
        yield client


def config_of(port: int, container: str, **settings: Any) -> AzureConfig:
    known = {"container": container, "directory": "daily", "connection_string": SecretStr(connection_string(port))}
    return AzureConfig(**{**known, **settings})


class TestAzure(DestinationContract):
    connector = Azure
    LARGE = DestinationContract.LARGE[:3_200_004]

    @pytest.fixture(autouse=True)
    def _place(self, port: int, container: Any) -> None:
        self.port, self.container = port, container

    def config(self) -> BaseModel:
        return config_of(self.port, self.container.container_name)

    def content(self, name: str) -> bytes | None:
        blob = self.container.get_blob_client(f"daily/{name}")
        return blob.download_blob().readall() if blob.exists() else None

    def unreachable(self) -> BaseModel | None:
        return config_of(self.port, "nowhere")


def names(container: Any) -> list[str]:
    return [blob.name for blob in container.list_blobs()]


def test_a_blob_says_of_which_run_and_report_it_is(port: int, container: Any, tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.write_bytes(b"a\n1\n")
    parcel = Parcel(staged, "a.csv", records=1, sha256="ab" * 32, run_id="r1", report="Umsätze", source="crm")
    (told,) = Azure(config_of(port, container.container_name)).deliver([parcel])
    found = container.get_blob_client("daily/a.csv").get_blob_properties().metadata
    known = {"sfr_run": "r1", "sfr_report": "Ums%C3%A4tze", "sfr_source": "crm", "sfr_records": "1"}
    assert dict(found) == {**known, "sfr_sha256": "ab" * 32}
    assert (told.bucket, told.key, told.location) == (
        container.container_name,
        "a.csv",
        f"az://{container.container_name}/daily/a.csv",
    )
    assert names(container) == ["daily/a.csv"]


def reading_only(port: int, container: str) -> str:
    """A connection string with which nothing can be written."""
    from azure.storage.blob import generate_container_sas

    end = datetime.now(UTC) + timedelta(hours=1)
    token = generate_container_sas(ACCOUNT, container, account_key=KEY, permission="rl", expiry=end)
    return f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};SharedAccessSignature={token}"


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(b"a\n")
    return path


@pytest.mark.parametrize("key", [WRONG_KEY, "no base64"])
def test_a_wrong_key_is_a_login_that_is_refused(port: int, container: Any, staged: Path, key: str) -> None:
    wrong = config_of(port, container.container_name, connection_string=SecretStr(connection_string(port, key)))
    error = refusal_of(Azure, wrong, staged)
    assert (type(error), error.reason) == (AuthError, "login")
    assert error.message.startswith(f"az://{container.container_name}")
    assert key not in f"{error} {error.remedy}"


def test_an_account_that_may_only_read_is_told_so(port: int, container: Any, staged: Path) -> None:
    sealed = SecretStr(reading_only(port, container.container_name))
    error = refusal_of(Azure, config_of(port, container.container_name, connection_string=sealed), staged)
    assert (type(error), error.reason) == (DeliveryError, "no-permission")


def test_a_container_that_is_not_there_is_told(port: int, staged: Path) -> None:
    with pytest.raises(DeliveryError, match=r"az://nowhere/daily.*: there is no such container") as caught:
        Azure(config_of(port, "nowhere")).put(staged, "a.csv")
    assert (caught.value.reason, "container" in caught.value.remedy) == ("no-container", True)


def test_a_store_that_is_not_there_is_asked_again(container: Any, staged: Path) -> None:
    with pytest.raises(TransientError, match=r"cannot be reached: .*127\.0\.0\.1:1") as caught:
        Azure(config_of(1, container.container_name)).put(staged, "a.csv")
    assert (caught.value.reason, "connection_string" in caught.value.remedy) == ("unreachable", True)


def test_either_an_account_or_a_connection_string_must_be_there() -> None:
    with pytest.raises(ValueError, match="either account or connection_string"):
        AzureConfig(container="reports")
