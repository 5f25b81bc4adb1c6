"""Keeps two runs from using the same output at once, and says who the other one is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sfr.atomic import write_text
from sfr.errors import Busy, ConfigError


@contextmanager
def only_run(directory: Path) -> Iterator[None]:
    """Hold the lock of an output's private directory. The system frees it when the process ends, however it does.

    Raises Busy naming the process that has it, ConfigError when the directory cannot be written.
    """
    owner = directory / "run.json"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / "run.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(
            f"another run is active on {directory.parent}: {_describe(owner)}",
            remedy="wait for it, end it, or give this one another --output",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{directory} cannot be written: {error.strerror or error}",
            remedy="choose another --output, or make this one writable",
        ) from error
    try:
        write_text(owner, json.dumps({"pid": os.getpid(), "started": time.strftime("%Y-%m-%d %H:%M:%S")}))
        yield
    finally:
        with suppress(OSError):  # the next run overwrites it
            owner.unlink(missing_ok=True)
        lock.release()


def _describe(owner: Path) -> str:
    try:
        facts = json.loads(owner.read_text(encoding="utf-8"))
        return f"process {facts['pid']}, started {facts['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that is just starting"
