"""A real Windows share, Samba's, for one test run: its own port, user and folder."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.listening import free_port, running
from tests.services import require

PASSWORD = "a pass phrase of tests"
_CONFIG = """
[global]
  server role = standalone server
  interfaces = 127.0.0.1
  bind interfaces only = yes
  smb ports = {port}
  disable netbios = yes
  load printers = no
  map to guest = never
  server min protocol = SMB2
  private dir = {folder}/private
  passdb backend = tdbsam:{folder}/private/users.tdb
  lock directory = {folder}/lock
  state directory = {folder}/state
  cache directory = {folder}/cache
  pid directory = {folder}/pid
  ncalrpc dir = {folder}/rpc
  log file = {folder}/log
[reports]
  path = {folder}/share
  read only = no
[sealed]
  path = {folder}/share
  read only = yes
"""


@dataclass(frozen=True, slots=True)
class Share:
    """Where the file server listens, whom it lets in, and where its share lies on this disk."""

    port: int
    username: str
    folder: Path
    password: str = field(default=PASSWORD, repr=False)


@contextmanager
def samba(folder: Path) -> Iterator[Share]:
    """Start it, and stop it at the end."""
    program = shutil.which("smbd") or "/usr/sbin/smbd"
    require(Path(program).exists() and os.geteuid() == 0, "Samba's file server, as root (Debian: samba)")
    port = free_port()
    for name in ("private", "lock", "state", "cache", "pid", "rpc", "share"):
        (folder / name).mkdir(mode=0o755)
    config = folder / "smb.conf"
    config.write_text(_CONFIG.format(port=port, folder=folder))
    user = getpass.getuser()
    answers = f"{PASSWORD}\n{PASSWORD}\n".encode()
    subprocess.run(["smbpasswd", "-c", config, "-s", "-a", user], input=answers, check=True, capture_output=True)
    command = [program, "--foreground", "--no-process-group", "-s", config]
    # A session of its own: when it ends it ends its whole process group.
    with running(command, port, folder / "stderr", start_new_session=True):
        yield Share(port, user, folder / "share")
