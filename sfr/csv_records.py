"""Reads the records of a proven CSV batch by batch: cells in UTF-8, each with the quotes it came with."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sfr.csv_scan import BYTE_ORDER_MARK, ENCODINGS, CsvFacts, encoding_of_line, read_header
from sfr.errors import InvalidReport
from sfr.raw_records import CellPicker, RecordCutter, records_of

Row = Sequence[bytes]
Rows = list[Row]
Batches = Generator[Rows]

BLOCK_BYTES = 1 << 18
_QUOTED = re.compile(rb'"((?:[^"]++|"")*+)"?(.*)', re.DOTALL)


class CsvRecords:
    """The records of the CSV at `path`, which a scan has proven and knows as `facts`.

    `columns` and `header` are the names as texts and as cells, `mark` the byte order mark if it has one, `line_end`
    what ends its header. A file that is not UTF-8 is read as the Windows code page, and given back in UTF-8.
    """

    def __init__(self, path: Path, facts: CsvFacts, progress: Callable[[int], None]) -> None:
        self._path, self._records, self._progress = path, facts.records, progress
        self._encoding = encoding_of(path)
        self.delimiter = facts.delimiter.encode()
        with path.open("rb") as file:
            self._begin = read_header(file).size
            file.seek(0)
            line = file.read(self._begin)
        self.mark = BYTE_ORDER_MARK if line.startswith(BYTE_ORDER_MARK) else b""
        self.line_end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        line = line.removeprefix(BYTE_ORDER_MARK).strip(b"\r\n")
        line = line.decode(encoding_of_line(line)).encode()  # as the scan has read it, whatever follows
        self.header = tuple(CellPicker([0], len(facts.columns), self.delimiter).cells(line))
        self.columns = tuple(unquoted(cell).decode() for cell in self.header)

    def batches(self) -> Batches:
        """The records below the header, without blank lines behind the last one. `progress` is told the bytes read so
        far, and may raise to stop. Raises InvalidReport where there are fewer of them than were proven."""
        found = 0
        with self._path.open("rb") as file:
            file.seek(self._begin)
            for rows in rows_of(self._blocks(file), len(self.header), self.delimiter, self._records):
                found += len(rows)
                yield rows
        if found != self._records:
            message = f"{self._records:,} records were proven, and {found:,} are there"
            raise InvalidReport(message, reason="count", max_attempts=1)

    def _blocks(self, file: BinaryIO) -> Iterator[bytes]:
        read_bytes = self._begin
        while block := file.read(BLOCK_BYTES):
            yield self._in_utf8(block)
            read_bytes += len(block)
            self._progress(read_bytes)

    def _in_utf8(self, block: bytes) -> bytes:
        return block if self._encoding == "utf-8" else block.decode(self._encoding).encode()


def rows_of(blocks: Iterable[bytes], width: int, delimiter: bytes, most: int | None = None) -> Batches:
    """The cells of CSV that comes in blocks of any size, records of `width` cells, not more than `most` records.
    Raises InvalidReport for a record of another width."""
    cutter, picker = RecordCutter(), CellPicker([0], width, delimiter)
    left = most
    for block in _whole(blocks, cutter):
        rows = _quick_rows(block, width, delimiter, picker)
        if rows is None:
            rows = _any_rows(block, width, picker, left)
        if left is not None:
            rows, left = rows[:left], left - min(left, len(rows))
        if rows:
            yield rows


def value_reader(null: str | None) -> Callable[[bytes], bytes | None]:
    """Gives what a cell says, without its quotes; None for no value, which is the text `null` without quotes."""
    missing = None if null is None else null.encode()

    def value(cell: bytes) -> bytes | None:
        if cell.startswith(b'"'):
            return unquoted(cell)
        return None if cell == missing else cell

    return value


def unquoted(cell: bytes) -> bytes:
    """What a cell says, read as RFC 4180 has it."""
    if not cell.startswith(b'"'):
        return cell
    text, behind = _QUOTED.fullmatch(cell).groups()  # type: ignore[union-attr]
    # Text behind the closing quote belongs to the value for Python's reader, and so for everybody here.
    return text.replace(b'""', b'"') + behind


def encoding_of(path: Path) -> str:
    """The first of ENCODINGS that every byte of the file fits."""
    return next((encoding for encoding in ENCODINGS[:-1] if _decodes(path, encoding)), ENCODINGS[-1])


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open("r", encoding=encoding, newline="") as file:
            while file.read(1 << 20):
                continue
    except UnicodeDecodeError:
        return False
    return True


def _whole(blocks: Iterable[bytes], cutter: RecordCutter) -> Iterator[bytes]:
    for block in blocks:
        if whole := cutter.feed(block):
            yield whole
    if cutter.rest:
        yield cutter.rest + b"\n"


def _quick_rows(block: bytes, width: int, delimiter: bytes, picker: CellPicker) -> Rows | None:
    """The fast ways: where every line is a record, and where every cell is quoted. Else None."""
    line_end = b"\n"
    if b"\r" in block:
        line_end = b"\r\n"
        if not block.count(b"\r") == block.count(b"\n") == block.count(line_end):
            return None
    if block.startswith(b'"') and (rows := _quoted_rows(block, width, delimiter, line_end)) is not None:
        return rows
    lines = block[: -len(line_end)].split(line_end)
    if b'"' not in block:
        rows = [line.split(delimiter) for line in lines]
    elif any(line.count(b'"') % 2 for line in lines if b'"' in line):
        return None  # a record of several lines
    else:
        cells = picker.cells
        rows = [cells(line) if b'"' in line else line.split(delimiter) for line in lines]
    return rows if set(map(len, rows)) == {width} else None


def _quoted_rows(block: bytes, width: int, delimiter: bytes, line_end: bytes) -> Rows | None:
    parts = block.split(b'"')
    count = len(parts) // (2 * width)
    if parts[2::2] != [*[delimiter] * (width - 1), line_end] * count:
        return None
    cells = iter([b'"%b"' % cell for cell in parts[1::2]])
    return list(zip(*[cells] * width, strict=True))


def _any_rows(block: bytes, width: int, picker: CellPicker, most: int | None) -> Rows:
    rows: Rows = []
    for line in records_of(block):
        if most is not None and len(rows) >= most:
            break
        row = picker.cells(line[: -2 if line.endswith(b"\r\n") else -1])
        if len(row) != width:
            raise InvalidReport(f"a record has {len(row)} fields where the header has {width}", reason="ragged")
        rows.append(row)
    return rows
