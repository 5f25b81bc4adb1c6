"""Knows how a run is laid out in a terminal: which columns fit, which reports are shown, what is said beneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sfr import wording
from sfr.model import Result, Run, Status
from sfr.redaction import redact
from sfr.terminal_text import Signs, cut_end, cut_middle

_ROWS_SHOWN_WHOLE = 40
_DONE_SHOWN_OF_MANY = 10
_NAME_CELLS = 20
_ID_CELLS = 24
_WIDE = 100
_REMARK_CELLS = 24
_NAMES_PER_FAILURE = 10
_STYLES = {Status.DONE: "green", Status.UNVERIFIED: "yellow", Status.FAILED: "bold red"}


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    priority: int
    text: Callable[[Result], str]
    justify: Literal["left", "right"] = "right"


def _records(result: Result) -> str:
    return "" if result.outcome.records is None else f"{result.outcome.records:,}"


def _megabytes_per_second(result: Result) -> str:
    found = wording.bytes_per_second(result.outcome)
    return "" if found is None else f"{found / 1e6:,.1f}"


def _seconds(result: Result) -> str:
    return "" if result.outcome.started_at is None else wording.duration(wording.seconds(result.outcome))


_COLUMNS = (
    _Column("id", 2, lambda result: redact(result.job.report.ref), "left"),
    _Column("status", 1, lambda result: result.outcome.status.value, "left"),
    _Column("tries", 6, lambda result: str(wording.attempts(result.outcome) or "")),
    _Column("records", 3, _records),
    _Column("size", 4, lambda result: wording.size(result.outcome.bytes) if result.outcome.bytes else ""),
    _Column("MB/s", 7, _megabytes_per_second),
    _Column("time", 5, _seconds),
)


def table(results: Sequence[Result], width: int, signs: Signs) -> Table:
    """The reports of a run, at most `width` cells wide: columns are left out by priority, nothing is wrapped."""
    shown = _shown(results)
    gap = 1 if width < _WIDE else 2
    names = [signs.showable(result.job.report.name) for result in shown]
    remarks = [signs.showable(_short_remark(result)) for result in shown]
    columns, room = _columns_that_fit([(column, _texts(column, shown, signs)) for column in _COLUMNS], width - 1, gap)
    name_cells, remark_cells = _share(names, remarks, room, gap)
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, gap - 1, 0, 0), pad_edge=False)
    drawn.add_column("name", no_wrap=True)
    for column, _ in columns:
        drawn.add_column(column.title, justify=column.justify, no_wrap=True)
    if remark_cells:
        drawn.add_column("remark", no_wrap=True)
    for row, result in enumerate(shown):
        style = _STYLES.get(result.outcome.status, "yellow")
        cells = [Text(texts[row], style if column.title == "status" else "") for column, texts in columns]
        remark = [Text(cut_end(remarks[row], remark_cells, signs.ellipsis))] if remark_cells else []
        drawn.add_row(Text(cut_middle(names[row], name_cells, signs.ellipsis)), *cells, *remark)
    return drawn


def hidden(results: Sequence[Result]) -> str:
    """What the table leaves out, in words; "" if nothing."""
    left_out = len(results) - len(_shown(results))
    return f"{left_out:,} more are done; the {_DONE_SHOWN_OF_MANY} slowest of those are shown." if left_out else ""


def _shown(results: Sequence[Result]) -> list[Result]:
    """All of a short list; of a long one whatever is not done, and the reports that took longest."""
    in_order = sorted(results, key=lambda result: result.job.number)
    if len(in_order) <= _ROWS_SHOWN_WHOLE:
        return in_order
    done = [result for result in in_order if result.outcome.status is Status.DONE]
    slowest = sorted(done, key=lambda result: (wording.seconds(result.outcome), result.outcome.bytes))
    left_out = {result.job.id for result in slowest[:-_DONE_SHOWN_OF_MANY]}
    return [result for result in in_order if result.job.id not in left_out]


_ColumnTexts = tuple[_Column, list[str]]


def _texts(column: _Column, shown: Sequence[Result], signs: Signs) -> list[str]:
    texts = [signs.showable(column.text(result)) for result in shown]
    if column.title == "status":
        return [f"{signs.of_status(result.outcome.status)} {text}" for result, text in zip(shown, texts, strict=True)]
    return [cut_middle(text, _ID_CELLS, signs.ellipsis) for text in texts]


def _columns_that_fit(columns: list[_ColumnTexts], width: int, gap: int) -> tuple[list[_ColumnTexts], int]:
    """The columns that have room beside a readable name, and the cells that are left for name and remark."""
    room, kept = width, set()
    for column, texts in sorted(columns, key=lambda pair: pair[0].priority):
        cells = max(map(cell_len, [*texts, column.title])) + gap
        if any(texts) and cells <= room - _NAME_CELLS:
            kept.add(column.title)
            room -= cells
    return [pair for pair in columns if pair[0].title in kept], room


def _share(names: list[str], remarks: list[str], room: int, gap: int) -> tuple[int, int]:
    """Divide `room` cells between name and remark; a remark that would be a stub gives its cells to the name."""
    longest_name = max(map(cell_len, [*names, "name"]))
    longest_remark = max(map(cell_len, remarks), default=0)
    name_cells = min(longest_name, max(room * 3 // 5, room - gap - longest_remark))
    remark_cells = min(longest_remark, room - gap - name_cells)
    return (name_cells, remark_cells) if remark_cells >= min(_REMARK_CELLS, longest_remark) else (room, 0)


def _short_remark(result: Result) -> str:
    return "; ".join(filter(None, (wording.remark(result.outcome), *result.outcome.warnings)))


def totals(run: Run, results: Sequence[Result], signs: Signs) -> Text:
    """How many reports stand how, and how much was brought in what time."""
    line = Text("\n")
    for status, number in wording.tally(results).items():
        if number:
            line.append(f"{signs.of_status(status)} {number:,} {status}   ", style=_STYLES.get(status, "yellow"))
    line.append(f"\n{signs.showable(' · '.join(wording.amounts(run, results)))}")
    return line


def failures(results: Sequence[Result], width: int, signs: Signs) -> Iterator[Text | Padding]:
    """What is not simply done: the reports, the reason in words, what to do. Those with one reason stand together."""
    for group in wording.problems(results):
        outcome = group[0].outcome
        names = [_shown_name(result, width - 14, signs) for result in group]
        more = f" and {len(names) - _NAMES_PER_FAILURE:,} more" if len(names) > _NAMES_PER_FAILURE else ""
        heading = Text(f"\n{signs.of_status(outcome.status)} {outcome.status}", _STYLES.get(outcome.status, "yellow"))
        yield heading.append(f"  {', '.join(names[:_NAMES_PER_FAILURE])}{more}", style="bold")
        yield Padding(Text(signs.showable(wording.remark(outcome))), (0, 0, 0, 2), expand=False)
        if outcome.remedy:
            yield Padding(
                Text(f"{signs.arrow} {signs.showable(outcome.remedy)}", style="cyan"), (0, 0, 0, 2), expand=False
            )


def warnings(results: Sequence[Result], width: int, signs: Signs) -> Iterator[Text]:
    """What is done but deserves a look: other columns than last time, far fewer records, cells changed for Excel."""
    lines = [(result, warning) for result in results for warning in result.outcome.warnings]
    for number, (result, warning) in enumerate(lines):
        line = Text("\n" if number == 0 else "").append(f"{signs.warning} ", style="yellow")
        line.append(_shown_name(result, width // 2, signs), style="bold")
        yield line.append(f"  {signs.showable(warning)}")


def _shown_name(result: Result, cells: int, signs: Signs) -> str:
    return cut_middle(signs.showable(result.job.report.name), cells, signs.ellipsis)
