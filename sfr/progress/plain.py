"""Shows a run as plain lines, for pipes, logs and CI, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sfr import wording
from sfr.model import Outcome, Result, Run, Snapshot, Status
from sfr.progress.tally import Tally, again
from sfr.terminal_text import one_line

_HEARTBEAT_SECONDS = 30.0


class PlainProgress:
    """A Watcher that writes lines: one per ended report, notices, and a sign of life every half minute.

    `write` gets one line without its end. `quiet` leaves what is not done, and the last line.
    """

    def __init__(
        self, write: Callable[[str], None], *, quiet: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._write = write
        self._quiet = quiet
        self._clock = clock
        self._tally = Tally({}, 0.0)
        self._next_heartbeat = 0.0
        self._held: list[str] | None = None

    def begin(self, run: Run, names: dict[str, str]) -> None:
        self._tally = Tally(names, run.started_at)
        self._next_heartbeat = self._clock() + _HEARTBEAT_SECONDS
        self._chat(f"run {run.id}: {wording.count(len(names), 'report')}")

    def update(self, running: Sequence[Snapshot]) -> None:
        now = self._clock()
        for retry in self._tally.update(running, now):
            self._chat(f"{retry.name}: {again(retry)}")
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + _HEARTBEAT_SECONDS
            self._chat(f"{self._totals()}, {self._traffic()}{self._longest(now)}")

    def settled(self, result: Result) -> None:
        self._tally.settle(result)
        name, outcome = self._tally.name(result.job.id), result.outcome
        tell = self._chat if outcome.status is Status.DONE else self._say
        tell(f"{outcome.status}: {name}: {_ending(outcome)}")
        for warning in outcome.warnings:
            tell(f"warning: {name}: {warning}")

    def notice(self, text: str) -> None:
        self._chat(text)

    def pause(self) -> None:
        self._held = []

    def resume(self) -> None:
        held, self._held = self._held or [], None
        for line in held:
            self._write(line)

    def end(self) -> None:
        self.resume()
        tally = self._tally
        took = wording.duration(self._clock() - tally.started_at)
        self._say(f"{self._totals()}; {wording.size(tally.kept_bytes)} in {took}")

    def _chat(self, line: str) -> None:
        if not self._quiet:
            self._say(line)

    def _say(self, line: str) -> None:
        if self._held is not None:
            self._held.append(one_line(line))
        else:
            self._write(one_line(line))

    def _totals(self) -> str:
        ended = ", ".join(f"{number} {status}" for status, number in self._tally.ended.items() if number)
        return f"of {wording.count(len(self._tally.names), 'report')} {ended or 'none has ended'}"

    def _traffic(self) -> str:
        tally = self._tally
        received = f"{wording.size(tally.received_bytes)}, {wording.speed(tally.bytes_per_second)}"
        return f"{len(tally.running)} running; {received}"

    def _longest(self, now: float) -> str:
        if not self._tally.running:
            return ""
        longest = min(self._tally.running.values(), key=lambda progress: progress.first_seen_at)
        doing = wording.doing(longest.snapshot, now, longest.bytes_per_second)
        passed = wording.duration(now - longest.first_seen_at)
        return f"; longest: {self._tally.name(longest.snapshot.job_id)}, {passed}, {doing}"


def _ending(outcome: Outcome) -> str:
    tries = f" ({wording.attempts(outcome)} tries)" if wording.attempts(outcome) > 1 else ""
    if outcome.status is not Status.DONE:
        return f"{wording.remark(outcome)}{tries}"
    records = "" if outcome.records is None else f"{wording.count(outcome.records, 'record')}, "
    return f"{records}{wording.size(outcome.bytes)} in {wording.duration(wording.seconds(outcome))}{tries}"


class Silence:
    """A Watcher that says nothing, for programs that look at the outcomes only."""

    def begin(self, run: Run, names: dict[str, str]) -> None: ...
    def update(self, running: Sequence[Snapshot]) -> None: ...
    def settled(self, result: Result) -> None: ...
    def notice(self, text: str) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def end(self) -> None: ...
