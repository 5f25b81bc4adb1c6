"""Holds delivery to a Windows share to its contract, with Samba's own server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from sfr.destinations.smb import Smb, SmbConfig
from sfr.errors import AuthError, DeliveryError, SfrError, TransientError
from sfr.testing import DestinationContract
from tests.servers.samba import Share, samba
from tests.shelves import refusal_of

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
    ("settings", "kind", "reason"),
    [
        ({"password": SecretStr("not this one")}, AuthError, "login"),
        ({"username": "nobody-of-this-name"}, AuthError, "login"),
        ({"share": "nowhere"}, DeliveryError, "no-folder"),
        ({"directory": "nowhere"}, DeliveryError, "no-folder"),
        ({"share": "sealed"}, DeliveryError, "no-permission"),
        ({"port": 1}, TransientError, "unreachable"),
        ({"host": "no-such-host.invalid"}, TransientError, "unreachable"),
    ],
)
def test_a_place_that_refuses_says_why(
    share: Share, place: Path, staged: Path, settings: dict[str, Any], kind: type[SfrError], reason: str
) -> None:
    config = config_of(share, place, **settings)
    error = refusal_of(Smb, config, staged)
    assert (type(error), error.reason) == (kind, reason)
    assert error.message.startswith(f"smb://{config.host}:{config.port}")
    assert error.max_attempts == (None if kind is TransientError else 1)
    assert list(place.iterdir()) == []


def test_check_is_content_and_leaves_nothing_behind(share: Share, place: Path) -> None:
    Smb(config_of(share, place)).check()
    assert list(place.iterdir()) == []
