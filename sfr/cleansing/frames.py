"""Gives records to a function of the user's as pandas frames of text, and makes records of what it returns."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sfr.cleansing.cells import Column
from sfr.cleansing.layout import Layout
from sfr.cleansing.stage import Setting, left_out
from sfr.cleansing.user_code import Function, failing_as
from sfr.csv_records import Batches, Rows
from sfr.errors import ReportError
from sfr.model import Report

if TYPE_CHECKING:
    import pandas

RECORDS_AT_ONCE = 50_000
BYTES_AT_ONCE = 8 << 20
_FORM = "It must return a pandas frame; its columns are those of the delivered file."


class Clean:
    """The part of the way that is the user's: batches of some RECORDS_AT_ONCE records, or all of them at once. Where
    nothing came, the function gets a frame without records. `layout` has the columns of its answers from the first
    one on; every further one must have the same. Raises ReportError, reason `clean`."""

    def __init__(
        self, function: Function, report: Report, layout: Layout, setting: Setting, log: logging.Logger
    ) -> None:
        self._function, self._report, self._layout = function, report, layout
        self._setting, self._log = setting, log
        self._given = list(layout.columns)
        self._columns: list[Column] | None = None
        self._came = self._left = 0

    def __call__(self, batches: Batches) -> Batches:
        for frame in self._frames(batches):
            place = f"records {self._came + 1:,} to {self._came + len(frame):,}"
            self._came += len(frame)
            answer = self._answer(frame)
            self._left += self._take(answer, place)
            yield []  # from here on the columns are known, be there records or not
            for begin in range(0, len(answer), RECORDS_AT_ONCE):
                yield self._rows_of(answer.iloc[begin : begin + RECORDS_AT_ONCE], place)

    def warnings(self) -> tuple[str, ...]:
        label = self._function.label
        floats = [column.warning(label) for column in self._columns or () if column.floats]
        return (*left_out(label, self._came, self._left), *floats)

    def _frames(self, batches: Batches) -> Iterator[pandas.DataFrame]:
        frames = map(self._frame_of, self._gathered(batches))
        if not self._report.shape.clean_whole:
            yield from frames
            return
        import pandas

        yield pandas.concat(list(frames), ignore_index=True)

    def _gathered(self, batches: Batches) -> Iterator[Rows]:
        held: Rows = []
        held_bytes, given = 0, False
        for rows in batches:
            held.extend(rows)
            held_bytes += sum(map(len, (cell for row in rows for cell in row)))
            if len(held) >= RECORDS_AT_ONCE or held_bytes >= BYTES_AT_ONCE:
                yield held
                held, held_bytes, given = [], 0, True
        if held or not given:
            yield held

    def _frame_of(self, rows: Rows) -> pandas.DataFrame:
        import pandas

        value = self._setting.value
        texts = [
            [None if (text := value(cell)) is None else text.decode() for cell in cells]
            for cells in (zip(*rows, strict=True) if rows else [[] for _ in self._given])
        ]
        frame = pandas.DataFrame(dict(enumerate(texts)), dtype="str")
        frame.columns = pandas.Index(self._given, dtype="str")
        return frame

    def _answer(self, frame: pandas.DataFrame) -> Any:
        with failing_as(self._function.label, self._function.path, self._log):
            return self._function.call(frame, self._report)

    def _take(self, answer: Any, place: str) -> int:
        """The number of records in an answer whose columns are as they should be."""
        names = self._names_of(answer)
        if self._columns is None:
            self._layout.replace(names)
            self._columns = [Column(name, self._setting) for name in names]
        elif names != self._layout.columns:
            raise self._wrong(
                f"returned other columns for {place} than for those before: {_difference(self._layout.columns, names)}",
                "Return the same columns each time, or have all records at once: clean: {function: …, whole: yes}.",
            )
        return len(answer)

    def _rows_of(self, part: pandas.DataFrame, place: str) -> Rows:
        cells = [self._cells_of(part, number, column, place) for number, column in enumerate(self._columns or ())]
        return list(zip(*cells, strict=True))

    def _names_of(self, frame: Any) -> list[str]:
        import pandas

        if not isinstance(frame, pandas.DataFrame):
            what = "nothing (None)" if frame is None else f"a {type(frame).__name__}"
            raise self._wrong(f"returned {what}, and no frame", f"End it with return frame. {_FORM}")
        names = list(frame.columns)
        if odd := [name for name in names if not isinstance(name, str) or not name]:
            raise self._wrong(f"returned a column called {odd[0]!r}, which is no text", "Name every column.")
        if not names:
            raise self._wrong("returned a frame without columns", _FORM)
        if twice := [name for name in names if names.count(name) > 1]:
            raise self._wrong(f"returned two columns called {twice[0]!r}", "Give each its own name.")
        return names

    def _cells_of(self, frame: pandas.DataFrame, number: int, column: Column, place: str) -> Sequence[bytes]:
        series = frame.iloc[:, number]
        try:
            return column.cells(series.tolist(), series.isna().tolist())
        except TypeError as error:
            raise self._wrong(f"{error}, in {place}", "Make texts of what is no text, number or date.") from error

    def _wrong(self, what: str, remedy: str) -> ReportError:
        return ReportError(f"{self._function.label} {what}", reason="clean", remedy=remedy)


def _difference(before: Sequence[str], now: Sequence[str]) -> str:
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    parts = [f"gone {', '.join(gone)}"] if gone else []
    parts += [f"new {', '.join(new)}"] if new else []
    return "; ".join(parts) or "their order"
