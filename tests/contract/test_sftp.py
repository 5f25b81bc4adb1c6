"""Holds SFTP delivery to its contract, and to what a server at odds with us does, with OpenSSH's own server."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from sfr.connector import Parcel
from sfr.destinations.sftp import Sftp, SftpConfig
from sfr.errors import AuthError, DeliveryError, SfrError, TransientError
from sfr.part_names import part_name
from sfr.remote_files import PIECE_BYTES
from sfr.testing import DestinationContract
from tests.servers.cutting import CuttingProxy
from tests.servers.sshd import SftpServer, sftp_server
from tests.shelves import refusal_of
from tests.wire import one_connection

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


@pytest.mark.parametrize(
    ("settings", "kind", "reason"),
    [
        ({"private_key": None, "password": SecretStr("not this one")}, AuthError, "login"),
        ({"username": "nobody-of-this-name"}, AuthError, "login"),
        ({"directory": "/no such folder"}, DeliveryError, "no-folder"),
        ({"port": 1}, TransientError, "unreachable"),
        ({"host": "no-such-host.invalid"}, TransientError, "unreachable"),
    ],
)
def test_a_place_that_refuses_says_why(
    server: SftpServer, place: Path, staged: Path, settings: dict[str, Any], kind: type[SfrError], reason: str
) -> None:
    config = config_of(server, place, **settings)
    error = refusal_of(Sftp, config, staged)
    assert (type(error), error.reason) == (kind, reason)
    assert f"sftp://{config.host}:{config.port}" in error.message
    assert error.max_attempts == (None if kind is TransientError else 1)
    assert list(place.iterdir()) == []


def test_where_nothing_may_be_written_is_told(server: SftpServer, place: Path, staged: Path) -> None:
    error = refusal_of(Sftp, config_of(server, place, port=server.sealed_port), staged)
    assert (type(error), error.reason) == (DeliveryError, "no-permission")
    assert error.message.startswith(f"sftp://127.0.0.1:{server.sealed_port}{place}: ")


@pytest.mark.parametrize("passphrase", [None, SecretStr("not this one")])
def test_a_key_that_cannot_be_unlocked_is_a_login_that_is_refused(
    server: SftpServer, place: Path, staged: Path, tmp_path: Path, passphrase: SecretStr | None
) -> None:
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "the right one", "-f", locked], check=True)
    error = refusal_of(Sftp, config_of(server, place, private_key=locked, passphrase=passphrase), staged)
    assert (type(error), error.reason) == (AuthError, "login")


def amid_the_login(connection: socket.socket, host_key: Path) -> None:
    """Speak as an SSH server does until somebody says who they are."""
    import paramiko

    class Asked(paramiko.ServerInterface):
        def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
            transport.close()
            return paramiko.AUTH_FAILED

        def get_allowed_auths(self, username: str) -> str:
            return "publickey"

    transport = paramiko.Transport(connection)
    transport.add_server_key(paramiko.Ed25519Key(filename=str(host_key)))
    transport.start_server(server=Asked())
    transport.join(30)


@pytest.mark.parametrize(("begins", "most"), [(False, None), (True, 3)])
def test_a_server_that_hangs_up_has_not_refused_the_login(
    server: SftpServer, place: Path, staged: Path, tmp_path: Path, begins: bool, most: int | None
) -> None:
    def serve(connection: socket.socket) -> None:
        if begins:
            amid_the_login(connection, server.private_key.with_name("host_key"))
        connection.close()

    with one_connection(serve) as port, pytest.raises(TransientError) as caught:
        Sftp(config_of(server, place, port=port, known_hosts=known_at(server, port, tmp_path))).put(staged, "a.csv")
    assert (caught.value.reason, caught.value.max_attempts) == ("connection", most)


def known_at(server: SftpServer, port: int, folder: Path) -> Path:
    """A known_hosts file with the server's key for another port."""
    known = folder / "known_hosts"
    known.write_text(server.known_hosts.read_text().replace(f":{server.port} ", f":{port} "))
    return known


@pytest.fixture
def cutting(server: SftpServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(f"sftp://127.0.0.1:{server.port}") as proxy:
        yield proxy


@pytest.fixture
def through(server: SftpServer, place: Path, cutting: CuttingProxy, tmp_path: Path) -> SftpConfig:
    """The same server by way of the proxy."""
    return config_of(server, place, port=cutting.port, known_hosts=known_at(server, cutting.port, tmp_path))


def test_a_login_that_was_refused_is_not_tried_again_with_the_next_file(
    staged: Path, cutting: CuttingProxy, through: SftpConfig
) -> None:
    shelf, errors = Sftp(through.model_copy(update={"username": "nobody-of-this-name"})), []
    for _ in range(3):
        with pytest.raises(AuthError) as caught:
            shelf.put(staged, "a.csv")
        errors.append((caught.value.message, caught.value.reason, caught.value.remedy))
    assert len(set(errors)) == 1
    assert cutting.connections == 1


@pytest.mark.parametrize("old", [b"old\n", None])
def test_a_connection_cut_amid_the_upload_leaves_what_was_there_and_the_next_try_completes(
    place: Path, staged: Path, cutting: CuttingProxy, through: SftpConfig, old: bytes | None
) -> None:
    staged.write_bytes(b"a,b\n1,2\n" * (4 * PIECE_BYTES // 8))
    final, sent = place / "a.csv", []
    if old is not None:
        final.write_bytes(old)

    def cut(sent_bytes: int) -> None:
        sent.append(sent_bytes)
        cutting.cut()

    with pytest.raises(TransientError) as caught:
        Sftp(through).deliver([Parcel(staged, "a.csv", progress=cut)])
    assert caught.value.reason == "connection"
    assert sent[0] < staged.stat().st_size, "there was more to send when the wire was cut"
    assert (final.read_bytes() if final.exists() else None) == old
    cutting.mend()
    Sftp(through).deliver([Parcel(staged, "a.csv")])
    assert final.read_bytes() == staged.read_bytes()


def test_what_a_killed_process_left_is_removed_by_the_next_one(server: SftpServer, place: Path, staged: Path) -> None:
    (place / part_name("a.csv", DEAD_PID)).write_bytes(b"half")
    somebody_elses = place / part_name("a.csv", os.getppid())
    somebody_elses.write_bytes(b"half")
    Sftp(config_of(server, place)).put(staged, "a.csv")
    assert sorted(path.name for path in place.iterdir()) == sorted(["a.csv", somebody_elses.name])
