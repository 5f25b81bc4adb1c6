"""Holds delivery to a Windows share to its contract, with Samba's own server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from sfr.destinations.smb import Smb, SmbConfig
from sfr.errors import DeliveryError, TransientError
from sfr.testing import DestinationContract
from tests.servers.samba import Share, samba

pytestmark = pytest.mark.slow  # encryption in Python takes its time


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Share]:
    with samba(tmp_path_factory.mktemp("smb")) as started:
        yield started


@pytest.fixture
def place(share: Share, request: pytest.FixtureRequest) -> Path:
    folder = share.folder / f"{abs(hash(request.node.nodeid)):x}"
    folder.mkdir()
    return folder


def config_of(share: Share, place: Path, /, **settings: Any) -> SmbConfig:
    known = {
        "host": "127.0.0.1",
        "port": share.port,
        "share": "reports",
        "directory": place.name,
        "username": share.username,
        "password": SecretStr(share.password),
    }
    return SmbConfig(**{**known, **settings})


class TestSmb(DestinationContract):
    connector = Smb
    LARGE = DestinationContract.LARGE[:3_200_004]
    PATHS: ClassVar[tuple[str, ...]] = (
        "sales.csv",
        "crm/2026/03/sales.csv",
        "Umsätze/März (1) + 50%.csv",
        "漢字/a&b=c #1.csv",
        "it's ~ [all] {fine}!.csv",
    )

    @pytest.fixture(autouse=True)
    def _place(self, share: Share, place: Path) -> None:
        self.share, self.place = share, place

    def config(self) -> BaseModel:
        return config_of(self.share, self.place)

    def content(self, name: str) -> bytes | None:
        path = self.place / name
        return path.read_bytes() if path.exists() else None

    def unreachable(self) -> BaseModel | None:
        return config_of(self.share, self.place, directory="no such folder")


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(b"a,b\n1,2\n" * 100_000)
    return path


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"password": SecretStr("not this one")}, "login"),
        ({"share": "nowhere"}, "no-folder"),
        ({"share": "sealed"}, "refused"),
    ],
)
def test_a_place_that_refuses_says_why_and_is_not_asked_for_ever(
    share: Share, place: Path, staged: Path, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeliveryError) as caught:
        Smb(config_of(share, place, **settings)).put(staged, "a.csv")
    assert (caught.value.reason, caught.value.max_attempts) == (reason, 1)
    assert "not this one" not in f"{caught.value} {caught.value.remedy}"
    assert list(place.iterdir()) == []


def test_a_server_that_is_not_there_is_asked_again(share: Share, place: Path, staged: Path) -> None:
    with pytest.raises(TransientError):
        Smb(config_of(share, place, port=1)).put(staged, "a.csv")


def test_check_is_content_and_leaves_nothing_behind(share: Share, place: Path) -> None:
    Smb(config_of(share, place)).check()
    assert list(place.iterdir()) == []
