"""Knows what the demo org remembers between requests: who is logged in, what was asked, what runs just now."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived. `target` is the path with its query, `time` seconds since the epoch.

    `cookies` are the others beside `sid`; header names are lower-case.
    """

    method: str
    target: str
    host: str
    time: float
    sid: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Memory:
    """The org's state, shared by its threads. `stopping` is set when the org is to end."""

    def __init__(self, sids: Iterable[str], expire_after_answers: int | None = None) -> None:
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._sids = set(sids)
        self._answers_left = expire_after_answers
        self._attempts: Counter[str] = Counter()
        self._received: list[Received] = []
        self._running = 0

    def admit(self, sid: str) -> None:
        """Accept `sid` from now on."""
        with self._lock:
            self._sids.add(sid)

    def expire(self) -> None:
        """Refuse every session accepted so far."""
        with self._lock:
            self._sids.clear()

    def knows(self, sid: str) -> bool:
        """Whether `sid` is a session that lives."""
        with self._lock:
            return sid in self._sids

    def let_in(self, sid: str) -> bool:
        """Like `knows`, and uses up one of the answers after which all sessions die."""
        with self._lock:
            if sid not in self._sids:
                return False
            if self._answers_left is None:
                return True
            if self._answers_left > 0:
                self._answers_left -= 1
                return True
            self._answers_left = None
            self._sids.clear()
            return False

    def note(self, received: Received) -> None:
        """Append to the log of requests."""
        with self._lock:
            self._received.append(received)

    def requests(self) -> list[Received]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return list(self._received)

    def next_attempt(self, report_id: str) -> int:
        """Number of this attempt at a report, from 1."""
        with self._lock:
            self._attempts[report_id] += 1
            return self._attempts[report_id]

    def count(self, report_id: str) -> int:
        """How many attempts at a report were answered by its behaviours."""
        with self._lock:
            return self._attempts[report_id]

    def enter(self) -> int:
        """A report begins to be answered; returns how many run now."""
        with self._lock:
            self._running += 1
            return self._running

    def leave(self) -> None:
        """A report's answer has ended."""
        with self._lock:
            self._running -= 1
