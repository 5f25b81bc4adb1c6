"""Reads a CSV for a database: long runs of records that it takes as they are, and the others value by value."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sfr.atomic import delivery_error
from sfr.column_types import misfit
from sfr.connector import Parcel
from sfr.csv_records import encoding_of, unquoted
from sfr.csv_scan import Header, read_header
from sfr.destinations.table.columns import Column
from sfr.destinations.table.forms import Forms
from sfr.errors import InvalidReport
from sfr.raw_records import LONGEST_RECORD_BYTES, CellPicker, RecordCutter

BLOCK_BYTES = 1 << 18

Row = Sequence[str | None]
Piece = bytes | list[Row]  # whole records of the file, or the values of some

_RECORD = re.compile(rb'(?:[^"\n]++|"[^"]*+")*+\n')
_QUOTED = re.compile(rb'"[^"]*+"')


class Records:
    """The records of a parcel on their way into `columns`, one for each of the file's columns in their order.

    `null` is the text without quotes that stands for no value. Raises DeliveryError where the file cannot be read.
    """

    def __init__(self, parcel: Parcel, columns: Sequence[Column], forms: Forms) -> None:
        self._parcel, self.columns = parcel, tuple(columns)
        self.delimiter = (parcel.delimiter or ",").encode()
        null = None if parcel.null is None else parcel.null.encode()
        self.null = None if null is None or re.search(rb'["\r\n%b]' % re.escape(self.delimiter), null) else null
        self._begin = header_of(parcel.staged).size
        try:
            with parcel.staged.open("rb") as file:
                line = file.read(self._begin)
            self._encoding = "utf-8" if _is_utf_8(parcel.staged) else encoding_of(parcel.staged)
        except OSError as error:
            raise delivery_error(parcel.staged, error) from error
        self.line_end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        plain = forms.plain_records(self.columns, self.delimiter, self.null, self.line_end)
        self._plain = re.compile(b"(?:" + plain + b")*+")
        self._writers = [forms.writer(column) for column in self.columns]
        self._cells = CellPicker([0], len(self.columns), self.delimiter).cells

    @property
    def folder(self) -> Path:
        """Where the file is, and others may be for a moment."""
        return self._parcel.staged.parent

    def pieces(self) -> Iterator[Piece]:
        """All records in their order. Raises InvalidReport for a value that does not fit its type."""
        for number, block in enumerate(self._blocks()):
            yield from self._of(block, number)

    def rows(self) -> Iterator[list[Row]]:
        """The same, all of them as values."""
        for piece in self.pieces():
            yield self._plain_rows(piece) if isinstance(piece, bytes) else piece

    def _of(self, block: bytes, number: int) -> Iterator[Piece]:
        odd: list[Row] = []
        position = 0
        while position < len(block):
            end = self._end_of_plain(block, position)
            if end > position:
                if odd:
                    yield odd
                    odd = []
                yield block[position:end]
            else:
                found = _RECORD.match(block, position)
                end = found.end() if found else len(block)
                record = block[position:end].removesuffix(b"\n").removesuffix(b"\r")
                if record or len(self.columns) == 1:  # else a blank line, which stands only behind the last record
                    odd.append(self._row(record, partial(self._number, number, block[:position])))
            position = end
        if odd:
            yield odd

    def _end_of_plain(self, block: bytes, position: int) -> int:
        found = self._plain.match(block, position)
        return found.end() if found else position

    def _row(self, record: bytes, number: Callable[[], int]) -> Row:
        cells = self._cells(record)
        if len(cells) != len(self.columns):
            raise InvalidReport(
                f"record {number():,} has {len(cells)} fields where the header has {len(self.columns)}", reason="ragged"
            )
        return [self._cell(place, cell, number) for place, cell in enumerate(cells)]

    def _cell(self, place: int, cell: bytes, number: Callable[[], int]) -> str | None:
        """A database would put the next number or this moment into some columns that must have a value."""
        if cell != self.null:
            return self._value(place, unquoted(cell).decode(), number)
        if self.columns[place].required:
            raise InvalidReport(
                f"record {number():,}, column {self.columns[place].name!r}: it has no value, and the table needs one",
                reason="type",
                remedy="Leave such records out (step filter), or let the table's column be without a value.",
            )
        return None

    def _value(self, place: int, text: str, number: Callable[[], int]) -> str:
        try:
            return self._writers[place](text)
        except ValueError as error:
            found = misfit(number(), self.columns[place].name, text, error)
            if not text and self.null != b"":
                found.remedy = "Write `null: ''` for this report in the list if an empty field means no value."
            raise found from error

    def _number(self, block_number: int, before: bytes) -> int:
        """Which record begins in that block behind `before`; only asked where something is wrong."""
        blocks = zip(range(block_number), self._blocks(told=False), strict=False)
        return sum(_count(block) for _, block in blocks) + _count(before) + 1

    def _plain_rows(self, run: bytes) -> list[Row]:
        """The values of a run of records that needed no second look."""
        text, delimiter = run.decode(), self.delimiter.decode()
        null = None if self.null is None else self.null.decode()
        rows: Iterable[Sequence[str]]
        if '"' not in text:
            rows = [line.split(delimiter) for line in text.split(self.line_end.decode())[:-1]]
        elif self.null is None or not self._has_quoted_null(run):
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        else:
            return [self._values(line) for line in _RECORD.findall(run)]
        if len(self.columns) == 1:
            rows = (row or [""] for row in rows)  # what Python's reader makes of a blank line
        if null is not None and (not null or null in text):
            return [[None if value == null else value for value in row] if null in row else row for row in rows]
        return list(rows)

    def _has_quoted_null(self, run: bytes) -> bool:
        quoted, between = b'"%b"' % (self.null or b""), re.escape(self.delimiter)
        alone = rb"%b(?<![^\n%b]%b)(?![^\r\n%b])" % (re.escape(quoted), between, re.escape(quoted), between)
        return quoted in run and re.search(alone, run) is not None

    def _values(self, line: bytes) -> Row:
        cells = self._cells(line.removesuffix(b"\n").removesuffix(b"\r"))
        return [None if cell == self.null else unquoted(cell).decode() for cell in cells]

    def _blocks(self, *, told: bool = True) -> Iterator[bytes]:
        """Whole records in UTF-8, each with its line end; of the blank lines at the end of a single column
        those that are proven to be records."""
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD_BYTES))
        cutter, blank, found = RecordCutter(), b"", 0
        for data in self._read(told=told):
            whole = blank + cutter.feed(data)
            if len(self.columns) == 1:
                whole, blank = _without_blank_end(whole)
                found += _count(whole)
            if whole:
                yield whole
        rest = blank + cutter.rest
        if rest.strip(b"\r\n"):
            yield rest + self.line_end
        elif blank and (missing := (self._parcel.records or 0) - found) > 0:
            yield b"".join(blank.splitlines(keepends=True)[:missing])

    def _read(self, *, told: bool) -> Iterator[bytes]:
        read_bytes = self._begin
        try:
            with self._parcel.staged.open("rb") as file:
                file.seek(self._begin)
                while data := file.read(BLOCK_BYTES):
                    yield data if self._encoding == "utf-8" else data.decode(self._encoding).encode()
                    read_bytes += len(data)
                    if told:
                        self._parcel.progress(read_bytes)
        except OSError as error:
            raise delivery_error(self._parcel.staged, error) from error


def header_of(path: Path) -> Header:
    """The header of a CSV. Raises DeliveryError where the file cannot be read."""
    try:
        with path.open("rb") as file:
            return read_header(file)
    except OSError as error:
        raise delivery_error(path, error) from error


def _is_utf_8(path: Path) -> bool:
    """As `encoding_of` finds it, in a fraction of its time, since this must be known before the first record goes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while data := file.read(1 << 20):
                decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _count(block: bytes) -> int:
    """How many records a block of whole ones has."""
    if b'"' not in block:
        return block.count(b"\n")
    return _QUOTED.sub(b"", block).count(b"\n")


def _without_blank_end(block: bytes) -> tuple[bytes, bytes]:
    """The block up to the line end of its last record that is not blank, and the blank lines behind it."""
    body = len(block.rstrip(b"\r\n"))
    if not body:
        return b"", block
    end = block.index(b"\n", body) + 1
    return block[:end], block[end:]
