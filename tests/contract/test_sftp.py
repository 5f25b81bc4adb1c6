"""Holds SFTP delivery to its contract, and to what a server at odds with us does, with OpenSSH's own server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sfr.connector import Parcel
from sfr.destinations.sftp import Sftp, SftpConfig
from sfr.errors import DeliveryError, TransientError
from sfr.part_names import part_name
from sfr.testing import DestinationContract
from tests.servers.sshd import SftpServer, sftp_server

pytestmark = pytest.mark.slow

DEAD_PID = 2**22 + 1  # above what Linux gives


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with sftp_server(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture
def place(server: SftpServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("there", numbered=True)


def config_of(server: SftpServer, place: Path, **settings: Any) -> SftpConfig:
    known = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": server.username,
        "private_key": server.private_key,
        "known_hosts": server.known_hosts,
        "directory": str(place),
    }
    return SftpConfig(**{**known, **settings})


class TestSftp(DestinationContract):
    connector = Sftp
    LARGE = DestinationContract.LARGE[:3_200_004]

    @pytest.fixture(autouse=True)
    def _place(self, server: SftpServer, place: Path) -> None:
        self.server, self.place = server, place

    def config(self) -> BaseModel:
        return config_of(self.server, self.place)

    def content(self, name: str) -> bytes | None:
        path = self.place / name
        return path.read_bytes() if path.exists() else None

    def unreachable(self) -> BaseModel | None:
        return config_of(self.server, self.place / "no such folder", passphrase="correct horse")


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(b"a,b\n1,2\n" * 100_000)
    return path


def test_check_is_content_and_leaves_nothing_behind(server: SftpServer, place: Path) -> None:
    Sftp(config_of(server, place)).check()
    assert list(place.iterdir()) == []


def test_a_server_that_nobody_knows_gets_nothing(server: SftpServer, place: Path, tmp_path: Path, staged: Path) -> None:
    nobody = tmp_path / "known_hosts"
    nobody.write_text("")
    with pytest.raises(DeliveryError, match="not in known_hosts") as caught:
        Sftp(config_of(server, place, known_hosts=nobody)).put(staged, "a.csv")
    assert caught.value.reason == "host-key"
    assert list(place.iterdir()) == []


def test_a_server_with_another_key_gets_nothing(server: SftpServer, place: Path, tmp_path: Path, staged: Path) -> None:
    other = tmp_path / "known_hosts"
    other.write_text(f"[127.0.0.1]:{server.port} {(server.private_key.parent / 'user_key.pub').read_text()}")
    with pytest.raises(DeliveryError, match="another one than known_hosts has"):
        Sftp(config_of(server, place, known_hosts=other)).put(staged, "a.csv")


def test_a_login_that_is_refused_says_so_and_may_not_be_tried_for_ever(
    server: SftpServer, place: Path, staged: Path
) -> None:
    with pytest.raises(DeliveryError, match="login was refused") as caught:
        Sftp(config_of(server, place, private_key=None, password="not this one")).put(staged, "a.csv")
    assert caught.value.max_attempts == 1
    assert "not this one" not in f"{caught.value} {caught.value.remedy}"


def test_a_server_that_is_not_there_is_asked_again(server: SftpServer, place: Path, staged: Path) -> None:
    with pytest.raises(TransientError):
        Sftp(config_of(server, place, port=1)).put(staged, "a.csv")


def test_a_connection_that_ends_in_the_middle_leaves_the_old_file(
    server: SftpServer, place: Path, staged: Path
) -> None:
    (place / "a.csv").write_bytes(b"old\n")

    def cut(_sent_bytes: int) -> None:
        for pid in server.sessions():
            os.kill(pid, signal.SIGKILL)

    parcel = Parcel(staged, "a.csv", progress=cut)
    with pytest.raises(TransientError):
        Sftp(config_of(server, place)).deliver([parcel])
    assert (place / "a.csv").read_bytes() == b"old\n"


def test_what_a_killed_process_left_is_removed_by_the_next_one(server: SftpServer, place: Path, staged: Path) -> None:
    (place / part_name("a.csv", DEAD_PID)).write_bytes(b"half")
    somebody_elses = place / part_name("a.csv", os.getppid())
    somebody_elses.write_bytes(b"half")
    Sftp(config_of(server, place)).put(staged, "a.csv")
    assert sorted(path.name for path in place.iterdir()) == sorted(["a.csv", somebody_elses.name])
