"""Stores that speak as Azure's and Google's do, for one test run: Azurite from npm, gcp-storage-emulator from PyPI."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.listening import free_port, running
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
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck"]
    with running([program, *options, "--silent", "--disableTelemetry"], port, folder / "output", cwd=folder):
        yield port


@contextmanager
def storage_emulator(folder: Path) -> Iterator[str]:
    """Start it, and stop it at the end; its address."""
    require(importlib.util.find_spec("gcp_storage_emulator") is not None, "gcp-storage-emulator (PyPI)")
    port = free_port()
    program = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}"]
    with running([*program, "--in-memory", "--default-bucket=reports"], port, folder / "output", cwd=folder):
        yield f"http://127.0.0.1:{port}"
