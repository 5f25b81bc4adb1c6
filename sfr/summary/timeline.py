"""Knows how the seconds of a run are drawn on one time axis: segments per report, and where the axis has its ticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfr import wording
from sfr.model import Attempt, Result, Run

_SEGMENTS_PER_PAGE = 5000
_CAUSE_CHARACTERS = 100
_TICKS = 8
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one report's time: `left` and `width` in percent of the axis, `kind` waiting, server, transfer,
    finishing or earlier (tries too many to draw one by one); `failed` means that the try came to nothing."""

    kind: str
    left: float
    width: float
    title: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis, `left` in percent."""

    left: float
    label: str


class Axis:
    """Seconds of a run as percent of a page's width."""

    def __init__(self, run: Run, results: Sequence[Result]) -> None:
        starts = [attempt.started_at for result in results for attempt in result.outcome.attempts]
        self._start = min([run.started_at, *starts])
        self._length = max(wording.run_seconds(run, results) + run.started_at - self._start, 0.001)
        self._drawn_attempts = max(_SEGMENTS_PER_PAGE // (3 * max(len(results), 1)), 2)

    def ticks(self) -> list[Tick]:
        """At most eight marks at round times."""
        step = next(
            (step for step in _STEPS if self._length / step <= _TICKS), 86400 * (int(self._length / 691200) + 1)
        )
        return [
            Tick(100 * second / self._length, wording.clock(second)) for second in range(0, int(self._length) + 1, step)
        ]

    def segments(self, result: Result) -> list[Segment]:
        """What a report's time went into, from left to right; empty if it was never tried."""
        attempts = result.outcome.attempts
        drawn = attempts[-self._drawn_attempts :]
        found = list(self._earlier(attempts[: len(attempts) - len(drawn)]))
        for attempt in drawn:
            found += self._of_attempt(attempt)
        if attempts and result.outcome.finished_at is not None:
            end = attempts[-1].started_at + attempts[-1].seconds
            found += self._segment("finishing", end, result.outcome.finished_at, "checked and saved")
        return found

    def _earlier(self, attempts: Sequence[Attempt]) -> Iterator[Segment]:
        if attempts:
            start, last = attempts[0].started_at, attempts[-1]
            title = f"tries {attempts[0].number} to {last.number}"
            yield from self._segment("earlier", start, last.started_at + last.seconds, title, failed=True)

    def _of_attempt(self, attempt: Attempt) -> Iterator[Segment]:
        failed = bool(attempt.reason or attempt.error)
        label = f"try {attempt.number}"
        cause = f" · {(attempt.error or attempt.reason)[:_CAUSE_CHARACTERS]}" if failed else ""
        first_byte = attempt.started_at + min(attempt.server_seconds, attempt.seconds)
        end = attempt.started_at + attempt.seconds
        yield from self._segment("waiting", attempt.started_at - attempt.waited_seconds, attempt.started_at, label)
        yield from self._segment("server", attempt.started_at, first_byte, f"{label}{cause}", failed=failed)
        amount = f" · {wording.size(attempt.bytes)}" if attempt.bytes else ""
        yield from self._segment("transfer", first_byte, end, f"{label}{amount}{cause}", failed=failed)

    def _segment(self, kind: str, start: float, end: float, title: str, *, failed: bool = False) -> Iterator[Segment]:
        """Nothing for an empty stretch; clocks that disagree are clipped to the axis."""
        left = min(max(100 * (start - self._start) / self._length, 0.0), 100.0)
        right = min(max(100 * (end - self._start) / self._length, left), 100.0)
        if right - left > 0.005:
            yield Segment(kind, left, right - left, f"{kind} {wording.duration(end - start)} · {title}", failed)
