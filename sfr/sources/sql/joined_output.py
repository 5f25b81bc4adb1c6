"""Writes the rows of a joined report: the columns that are wanted, in their order, as CSV; and counts them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sfr.connector import Sink
from sfr.sources.sql import csv_text
from sfr.sources.sql.lookup_keys import Row
from sfr.sources.sql.lookup_table import check_columns, place_of

_MOST_ROWS = 20_000  # to a piece of text


class JoinedOutput:
    """`null` is what stands for no value; `output` the columns that are wanted, nothing for all there are.

    `records` are those written, with those of an earlier try that this one goes on from.
    """

    def __init__(self, into: Sink, null: str, output: Sequence[str]) -> None:
        self._into, self.null, self._output = into, null, tuple(output)
        self._places: Sequence[int] = ()
        self.columns: tuple[str, ...] = ()
        self.records = 0

    @property
    def form(self) -> str:
        """The columns and how they are written, as one text that tells whether they are the same in another try."""
        return json.dumps([self.columns, self.null])

    def begin(self, columns: Sequence[str]) -> None:
        """Say which columns the rows will have. Raises ReportError where one is there twice, or missing."""
        check_columns("the report", columns)
        self.columns = self._output or tuple(columns)
        self._places = [place_of(name, columns, "output", "the rows have") for name in self.columns]

    def write_header(self) -> None:
        """The first line, where no earlier try has written it."""
        self._into.write(csv_text.header(self.columns, self.null).encode("utf-8", "replace"))

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, each with all columns that there are."""
        if rows:
            self.write_columns([[row[place] for row in rows] for place in range(len(rows[0]))])

    def write_columns(self, columns: Sequence[Sequence[str | None]]) -> None:
        """Add rows, one at least, that are given as all their columns."""
        count = len(columns[0])
        for start in range(0, count, _MOST_ROWS):
            part = slice(start, start + _MOST_ROWS)
            text = csv_text.block([columns[place][part] for place in self._places], self.null)
            self._into.write(text.encode("utf-8", "replace"))
        self.records += count

    def copy(self, pieces: Iterable[bytes], records: int) -> None:
        """Add rows that are CSV already."""
        for piece in pieces:
            self._into.write(piece)
        self.records += records
