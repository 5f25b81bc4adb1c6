"""The pace of each source, the same for all workers: how many may talk to it at once, how often, and when to pause."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

FULL_SECONDS = 0.25
HALVING_PAUSE_SECONDS = 5.0


@dataclass(slots=True)
class _Pace:
    most: float = 8.0
    allowed: float = 8.0
    per_second: float | None = None
    jitter_seconds: float = 0.0
    not_before: float = 0.0
    next_slot: float = 0.0
    next_report: float = 0.0
    halved_at: float = 0.0
    inside: dict[str, float] = field(default_factory=dict)

    def take_slot(self, now: float) -> float:
        """0 = a request may go out now, else the seconds until one may."""
        if self.next_slot > now:
            return self.next_slot - now
        self.next_slot = now + (1 / self.per_second if self.per_second else 0.0)
        return 0.0


class Gate:
    """How many may talk to a source at once, and how often.

    A source that asks for a pause gets half as many; each answered request wins a fraction back, so that a full round
    adds one.
    """

    def __init__(self) -> None:
        self._paces: dict[str, _Pace] = {}
        self._mutex = threading.Lock()

    def set_pace(self, source: str, most: int, per_second: float | None, jitter_seconds: float = 0.0) -> None:
        """`jitter_seconds` is the longest pause, drawn by chance, between the beginnings of two reports."""
        self._paces[source] = _Pace(most=most, allowed=most, per_second=per_second, jitter_seconds=jitter_seconds)

    def enter(self, source: str, holder: str) -> float:
        """0 = go ahead (and `leave` later), else the seconds after which to ask again."""
        with self._mutex:
            pace, now = self._paces[source], time.monotonic()
            pace.inside.pop(holder, None)  # whoever asks is not inside; a job that broke could not say so
            if (wait_seconds := max(pace.not_before, pace.next_report) - now) > 0:
                return wait_seconds
            if len(pace.inside) >= max(1, int(pace.allowed)):
                return FULL_SECONDS
            if wait_seconds := pace.take_slot(now):
                return wait_seconds
            pace.next_report = now + random.uniform(0, pace.jitter_seconds)  # noqa: S311  no secret
            pace.inside[holder] = now
            return 0.0

    def turn(self, source: str) -> float:
        """As `enter`, for one more request of a report that is inside already."""
        with self._mutex:
            pace, now = self._paces[source], time.monotonic()
            return max(pace.not_before - now, 0.0) or pace.take_slot(now)

    def leave(self, source: str, holder: str, slow_down: bool, pause_seconds: float) -> None:
        """Say how it went. A pause holds for everybody who asks this source."""
        with self._mutex:
            pace, now = self._paces[source], time.monotonic()
            entered = pace.inside.pop(holder, now)
            if not slow_down:
                if entered > pace.halved_at:  # what began before says nothing about the pace since
                    pace.allowed = min(pace.most, pace.allowed + 1 / pace.allowed)
                return
            pace.not_before = max(pace.not_before, now + pause_seconds)
            if entered > pace.halved_at or now - pace.halved_at > HALVING_PAUSE_SECONDS:
                pace.allowed = max(1.0, pace.allowed / 2)
                pace.halved_at = now

    def forget(self, worker: str) -> None:
        """A worker is gone; its places are free."""
        with self._mutex:
            for pace in self._paces.values():
                for holder in [name for name in pace.inside if name.startswith(f"{worker}/")]:
                    del pace.inside[holder]
