"""Writes rows as CSV, batch by batch: UTF-8, commas, line feeds; nothing is an empty field, an empty text is quoted."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sfr.connector import Sink
from sfr.errors import InvalidReport

Batch = Any  # rows (mappings, or sequences in the order of the columns), a pandas DataFrame, or bytes of finished CSV

_PLAIN_NAME = re.compile(r"\w[^\",;\t|\r\n]*")
_WRITTEN = frozenset((str, int, float, type(None)))  # as they are
_LONGEST_EXPONENT = 100  # of a number that is written without one


class CsvRows:
    """A table on its way into a file.

    `columns` are the header; without them the first batch tells: the keys of its first mapping, a frame's columns,
    or finished bytes, which then begin with a header of their own. `header` False leaves the header out, where an
    earlier try has written it. `records` counts the rows, except those in finished bytes.

    Cells: None is an empty field and "" a quoted one (a row of one empty cell is always quoted: a blank line would be
    no record); true and false; dates and times in ISO 8601; numbers as they are, decimals without an exponent; lists
    and mappings as JSON; bytes in hexadecimal. Halves of surrogate pairs, which no UTF-8 file may hold, become "?".
    """

    def __init__(self, into: Sink, columns: Sequence[str] | None = None, *, header: bool = True) -> None:
        self._into = into
        self._columns = tuple(columns) if columns is not None else None
        self._known = frozenset(self._columns or ())
        self._header_due = header
        self._lines: list[str] = []
        self._open_line = False  # finished bytes came last, and without a line end
        # Before Python 3.13 a carriage return is quoted only when it is in the line end.
        self._writer = csv.writer(_Lines(self._lines), lineterminator="\r\n")
        self.records = 0

    def write(self, batch: Batch) -> None:
        """Add rows. Raises InvalidReport for a row with other columns than the header, and TypeError for what is no
        batch: a single row, or values whose columns nobody named."""
        if isinstance(batch, (bytes, bytearray, memoryview)):
            self._write_bytes(bytes(batch))
            return
        if isinstance(batch, (Mapping, str)):
            raise TypeError("a batch is several rows; put a single one into a list")
        if hasattr(batch, "itertuples"):
            batch = self._of_frame(batch)
        for row in batch:
            self._write_row([value if type(value) in _WRITTEN else _cell(value) for value in self._values(row)])
        self._begin()
        self._pass_on()

    def finish(self) -> None:
        """After the last batch: a table without rows still has its header, where the columns are known."""
        self._begin()
        self._pass_on()

    def _write_bytes(self, finished: bytes) -> None:
        if finished:
            self._begin()
            self._pass_on()
            self._header_due = False  # without columns the bytes bring the header
            self._into.write(finished)
            self._open_line = not finished.endswith(b"\n")

    def _begin(self) -> None:
        if self._header_due and self._columns is not None:
            self._header_due = False
            # Where a name could mislead whoever looks for the delimiter, or for a web page, all are quoted.
            plain = all(map(_PLAIN_NAME.fullmatch, self._columns))
            self._lines.insert(0, ",".join(self._columns if plain else map(_in_quotes, self._columns)) + "\n")

    def _pass_on(self) -> None:
        if self._lines:
            if self._open_line:
                self._lines.insert(0, "\n")
                self._open_line = False
            self._into.write("".join(self._lines).encode("utf-8", "replace"))
            self._lines.clear()

    def _name(self, columns: Iterable[Any]) -> tuple[str, ...]:
        self._columns = tuple(map(str, columns))
        self._known = frozenset(self._columns)
        return self._columns

    def _values(self, row: Any) -> Iterable[Any]:
        """The cells of a row in the order of the columns, which the first mapping names."""
        if isinstance(row, Mapping):
            columns = self._name(_named(row)) if self._columns is None else self._columns
            if tuple(row) == columns:
                cells: Iterable[Any] = row.values()
                return cells
            row = _named(row)
            if unknown := [str(name) for name in row if name not in self._known]:
                raise InvalidReport(f"a row has a column that the header lacks: {unknown[0]}", reason="ragged")
            return [row.get(name) for name in columns]
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise TypeError(f"a row is a mapping or a sequence, not {type(row).__name__}")
        if self._columns is None:
            raise TypeError("rows of values without names: say which columns they have")
        if len(row) != len(self._columns):
            raise InvalidReport(f"a row has {len(row)} values for {len(self._columns)} columns", reason="ragged")
        values: Iterable[Any] = row
        return values

    def _of_frame(self, frame: Any) -> Iterable[Any]:
        """The rows of a pandas frame in the order of the columns; what is missing there is None here."""
        names = tuple(map(str, frame.columns))
        columns = self._name(names) if self._columns is None else self._columns
        if names != columns:
            if len(set(names)) < len(names) or set(names) != self._known:
                odd = sorted(set(names) ^ self._known) or ["the same one twice"]
                raise InvalidReport(f"a frame has other columns than the header: {odd[0]}", reason="ragged")
            frame = frame[[frame.columns[names.index(name)] for name in columns]]
        known = frame.astype(object).where(frame.notna(), None)
        rows: Iterable[Any] = known.itertuples(index=False, name=None)
        return rows

    def _write_row(self, cells: list[Any]) -> None:
        self.records += 1
        if len(cells) == 1 and cells[0] is None:
            cells = [""]
        if "" in cells:  # csv knows no difference between nothing and an empty text
            self._lines.append(",".join(map(_quoted, cells)) + "\n")
        else:
            self._writer.writerow(cells)


def _named(row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The row with names of text. Raises InvalidReport where two are the same then."""
    if all(type(name) is str for name in row):
        return row
    named = {str(name): value for name, value in row.items()}
    if len(named) < len(row):
        raise InvalidReport("a row has two columns whose names are the same as text", reason="ragged")
    return named


class _Lines:
    """Takes each line of a csv writer, and ends it with a line feed alone."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> None:
        self._lines.append(line[:-2] + "\n")


def _cell(value: Any) -> Any:
    """The text or number that is written for another kind of value."""
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < _LONGEST_EXPONENT else str(value)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if getattr(getattr(value, "dtype", None), "kind", "") in ("b", "i", "u", "f") and value.shape == ():
        return _cell(value.item())  # a number of numpy's
    return str(value)


def _quoted(cell: Any) -> str:
    if cell is None:
        return ""
    text = str(cell)
    if text and not any(char in text for char in ',"\r\n'):
        return text
    return _in_quotes(text)


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
