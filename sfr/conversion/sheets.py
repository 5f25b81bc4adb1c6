"""Fills the sheets of a workbook with the records of CSVs, and begins a further sheet where one is full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import IO, BinaryIO, Self

from sfr.column_types import Value, shown
from sfr.conversion.csv_rows import Cells, CsvRows
from sfr.conversion.sheet_cells import MOST_COLUMNS, MOST_ROWS, escaped, is_plain, letters, text_cell, value_cell
from sfr.conversion.typed_cells import TypedCells
from sfr.conversion.workbook_file import HEADER, TEXT, WorkbookFile
from sfr.errors import InvalidReport

_USUAL_NAME = "Sheet1"
_LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]")
_TAKEN = "history"  # Excel's own
_MOST_SHEET_BYTES = 1_800_000_000  # of XML: above 2 GiB a zip file takes a form that Excel does not read
_WRITE_CHARACTERS = 1 << 18


class Workbook:
    """A workbook that is being written to the open file `into`, and finished at the end of a `with` block.

    `warnings` are for the user.
    """

    def __init__(self, into: BinaryIO, most_rows: int = MOST_ROWS) -> None:
        self._file = WorkbookFile(into)
        self._most_rows = most_rows
        self.warnings: list[str] = []

    def add(self, csv: CsvRows, name: str, typed: TypedCells) -> None:
        """All records of a CSV as a sheet of that name, or as near to it as a sheet may be called; and as further
        sheets, each with the header, where one cannot hold them. Raises InvalidReport for what no cell can hold."""
        if csv.width > MOST_COLUMNS:
            raise _refused(f"it has {csv.width:,} columns, and a sheet takes {MOST_COLUMNS:,}")
        rows = _Rows(csv, typed)
        first = self._name(name or _USUAL_NAME)
        if name and first != name:
            self.warnings.append(f"the sheet {name!r} is called {first!r}: Excel takes no such name, or not twice")
        begun, sheet = 1, first
        while not self._filled(sheet, rows):
            begun += 1
            sheet = self._name(f"{name or _USUAL_NAME} ({begun})")
        if begun > 1:
            self.warnings.append(
                f"its {rows.number:,} records are more than a sheet holds: they go on in {begun - 1} further "
                f"{'sheet' if begun == 2 else 'sheets'}, up to {sheet!r}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self._file.close()
        else:
            self._file.abandon()

    def _filled(self, sheet: str, rows: _Rows) -> bool:
        """Whether all records that were left are in the sheet now."""
        with self._file.sheet(sheet) as part:
            return rows.fill(part, self._most_rows)

    def _name(self, wish: str) -> str:
        """The name nearest to the wish that Excel takes and no other sheet has, in any case of its letters."""
        taken = {_TAKEN, *(name.lower() for name in self._file.names)}
        legal = _NOT_IN_NAMES.sub("_", wish)
        number, end = 1, ""
        while True:
            name = f"{_cut(legal, _LONGEST_NAME - len(end)).strip(chr(39)) or _USUAL_NAME}{end}"
            if name.lower() not in taken:
                return name
            number += 1
            end = f" ({number})"


class _Rows:
    """The records of a CSV on their way into one sheet or several; `number` is the last one that was written."""

    def __init__(self, csv: CsvRows, typed: TypedCells) -> None:
        self._columns, self._typed = csv.columns, typed
        self._letters = [letters(position) for position in range(csv.width)]
        self._rows: Iterator[Cells] = csv.rows()
        self.number = 0

    def fill(self, part: IO[bytes], most_rows: int) -> bool:
        """Write the header and as many records as there is room for; whether those were the last ones."""
        lines, waiting, written_bytes, line, all_in = [self._header()], 0, 0, 1, True
        for row in self._rows:
            if line >= most_rows or written_bytes > _MOST_SHEET_BYTES:
                self._rows, all_in = chain([row], self._rows), False
                break
            self.number, line = self.number + 1, line + 1
            lines.append(f'<row r="{line}">{self._cells(line, row)}</row>')
            waiting += len(lines[-1])
            if waiting > _WRITE_CHARACTERS:
                written_bytes += part.write("".join(lines).encode())
                lines, waiting = [], 0
        part.write("".join(lines).encode())
        return all_in

    def _header(self) -> str:
        cells = "".join(
            text_cell(f"{letter}1", self._escaped(position, column, "the header"), HEADER)
            for position, (letter, column) in enumerate(zip(self._letters, self._columns, strict=True))
        )
        return f'<row r="1">{cells}</row>'

    def _cells(self, line: int, row: Cells) -> str:
        if not self._typed.kinds and is_plain("".join(text for text in row if text)):
            cells = "".join(
                f'<c r="{letter}{line}" s="{TEXT}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
                for letter, text in zip(self._letters, row, strict=True)
                if text
            )
        else:
            cells = "".join(
                self._cell(position, f"{self._letters[position]}{line}", text)
                for position, text in enumerate(row)
                if text
            )
        return cells or f'<c r="A{line}" s="{TEXT}"/>'  # readers overlook a row without any

    def _cell(self, position: int, place: str, text: str) -> str:
        if position in self._typed.kinds:
            value = self._typed.value(self.number, position, text)
            if not isinstance(value, str) and value is not None:
                if cell := value_cell(place, value):
                    return cell
                self._typed.note(_kept_text(self._columns[position], value))
        return text_cell(place, self._escaped(position, text, f"record {self.number:,}"))

    def _escaped(self, position: int, text: str, where: str) -> str:
        try:
            return escaped(text)
        except ValueError as why:
            raise _refused(f"{where}, column {self._columns[position]!r}: {shown(text)} {why}") from why


def _kept_text(column: str, value: Value) -> str:
    what = "numbers" if isinstance(value, (int, float, Decimal)) else "dates and times"
    named = repr(column).replace("{", "{{").replace("}", "}}")
    return f"column {named}: {what} that a workbook would change are texts, in {{}} of its cells"


def _cut(name: str, most: int) -> str:
    """The beginning of a name, in units of UTF-16, as Excel counts."""
    return name.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def _refused(message: str) -> InvalidReport:
    return InvalidReport(
        message, reason="xlsx", remedy="Take this report as csv or parquet, which hold everything.", max_attempts=1
    )
