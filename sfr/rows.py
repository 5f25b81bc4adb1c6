"""Writes rows as CSV, batch by batch: UTF-8, commas, line feeds; nothing is an empty field, an empty text is quoted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sfr.connector import Sink
from sfr.errors import InvalidReport

Batch = Any  # rows (mappings, or sequences in the order of the columns), a pandas DataFrame, or bytes of finished CSV


class CsvRows:
    """A table on its way into a file.

    `columns` are the header; without them the first batch tells: the keys of its first mapping, a frame's columns.
    `header` False leaves the header out, where an earlier try has written it. `records` counts the rows.
    """

    def __init__(self, into: Sink, columns: Sequence[str] | None = None, *, header: bool = True) -> None:
        self._into = into
        self._columns = tuple(columns) if columns is not None else None
        self._header_due = header
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self.records = 0

    def write(self, batch: Batch) -> None:
        """Add rows. Raises InvalidReport for a row with other columns than the header."""
        if isinstance(batch, (bytes, bytearray, memoryview)):
            self._into.write(bytes(batch))
            return
        columns, rows = _of_frame(batch) if hasattr(batch, "itertuples") else (None, batch)
        if self._columns is None:
            self._columns = columns
        for row in rows:
            if self._columns is None:
                self._columns = tuple(row)  # the keys of a mapping
            self._write_row(self._values(row))
        self._begin()
        self._pass_on()

    def finish(self) -> None:
        """After the last batch: a table without rows still has its header, where the columns are known."""
        self._begin()
        self._pass_on()

    def _begin(self) -> None:
        if self._header_due and self._columns is not None:
            self._header_due = False
            rows = self._text.getvalue()
            self._text.seek(0)
            self._text.truncate()
            self._writer.writerow(self._columns)
            self._text.write(rows)

    def _pass_on(self) -> None:
        if self._text.tell():
            self._into.write(self._text.getvalue().encode("utf-8", "surrogatepass"))
            self._text.seek(0)
            self._text.truncate()

    def _values(self, row: Any) -> list[Any]:
        assert self._columns is not None
        if isinstance(row, Mapping):
            if unknown := [str(name) for name in row if name not in self._columns]:
                raise InvalidReport(f"a row has a column that the header lacks: {unknown[0]}", reason="ragged")
            return [row.get(name) for name in self._columns]
        if len(row) != len(self._columns):
            raise InvalidReport(f"a row has {len(row)} values for {len(self._columns)} columns", reason="ragged")
        return list(row)

    def _write_row(self, values: list[Any]) -> None:
        cells = [_cell(value) for value in values]
        self.records += 1
        if "" not in cells and (len(cells) > 1 or cells[0] is not None):
            self._writer.writerow(cells)
        else:  # csv knows no difference between nothing and an empty text
            self._text.write(",".join(map(_quoted, cells)) + "\n")


def _of_frame(frame: Any) -> tuple[tuple[str, ...], Iterable[Any]]:
    """The columns and rows of a pandas frame; what is missing there is None here."""
    known = frame.astype(object).where(frame.notna(), None)
    return tuple(map(str, frame.columns)), known.itertuples(index=False, name=None)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return str(value)


def _quoted(cell: Any) -> str:
    if cell is None:
        return ""
    text = str(cell)
    if text and not any(char in text for char in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'
