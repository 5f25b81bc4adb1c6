"""Reads the records of a proven CSV, as bytes or as texts, counts them again, and knows which cells hold no value."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from sfr.conversion.nouns import Conversion
from sfr.csv_records import unquoted
from sfr.csv_scan import BYTE_ORDER_MARK, read_header
from sfr.errors import InvalidReport
from sfr.raw_records import CellPicker, RecordCutter, records_of

Cells = Sequence[str | None]  # None is no value

_READ_BYTES = 1 << 19  # larger ones cost more than they save: their memory is new to the process each time
_LARGEST_FIELD = 1 << 30
_LINE_ENDS = b"\r\n"
_QUOTED = re.compile(rb'"[^"]*+"')


class CsvRows:
    """The CSV at `source`, whose scan found what `wanted` says. `columns` are its names, as often as they are there.

    Every reading begins anew, and raises InvalidReport for a record of another width (`ragged`) and for another
    number of records than there must be (`count`), UnicodeDecodeError where the text is not in `encoding`.
    """

    def __init__(self, source: Path, wanted: Conversion, encoding: str, progress: Callable[[int], None]) -> None:
        csv.field_size_limit(_LARGEST_FIELD)
        self.source, self.encoding, self.null, self.delimiter = source, encoding, wanted.null, wanted.delimiter
        self._records, self.progress = wanted.records, progress
        with source.open("rb") as file:
            self._begin = read_header(file).size
            file.seek(0)
            line = file.read(self._begin).removeprefix(BYTE_ORDER_MARK).lstrip(_LINE_ENDS)
        self.columns: tuple[str, ...] = tuple(next(self._reader(line.decode(encoding)), ()))
        self._delimiter = wanted.delimiter.encode()
        self._picker = CellPicker([0], self.width, self._delimiter)
        if wanted.columns and len(wanted.columns) != self.width:
            raise InvalidReport(
                f"its header has {self.width} columns, and {len(wanted.columns)} were proven",
                reason="count",
                max_attempts=1,
            )

    @property
    def width(self) -> int:
        return len(self.columns)

    def rows(self) -> Iterator[Cells]:
        """All records, in order."""
        number = 0
        for number, row in enumerate(itertools.chain.from_iterable(map(self.rows_of, self.blocks())), 1):
            if len(row) != self.width:
                raise self.ragged(number, len(row))
            yield row
        self.check_count(number)

    def blocks(self, read_bytes: int = _READ_BYTES) -> Iterator[bytes]:
        """The bytes below the header, in blocks of whole records, each of which ends with its line end."""
        blocks = self._blocks(read_bytes)
        return _without_blank_end(blocks, self._records) if self.width == 1 else blocks

    def rows_of(self, block: bytes) -> Iterable[Cells]:
        """The records of a block; their widths are not looked at."""
        quoted = b'"' in block
        if (quoted and self.null is not None) or has_lone_returns(block):
            return self.exact_rows_of(block)
        rows = self._reader(block.decode(self.encoding))
        filled: Iterable[list[str]] = (row or [""] for row in rows) if self.width == 1 else (row for row in rows if row)
        if self.null is None:
            return filled
        return ([None if cell == self.null else cell for cell in row] for row in filled)

    def exact_rows_of(self, block: bytes) -> Iterator[Cells]:
        """The same, slower: here only a line feed ends a record, as it was counted, and quotes tell values apart."""
        for line in records_of(block):
            record = line[:-1].removesuffix(b"\r")
            if record.strip() or self._delimiter in record or self.width == 1:  # a tab may be all that a record has
                yield [self._value(cell) for cell in self._picker.cells(record)]

    def check_count(self, found: int) -> None:
        """Raises InvalidReport for another number of records than were proven."""
        if self._records is not None and found != self._records:
            raise InvalidReport(
                f"{found:,} records were read where {self._records:,} are proven: one reading of its quotes and line "
                "ends tells other records than another",
                reason="count",
                remedy="Have the source quote its cells as RFC 4180 says, or take the report as a plain CSV.",
                max_attempts=1,
            )

    def ragged(self, number: int, found: int) -> InvalidReport:
        """The error for a record of another width."""
        return InvalidReport(
            f"record {number:,} reads as {found} cells where the header has {self.width}",
            reason="ragged",
            remedy="Have the source quote its cells as RFC 4180 says, or take the report as a plain CSV.",
            max_attempts=1,
        )

    def _blocks(self, read_bytes: int) -> Iterator[bytes]:
        cutter, position = RecordCutter(), self._begin
        with self.source.open("rb") as file:
            file.seek(self._begin)
            while data := file.read(read_bytes):
                position += len(data)
                whole = cutter.feed(data)
                self.progress(position)
                if whole:
                    yield whole
        if rest := cutter.rest:
            yield rest + b"\n"

    def _reader(self, text: str) -> Iterator[list[str]]:
        return csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)

    def _value(self, cell: bytes) -> str | None:
        if cell.startswith(b'"'):
            return unquoted(cell).decode(self.encoding) if self.encoding == "utf-8" else self._foreign(cell)
        text = cell.decode(self.encoding)
        return None if text == self.null else text

    def _foreign(self, cell: bytes) -> str:
        return unquoted(cell.decode(self.encoding).encode()).decode()


def has_lone_returns(block: bytes) -> bool:
    """Whether there are carriage returns that end no line; most readers take them for a line end all the same."""
    return b"\r" in block and block.count(b"\r") != block.count(b"\r\n")


def _without_blank_end(blocks: Iterator[bytes], records: int | None) -> Iterator[bytes]:
    """A blank line of a single column is a record without text; at the end of the file it is one only where more
    `records` are proven than stand before it."""
    held, found = b"", 0
    for block in blocks:
        text = block.rstrip(_LINE_ENDS)
        end = block.index(b"\n", len(text)) + 1 if text else 0
        if text:
            whole = held + block[:end]
            found += (_QUOTED.sub(b"", whole) if b'"' in whole else whole).count(b"\n")
            yield whole
            held = b""
        held += block[end:]
    if records is not None and found < records and (blank := held.split(b"\n")[:-1][: records - found]):
        yield b"\n".join(blank) + b"\n"
