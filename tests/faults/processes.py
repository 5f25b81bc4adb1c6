"""Starts `python main.py` as a real process, and looks at the processes below it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import require

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0


def until(reached: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Poll until `reached` returns something true, and return that; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Child:
    """A running `python main.py …`, the leader of a process group, as a terminal would start it."""

    def __init__(self, popen: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self.popen, self._stdout, self._stderr = popen, stdout, stderr
        self.pid = popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(encoding="utf-8")

    @property
    def stdout(self) -> str:
        return self._stdout.read_text(encoding="utf-8")

    def wait(self, seconds: float = PATIENCE_SECONDS) -> Finished:
        """Its end. Fails when it does not end within `seconds`."""
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:.0f} s; {self.stderr[-2000:]}") from None
        return Finished(code, self._stdout.read_text(encoding="utf-8"), self.stderr)

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends the signal to every process of the group."""
        os.killpg(self.pid, signal.SIGINT)

    def end(self) -> None:
        """Clear away whatever is left, for a test that fails."""
        if self.running:
            self.popen.kill()
        self.popen.wait()

    def children(self) -> list[int]:
        """All processes that it started and that live, oldest first."""
        require(Path("/proc/self/stat").exists(), "/proc, to see processes")
        found = [(start, pid) for pid in _pids() for start, parent in _descent(pid) if parent == self.pid]
        return [pid for _, pid in sorted(found)]

    def workers(self) -> list[int]:
        """Its worker processes; the one that they share and multiprocessing's own tracker are not among them."""
        return [pid for pid in self._spawned() if not _listens(pid)]

    def shared(self) -> list[int]:
        """The process that the workers share, once it listens."""
        return [pid for pid in self._spawned() if _listens(pid)]

    def worker_with(self, part: Path) -> int | None:
        """The worker that has this file open."""
        return next((pid for pid in self.workers() if str(part) in _open_files(pid)), None)

    def _spawned(self) -> list[int]:
        return [pid for pid in self.children() if b"spawn_main" in _read(f"/proc/{pid}/cmdline")]


def start_main(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], number: int) -> Child:
    """Start `python main.py` in a folder; what it says goes into `stdout-NUMBER` and `stderr-NUMBER` there."""
    stdout, stderr = folder / f"stdout-{number}", folder / f"stderr-{number}"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        popen = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    return Child(popen, stdout, stderr)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not buried yet does not."""
    return any(True for _ in _descent(pid))


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _descent(pid: int) -> list[tuple[int, int]]:
    """Start time and parent of a process, in a list; an empty one when it has ended (proc_pid_stat(5))."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return [(int(fields[19]), int(fields[1]))] if fields and fields[0] != b"Z" else []


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # it has just ended
        return b""


def _open_files(pid: int) -> set[str]:
    """What the descriptors of a process point to: files by their path, sockets as `socket:[inode]`."""
    found = set()
    with suppress(OSError):  # it has just ended, or closed one
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.add(str(entry.readlink()))
    return found


def _listens(pid: int) -> bool:
    """Whether it accepts connections on a Unix socket, as the sharing process does (flag 0x10000, unix(7))."""
    rows = [row.split() for row in _read("/proc/net/unix").decode().splitlines()[1:]]
    listening = {f"socket:[{row[6]}]" for row in rows if int(row[3], 16) & 0x10000}
    return bool(listening & _open_files(pid))
