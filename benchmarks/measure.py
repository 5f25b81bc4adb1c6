"""Knows what a command costs: wall time, processor time and peak memory of all its processes together (Linux only)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
LINGER_SECONDS = 10.0
PR_SET_CHILD_SUBREAPER = 36
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measurement:
    """Cost of one command. `peak_pss_bytes` shares common pages fairly among processes, `peak_rss_bytes` counts them
    once per process; `left_behind` are processes that had to be killed after the command itself had ended."""

    wall_seconds: float
    cpu_seconds: float
    peak_pss_bytes: int
    peak_rss_bytes: int
    peak_processes: int
    exit_code: int
    timed_out: bool
    left_behind: int


class Sampler(threading.Thread):
    """Watches every process of one session (the POSIX one: what `setsid` began).

    RSS is cheap and read at each turn. PSS makes the kernel walk all pages, so the pause after it is ten times what
    the reading took, but never less than a turn: watching costs at most a tenth of a core.
    """

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.strangers: set[int] = set()
        self.ended = threading.Event()
        self.peak_pss = self.peak_rss = self.peak_processes = 0

    def run(self) -> None:
        next_pss = 0.0
        while not self.ended.is_set():
            members = self._members()
            self.peak_processes = max(self.peak_processes, len(members))
            self.peak_rss = max(self.peak_rss, sum(map(_rss_bytes, members)))
            began = time.monotonic()
            if began >= next_pss:
                self.peak_pss = max(self.peak_pss, sum(map(_pss_bytes, members)))
                next_pss = time.monotonic() + 10 * (time.monotonic() - began)
            self.ended.wait(SAMPLE_SECONDS)

    def stop(self) -> None:
        self.ended.set()
        self.join()

    def _members(self) -> list[int]:
        members = []
        for pid in (int(entry) for entry in os.listdir("/proc") if entry.isdigit()):  # noqa: PTH208 - light
            if pid in self.strangers:
                continue
            if _session_of(pid) == self.session:
                members.append(pid)
            else:
                self.strangers.add(pid)
        return members


def _read(path: str) -> bytes:
    """Return the content, or nothing when the process has ended meanwhile."""
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:  # noqa: PTH123 - twenty times a second
        return file.read()
    return b""


def _session_of(pid: int) -> int:
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[3]) if fields else 0


def _rss_bytes(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def _pss_bytes(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def adopt_orphans() -> None:
    """From now on a grandchild whose parent ends becomes our child, so that its processor time can be counted."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap_rest(group: int) -> tuple[float, int]:
    """Wait for what outlives its parent: its processor seconds, and how many had to be killed."""
    seconds, killed = 0.0, 0
    deadline = time.monotonic() + LINGER_SECONDS
    while True:
        try:
            pid, _, usage = os.wait4(-group, os.WNOHANG)
        except ChildProcessError:
            return seconds, killed
        if pid:
            seconds += usage.ru_utime + usage.ru_stime
            killed += time.monotonic() > deadline
        elif time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
        time.sleep(0.01)


def measure(
    command: list[str], *, environment: dict[str, str], folder: Path, log: Path, timeout_seconds: float
) -> Measurement:
    """Run `command` in `folder` with its output in `log`, alone in a new session, and say what it cost."""
    timed_out = threading.Event()
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill() -> None:
        timed_out.set()
        os.killpg(process.pid, signal.SIGKILL)

    sampler, killer = Sampler(process.pid), threading.Timer(timeout_seconds, kill)
    sampler.start()
    killer.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = time.perf_counter() - began
    killer.cancel()
    sampler.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    rest_seconds, left_behind = _reap_rest(process.pid)
    return Measurement(
        wall_seconds=wall_seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime + rest_seconds,
        peak_pss_bytes=sampler.peak_pss,
        peak_rss_bytes=sampler.peak_rss,
        peak_processes=sampler.peak_processes,
        exit_code=process.returncode,
        timed_out=timed_out.is_set(),
        left_behind=left_behind,
    )
