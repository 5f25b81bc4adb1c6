"""Shows a run while it goes on: as a live picture on a terminal, or as plain lines for pipes, logs and CI."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sfr import wording
from sfr.model import Outcome, Result, Run, Snapshot, Status
from sfr.progress.picture import Picture, fitted
from sfr.progress.tally import Retry, Tally
from sfr.terminal_text import Signs, cut_middle, one_line

_HEARTBEAT_SECONDS = 30.0
_REFRESHES_PER_SECOND = 5
_STYLES = {Status.DONE: "green", Status.UNVERIFIED: "yellow", Status.FAILED: "bold red"}


class LiveProgress:
    """A Watcher for a person at a terminal: totals, one line per running report, what went wrong above them.

    Calls only note what they are told; the drawing is done by rich's own refresh thread.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.time) -> None:
        self._console = console
        self._clock = clock
        self._signs = Signs.of(console.encoding)
        self._tally = Tally({}, 0.0)
        self._held: list[Text] | None = None
        self._live: Live | None = None

    def begin(self, run: Run, names: dict[str, str]) -> None:
        self._tally = Tally(names, run.started_at)
        self._start()

    def update(self, running: Sequence[Snapshot]) -> None:
        retries = self._tally.update(running, self._clock())
        if retries:
            lines = [self._line(self._signs.retry, "yellow", retry.name, _again(retry)) for retry in retries]
            self._print(Text("\n").join(lines))

    def settled(self, result: Result) -> None:
        self._tally.settle(result)
        name, outcome = self._tally.name(result.job.id), result.outcome
        if outcome.status is not Status.DONE:
            sign = self._signs.of_status(outcome.status)
            self._print(self._line(sign, _STYLES.get(outcome.status, "yellow"), name, wording.remark(outcome)))
        for warning in outcome.warnings:
            self._print(self._line(self._signs.warning, "yellow", name, warning))

    def notice(self, text: str) -> None:
        self._print(Text(self._signs.showable(text), style="cyan"))

    def pause(self) -> None:
        self._stop()
        self._held = []

    def resume(self) -> None:
        self._release()
        self._start()

    def end(self) -> None:
        self._stop()
        self._release()

    def _start(self) -> None:
        if self._live is None:
            self._live = Live(
                get_renderable=lambda: Picture(self._tally, self._signs, self._clock()),
                console=self._console,
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
                vertical_overflow="crop",
            )
            self._live.start(refresh=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, sign: str, style: str, name: str, text: str) -> Text:
        """A line that stays, cut to the width; the summary has the full text."""
        width, ellipsis = self._console.width - 1, self._signs.ellipsis
        shown_name = cut_middle(self._signs.showable(name), width * 2 // 5, ellipsis)
        line = Text.assemble((sign, style), " ", (shown_name, "bold"), "  ", self._signs.showable(text))
        return fitted(line, width, ellipsis)

    def _print(self, line: Text) -> None:
        if self._held is not None:
            self._held.append(line)
        else:
            self._console.print(line, highlight=False)

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for line in held:
            self._print(line)


def _again(retry: Retry) -> str:
    return f"try {retry.attempt}" + (f" after: {retry.cause}" if retry.cause else "")


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
            self._chat(f"{retry.name}: {_again(retry)}")
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
        self._say(f"{self._totals()}; {wording.size(tally.received_bytes)} in {took}")

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
