"""What the tests of the credentials share: a folder of them, a person at a terminal, and all that somebody left."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from sfr.credentials import Credentials
from tests.command_line import PATIENCE_SECONDS, ROOT, Ended, Person

KEY = "a master key of the tests"
NAME = "files.bearer_token"
SERVER = "link https://files.example.com"


def credentials(folder: Path, choice: str = "file", key: str = KEY, key_file: Path | None = None) -> Credentials:
    """The credentials in a folder; without a key they have a file for it there."""
    return Credentials(folder, choice, key, key_file or folder / "config" / "master.key")


def types_at_a_terminal(person: Person, *arguments: str, answer: str) -> Ended:
    """Run a command whose terminal is real, and type the answer when it has asked; its output is all in `stdout`."""
    import pty  # Windows has none

    ours, theirs = pty.openpty()
    environment = {name: value for name, value in person.environment.items() if value}
    command = ["setsid", "--ctty", "--wait", sys.executable, str(ROOT / "main.py"), *arguments]
    process = subprocess.Popen(command, cwd=person.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, answered, end = b"", False, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and (process.poll() is None or select.select([ours], [], [], 0)[0]):
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
        if not answered and b"not shown" in shown:
            os.write(ours, f"{answer}\n".encode())
            answered = True
    code = process.wait(timeout=PATIENCE_SECONDS)
    os.close(ours)
    return Ended(code, shown.decode(), "")


def holding(folder: Path, text: str) -> list[str]:
    """Every file below that has this text in it, in the usual encodings."""
    spellings = {text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(spelling in path.read_bytes() for spelling in spellings)]
