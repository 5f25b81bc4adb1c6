"""Counts the steps of a process in which something lying somewhere may change, and kills it before one of them.

It is copied into runs as their `sitecustomize`, so it knows nothing of this project; what it shall do stands in the
environment. A step is what Python tells its auditors (a file opened to write, a rename, a request) or a statement to
SQLite. A step has a name without anything that differs from run to run, so that it is found again in the next one.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
WITH_PATHS = frozenset(("os.rename", "os.remove", "os.link", "os.truncate", "os.mkdir", "os.rmdir", "shutil.copyfile"))
CHANCE = (
    (re.compile(r"sfr-[0-9a-f]{4}-\d+-[0-9a-f]{8}"), "PART"),
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"[0-9a-f]{32}"), "SUM"),
    (re.compile(r"[0-9a-f]{8}"), "SUM"),
)


class Steps:
    """Calls `at` with the name of each step before it is done; `folder` is where files are looked at."""

    def __init__(self, folder: str, at: Callable[[str], None]) -> None:
        self._folder, self._at = folder, at
        self._is_telling = False
        self._last_statement = ""

    def begin(self) -> None:
        """From now on; there is no end."""
        sys.addaudithook(self._hear)
        connect = sqlite3.connect

        def connect_and_hear(*arguments: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **named)
            connection.set_trace_callback(self._hear_statement)
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = connect_and_hear  # type: ignore[assignment]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_telling:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and mode.strip("rbt")) or (mode is None and flags & CHANGING)
            if writes and isinstance(path, (str, bytes, os.PathLike)):
                self._tell(event, path)
        elif event in WITH_PATHS:
            self._tell(event, *(part for part in arguments if isinstance(part, (str, bytes, os.PathLike))))
        elif event == "http.client.send":
            self._tell(f"send {_method_of(arguments[1])}")

    def _hear_statement(self, statement: str) -> None:
        words = " ".join(statement.split()[:3])
        if not words.startswith(("SELECT", "PRAGMA", "--")) and words != self._last_statement:
            self._last_statement = words  # of many rows one by one the first
            self._tell(words)

    def _tell(self, what: str, *paths: Any) -> None:
        names = [os.fsdecode(path) for path in paths]
        if names and not any(name.startswith(self._folder) for name in names):
            return
        name = " ".join([what, *(each.removeprefix(self._folder) for each in names)])
        for pattern, instead in CHANCE:
            name = pattern.sub(instead, name)
        self._is_telling = True
        try:
            self._at(name)
        finally:
            self._is_telling = False


def _method_of(sent: Any) -> str:
    """The method of a request; "its body" where it is no beginning."""
    method = bytes(sent[:8]).partition(b" ")[0].decode("ascii", "replace") if isinstance(sent, bytes) else ""
    return method if method.isalpha() and method.isupper() else "its body"


def main(environment: Any = os.environ) -> None:
    """In a run: write each step into the file STEPS_TRACE, or kill at STEPS_KILL, which is a role, a number and a name.

    The process (STEPS_WHOM "self") or its whole group is killed, once: the file STEPS_ONCE tells that it was."""
    role = "worker" if "--multiprocessing-fork" in sys.orig_argv else "parent"
    trace, kill = environment.get("STEPS_TRACE", ""), environment.get("STEPS_KILL", "")
    seen: Counter[str] = Counter()

    def at(name: str) -> None:
        seen[name] += 1
        line = f"{role} {seen[name]} {name}"
        if trace:
            handle = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(handle, f"{line}\n".encode())
            os.close(handle)
        if line == kill:
            with suppress(FileExistsError):
                os.close(os.open(environment["STEPS_ONCE"], os.O_WRONLY | os.O_CREAT | os.O_EXCL))
                whom = os.getpid() if environment["STEPS_WHOM"] == "self" else -os.getpgrp()
                os.kill(whom, signal.SIGKILL)

    if trace or kill:
        Steps(environment["STEPS_FOLDER"], at).begin()


if __name__ == "sitecustomize":
    main()
