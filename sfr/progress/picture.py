"""Draws the part of a terminal that changes while a run goes on: totals, and one line per running report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from sfr import wording
from sfr.model import Phase, Status
from sfr.progress.tally import Progress, Tally
from sfr.terminal_text import Signs, cut_middle

_PHASE_STYLES = {Phase.WAITING: "yellow", Phase.SERVER: "cyan", Phase.TRANSFER: "green", Phase.FINISHING: "green"}


class Picture:
    """The live part of the screen: never taller or wider than the terminal, whatever runs."""

    def __init__(self, tally: Tally, signs: Signs, now: float) -> None:
        self._tally, self._signs, self._now = tally, signs, now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - 1  # a full last column makes old Windows consoles wrap
        running = list(self._tally.running.values())
        room = max(options.size.height - 3, 1)
        shown = running if len(running) <= room else running[: room - 1]
        yield self._totals(width)
        yield from self._lines(shown, width)
        if len(shown) < len(running):
            yield fitted(Text(f"  +{len(running) - len(shown)} more", style="dim"), width, self._signs.ellipsis)

    def _totals(self, width: int) -> Text:
        tally, dot = self._tally, f" {self._signs.dot} "
        total = max(len(tally.names), tally.settled)
        failed = tally.ended[Status.FAILED]
        parts = [f"{tally.settled}/{total}", wording.size(tally.received_bytes), wording.speed(tally.bytes_per_second)]
        parts.append(wording.clock(self._now - tally.started_at))
        figures = Text(dot.join(parts))
        if failed:
            figures.append(f"{dot}{failed} failed", style="bold red")
        cells = min(width - figures.cell_len - 2, 40)
        if cells < 8:
            return fitted(figures, width, self._signs.ellipsis)
        full = cells * tally.settled // max(total, 1)
        bar = ((self._signs.full * full, "green"), (self._signs.empty * (cells - full), "dim"))
        return fitted(Text.assemble(*bar, "  ", figures), width, self._signs.ellipsis)

    def _lines(self, shown: Sequence[Progress], width: int) -> Iterator[Text]:
        names = [self._signs.showable(self._tally.name(progress.snapshot.job_id)) for progress in shown]
        longest = max((cell_len(name) for name in names), default=0)
        cells = min(longest, max(width * 9 // 20, 12))
        for name, progress in zip(names, shown, strict=True):
            cut_name = cut_middle(name, cells, self._signs.ellipsis)
            yield fitted(self._line(cut_name, cells, progress), width, self._signs.ellipsis)

    def _line(self, name: str, cells: int, progress: Progress) -> Text:
        snapshot = progress.snapshot
        line = Text(f"  {name}{' ' * (cells - cell_len(name))}  ")
        if snapshot.attempt > 1:
            line.append(f"try {snapshot.attempt} {self._signs.dot} ", style="yellow")
        doing = wording.doing(snapshot, self._now, progress.bytes_per_second)
        return line.append(self._signs.showable(doing), style=_PHASE_STYLES[snapshot.phase])


def fitted(line: Text, width: int, ellipsis: str) -> Text:
    """`line` in at most `width` cells and never on two rows."""
    line.no_wrap, line.overflow = True, "crop"
    if line.cell_len > width:
        line.truncate(width - len(ellipsis))
        line.append(ellipsis)
    return line
