"""Stores that speak as Azure's and Google's do, for one test run: Azurite from npm, gcp-storage-emulator from PyPI."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.services import require

# The account that every Azurite has, as its documentation says; nobody's secret.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string(port: int, key: str = KEY) -> str:
    """How to reach an Azurite at that port."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )


@contextmanager
def azurite(folder: Path) -> Iterator[int]:
    """Start it, and stop it at the end; its port."""
    program = shutil.which("azurite-blob")
    require(program is not None, "Azurite (npm install -g azurite)")
    port = _free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck"]
    with _running([str(program), *options, "--silent", "--disableTelemetry"], port, folder / "output"):
        yield port


@contextmanager
def storage_emulator(folder: Path) -> Iterator[str]:
    """Start it, and stop it at the end; its address."""
    require(importlib.util.find_spec("gcp_storage_emulator") is not None, "gcp-storage-emulator (PyPI)")
    port = _free_port()
    program = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}"]
    with _running([*program, "--in-memory", "--default-bucket=reports"], port, folder / "output"):
        yield f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], port: int, output: Path) -> Iterator[None]:
    with output.open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=output.parent)
    try:
        _await(port, server, output)
        yield
    finally:
        server.terminate()
        server.wait(10)


def _await(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            server.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"{command_of(server)} does not listen")


def command_of(server: subprocess.Popen[bytes]) -> str:
    """What was started, for a message."""
    return " ".join(map(str, server.args)) if isinstance(server.args, list) else str(server.args)
