"""Knows how far a run is: what has ended, what runs, how many bytes came and how fast they come now."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sfr.model import Result, Snapshot, Status
from sfr.terminal_text import one_line
from sfr.wording import UNFINISHED

_SMOOTHING_SECONDS = 3.0
_WINDOW_SECONDS = 5.0


@dataclass(slots=True)
class Progress:
    """One running job as seen over several updates; times are seconds since the epoch. `received_bytes` are those of
    this try."""

    snapshot: Snapshot
    seen_at: float
    first_seen_at: float
    bytes_per_second: float = 0.0
    received_bytes: int = 0
    last_note: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """A job has begun another try, worth a line of its own."""

    name: str
    attempt: int
    cause: str


class Tally:
    """Counts for one run, whose file names are `names` by job id, in list order; `now` is seconds since the epoch.

    `received_bytes` have come, also for what failed or was made smaller since; `kept_bytes` are those of the files.
    `running` is replaced and never changed in place, because a drawing thread may be reading it.
    """

    def __init__(self, names: dict[str, str], started_at: float) -> None:
        self.names = {job_id: one_line(name) for job_id, name in names.items()}
        self.started_at = started_at
        self.ended = dict.fromkeys(Status, 0)
        self.received_bytes = self.kept_bytes = 0
        self.running: dict[str, Progress] = {}
        self._ended_jobs: set[str] = set()
        self._order = {job_id: number for number, job_id in enumerate(names)}
        self._samples: deque[tuple[float, int]] = deque([(started_at, 0)])

    def update(self, snapshots: Sequence[Snapshot], now: float) -> list[Retry]:
        """Take in what runs now; returns the tries that began since and are worth telling."""
        retries, running = [], {}
        # What a worker posted last may still be on the board when its job has ended.
        current = [snapshot for snapshot in snapshots if snapshot.job_id not in self._ended_jobs]
        for snapshot in sorted(current, key=lambda snapshot: self._order.get(snapshot.job_id, 0)):
            progress = self.running.get(snapshot.job_id) or _unseen(snapshot)
            if snapshot.attempt > progress.snapshot.attempt and _worth_telling(snapshot.attempt):
                cause = snapshot.note or progress.last_note
                retries.append(Retry(self.name(snapshot.job_id), snapshot.attempt, one_line(cause)))
            self.received_bytes += _advance(progress, snapshot, now)
            running[snapshot.job_id] = progress
        self.running = running
        self._samples.append((now, self.received_bytes))
        while len(self._samples) > 2 and self._samples[1][0] < now - _WINDOW_SECONDS:
            self._samples.popleft()
        return retries

    def settle(self, result: Result) -> None:
        """A job has ended: count it and the bytes no update has seen."""
        progress = self.running.get(result.job.id)
        seen = progress.received_bytes if progress else 0
        self.running = {job_id: other for job_id, other in self.running.items() if job_id != result.job.id}
        self.ended[result.outcome.status] += 1
        self._ended_jobs.add(result.job.id)
        self.received_bytes += max(result.outcome.bytes - seen, 0)
        if result.outcome.status not in UNFINISHED:
            self.kept_bytes += result.outcome.bytes

    def name(self, job_id: str) -> str:
        """The file name of a job, on one line."""
        return self.names.get(job_id, job_id)

    @property
    def settled(self) -> int:
        """How many jobs have ended, in whatever way."""
        return sum(self.ended.values())

    @property
    def bytes_per_second(self) -> float:
        """Over all jobs, in the last few seconds."""
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0


def _unseen(snapshot: Snapshot) -> Progress:
    return Progress(replace(snapshot, bytes=0, attempt=1), seen_at=snapshot.since, first_seen_at=snapshot.since)


def _advance(progress: Progress, snapshot: Snapshot, now: float) -> int:
    """Move to `snapshot`; returns the bytes that arrived. The speed is smoothed to stay readable while it ticks."""
    same_try = snapshot.attempt == progress.snapshot.attempt
    came = max(snapshot.bytes - (progress.snapshot.bytes if same_try else 0), 0)
    passed = now - max(progress.seen_at, snapshot.since)
    before = progress.bytes_per_second if same_try else 0.0
    if passed > 0:
        weight = 1 - math.exp(-passed / _SMOOTHING_SECONDS) if before else 1.0
        progress.bytes_per_second = before + weight * (came / passed - before)
    progress.snapshot, progress.seen_at = snapshot, now
    progress.last_note = snapshot.note or progress.last_note
    # What is cleansed and converted is read again from its beginning, perhaps several times, and has come once.
    before_bytes = progress.received_bytes if same_try else 0
    progress.received_bytes = max(snapshot.bytes, before_bytes)
    return progress.received_bytes - before_bytes


def _worth_telling(attempt: int) -> bool:
    """The 2nd, 3rd, 5th, 10th, 20th, 50th … try: tries have no end, a screen has."""
    return attempt == 3 or str(attempt).rstrip("0") in {"1", "2", "5"}


def again(retry: Retry) -> str:
    """A retry in words."""
    return f"try {retry.attempt}" + (f" after: {retry.cause}" if retry.cause else "")
