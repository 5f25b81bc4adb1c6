"""Shows a run while it goes on as a live picture on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sfr import wording
from sfr.model import Result, Run, Snapshot, Status
from sfr.progress.picture import Picture, fitted
from sfr.progress.tally import Tally, again
from sfr.terminal_text import Signs, cut_middle

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
            lines = [self._line(self._signs.retry, "yellow", retry.name, again(retry)) for retry in retries]
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
