"""Knows the names of files on their way: no two are the same, and each tells which process's run it belongs to."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import sys
from enum import Enum
from pathlib import Path

# With what follows it stays below the 255 bytes that file systems hold, and below most long names themselves.
_MOST_NAME_BYTES = 160

_OURS = re.compile(r"\..*\.sfr-(?P<host>[0-9a-f]{4})-(?P<pid>\d{1,9})-[0-9a-f]{8}\.part", re.DOTALL)
_STILL_ACTIVE = 259
_QUERY_LIMITED_INFORMATION = 0x1000
_ACCESS_DENIED = 5


class Writer(Enum):
    """Who has made a partial file, as far as its name tells."""

    LIVES = "its process runs"
    GONE = "its process has ended"
    ELSEWHERE = "its process is on another machine"
    STRANGER = "not named by us, or by an earlier version"


def part_name(name: str, owner_pid: int) -> str:
    """A new name for a file that will be called `name`; `owner_pid` is the process whose end makes it worthless.

    `sales.csv` becomes `.sales.csv.sfr-9f3a-4711-0c1d2e3f.part`: the machine, the process, and chance.
    """
    shown = name.encode(errors="ignore")[:_MOST_NAME_BYTES].decode(errors="ignore")
    return f".{shown}.sfr-{_machine()}-{owner_pid}-{secrets.token_hex(4)}.part"


def writer_of(part: str) -> Writer:
    """Who is writing the partial file of this name. This process counts as gone: it asks before or after its work."""
    found = _OURS.fullmatch(part)
    if found is None:
        return Writer.STRANGER
    if found["host"] != _machine():
        return Writer.ELSEWHERE
    pid = int(found["pid"])
    return Writer.LIVES if pid != os.getpid() and _runs(pid) else Writer.GONE


def is_of_this_process(part: str) -> bool:
    """Whether a thread of this process may be writing the partial file of this name."""
    found = _OURS.fullmatch(part)
    return found is not None and found["host"] == _machine() and int(found["pid"]) == os.getpid()


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:4]


def _runs(pid: int) -> bool:
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)  # asks, and sends nothing (kill(2))
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is another user's
    return not _is_unburied(pid)


def _is_unburied(pid: int) -> bool:
    """Whether it has ended, and its parent has not asked how: in a container often nobody does (proc_pid_stat(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:  # no such system, or it has just ended
        return False
    return stat.rpartition(b")")[2].split()[:1] == [b"Z"]


if sys.platform == "win32":

    def _runs_on_windows(pid: int) -> bool:
        """By the exit code that a process has while it runs (GetExitCodeProcess); os.kill would end it there."""
        import ctypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid))
        if not handle:
            return ctypes.get_last_error() == _ACCESS_DENIED
        try:
            code = ctypes.c_ulong()
            return bool(kernel.GetExitCodeProcess(handle, ctypes.byref(code))) and code.value == _STILL_ACTIVE
        finally:
            kernel.CloseHandle(handle)
