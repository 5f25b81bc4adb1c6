"""A real SFTP server, OpenSSH's, for one test run: its own keys, port and folder."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers.listening import free_port, running
from tests.services import require

_CONFIG = """
Port {port}
Port {sealed_port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
Match LocalPort {sealed_port}
  ForceCommand internal-sftp -R
"""


@dataclass(frozen=True, slots=True)
class SftpServer:
    """Where it listens, whom it lets in, and the folder that tests may use. At `sealed_port` nothing can be written."""

    pid: int
    port: int
    sealed_port: int
    username: str
    private_key: Path
    known_hosts: Path
    home: Path

    def sessions(self) -> list[int]:
        """The processes that serve connections just now."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended meanwhile
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        found = {self.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found - {self.pid})


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Start it, and stop it at the end."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    require(Path(program).exists(), "OpenSSH's server (Debian: openssh-server)")
    port, sealed_port = free_port(), free_port()
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{each} {host_key}" for each in (port, sealed_port)))
    (folder / "config").write_text(_CONFIG.format(port=port, sealed_port=sealed_port, folder=folder))
    home = folder / "home"
    home.mkdir()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it locks its own child processes in
    keys = folder / "user_key", folder / "known_hosts"
    with running([program, "-D", "-e", "-f", folder / "config"], port, folder / "log") as server:
        yield SftpServer(server.pid, port, sealed_port, getpass.getuser(), *keys, home)
