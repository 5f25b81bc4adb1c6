"""Sees what a connector does beside fetching: files it opens to write, threads it starts, lines it logs."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

PATIENCE_SECONDS = 30.0
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_watching: dict[int, list[str]] = {}
_hooked: list[bool] = []


@contextmanager
def only_the_sink() -> Iterator[None]:
    """Inside of the block this thread opens no file to write, and starts no thread."""
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_note)  # stays for the life of the process, and listens only inside of such blocks
    here = threading.get_ident()
    seen = _watching[here] = []
    start = threading.Thread.start

    def noting(thread: threading.Thread) -> None:
        if threading.get_ident() == here:
            seen.append(f"started the thread {thread.name}")
        start(thread)

    try:
        with mock.patch.object(threading.Thread, "start", noting):  # Python tells of threads only from 3.12 on
            yield
    finally:
        del _watching[here]
    assert not seen, f"a source writes to its sink and does nothing beside, but it {seen[0]}"


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or (seen := _watching.get(threading.get_ident())) is None:
        return
    if isinstance(arguments[2], int) and arguments[2] & _WRITING:
        name = os.fsdecode(arguments[0]) if isinstance(arguments[0], (str, bytes)) else ""
        if "__pycache__" not in name and name != os.devnull:  # a module that is imported late is compiled
            seen.append(f"opened {name} to write")


class Listener(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logger() -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger of its own, and what comes in there."""
    found, listener = logging.Logger("sfr.source.contract", logging.DEBUG), Listener()
    found.addHandler(listener)
    yield found, listener.lines


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def outcome_after(start: Callable[[], object], abort: Callable[[], None]) -> BaseException | None:
    """Run `start` in a thread while `abort` is called again and again: what it raised, None when it returned.

    Raises AssertionError when it does not end.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            start()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="aborted-fetch", daemon=True)
    thread.start()
    for _ in range(int(PATIENCE_SECONDS / 0.05)):
        thread.join(0.05)
        if not thread.is_alive():
            return raised[0] if raised else None
        abort()
    raise AssertionError(f"abort() did not end a blocked fetch within {PATIENCE_SECONDS:.0f} s")
