"""A PostgreSQL of a test's own, for faults that nobody would want to see in a server that others use too."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import psycopg

from tests.services import require

USER = "postgres"  # of the system: a server refuses to run as root
PATIENCE_SECONDS = 60.0


class OwnPostgreSQL:
    """A server at `url` with its files in `folder`, into which the system's user USER must be able to look."""

    def __init__(self, folder: Path) -> None:
        self._programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path())
        may_start = sys.platform == "linux" and os.geteuid() == 0 and (self._programs / "initdb").exists()
        require(may_start, "root on Linux and the programs of PostgreSQL, to start a server")
        self.folder = folder
        shutil.chown(folder, USER, USER)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"postgresql://{USER}@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        data = str(self.folder / "data")
        make = [str(self._programs / "initdb"), f"--pgdata={data}", f"--username={USER}", "--auth=trust", "--no-sync"]
        subprocess.run(make, user=USER, group=USER, cwd=self.folder, check=True, capture_output=True)
        settings = ["listen_addresses=127.0.0.1", f"port={self._port}", "unix_socket_directories=", "fsync=off"]
        self._server = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", data, *(word for each in settings for word in ("-c", each))],
            user=USER,
            group=USER,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("wb"),
        )
        self._await()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.send_signal(signal.SIGINT)  # its fast way to end, which waits for nobody
        self._server.wait()

    def _await(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                assert self._server.poll() is None, (self.folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
