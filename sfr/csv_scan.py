"""Knows, while bytes stream by, whether a CSV is well formed: same number of fields in every record, none of them cut.

The trick: after deleting every byte but quotes, delimiters and line ends, a pair of neighbouring quotes can be deleted
too without changing which of the other characters stand inside quotes. What is left of a clean record is its
delimiters and its line end, so that a whole block is proven by counting one pattern. This is exact for RFC 4180 and
several times faster than a parser that builds strings.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import BinaryIO

from sfr.errors import InvalidReport
from sfr.no_csv import refuse_carriage_returns, refuse_other_formats

HEADER_LIMIT_BYTES = 1 << 20
LARGE_BYTES = 1 << 20
BLOCK_BYTES = 1 << 18
LONGEST_RECORD_BYTES = 1 << 22
END_BYTES = 1 << 12
DELIMITERS = b",;\t|"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# As a text without any word about its encoding is read: the first one that fits. The Windows code page has holes,
# ISO-8859-1 has none.
ENCODINGS = ("utf-8", "cp1252", "latin-1")
_QUOTED = re.compile(rb'"[^"]*"')
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class CsvFacts:
    """What a complete scan found. `records` excludes the header, and the `blank_lines` at the end of a single column,
    which may be records without a value or nothing."""

    columns: tuple[str, ...]
    records: int
    delimiter: str
    blank_lines: int = 0


class CsvScan:
    """Feed it a CSV in pieces of any size, then ask `finish`. Needs memory for one piece and the header only.

    Raises InvalidReport from `feed` or `finish`: reason `web-page`, `json`, `empty`, `header`, `cut` (ends inside a
    record) or `ragged` (a record whose number of fields differs from the header's).
    """

    def __init__(self) -> None:
        self.records = 0
        self.columns: tuple[str, ...] = ()
        self._head = b""
        self._delimiter = b""
        self._width = 0
        self._record = b""  # what one clean record leaves behind: its delimiters and its line end
        self._dropped = b""  # all other bytes
        self._open = b""  # a quote that is still open
        self._partial = b""  # delimiters of a record that is still incomplete
        self._quoted = False  # whether the fast way, for files with every field quoted, is still open
        self._waiting = bytearray()  # bytes from a record's beginning on that the fast way has not counted yet
        self._seen_bytes = 0
        self._end = b""
        self._blank_lines = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if not data:
            return
        self._end = (self._end + bytes(data[-END_BYTES:]))[-END_BYTES:]
        self._seen_bytes += len(data)
        if self._quoted:
            self._waiting += data
            if self._seen_bytes > LARGE_BYTES and len(self._waiting) >= BLOCK_BYTES:
                self._count_quoted()
        elif self._width:
            self._count(bytes(data))
        else:
            self._begin(bytes(data))

    def finish(self) -> CsvFacts:
        """Say what was there, after the last byte."""
        if not self._width:
            self._start(self._head, _header_end(self._head, at_end=True))
        self._leave_fast_way()
        if self._open:
            raise _cut(self.records, "it ends inside a quoted field")
        self._check_end()
        return CsvFacts(self.columns, max(self.records - 1, 0), self._delimiter.decode(), self._blank_lines)

    def _check_end(self) -> None:
        """Count a last record without a line end. Raises InvalidReport for a part of one, or for text after it."""
        last_text = self._end.rstrip(b"\r\n" if self._width == 1 else None)  # a single column may hold a space
        line_ends = self._end.count(b"\n", len(last_text))
        blank_lines = self._partial.count(b"\n")
        if self._partial.strip(b"\n"):
            if blank_lines or len(self._partial) != self._width - 1:
                fields = len(self._partial) - blank_lines + 1
                raise _cut(self.records, f"its last record has {fields} of {self._width} fields")
            self.records += 1
        elif self._width == 1:
            self.records += 1 - line_ends  # a blank line leaves the same behind as a record
            self._blank_lines = max(line_ends - 1, 0)
        elif line_ends <= blank_lines:
            raise _cut(self.records, "text follows its last whole record")  # it leaves no more behind than a blank line

    def _begin(self, data: bytes) -> None:
        self._head += data
        refuse_other_formats(self._head.removeprefix(BYTE_ORDER_MARK))
        end = _header_end(self._head, at_end=False)
        if (end or len(self._head)) > HEADER_LIMIT_BYTES:
            raise InvalidReport("the header line does not end within 1 MB", reason="header", max_attempts=2)
        if end:
            self._start(self._head, end)

    def _start(self, head: bytes, end: int) -> None:
        line = head[:end].removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
        refuse_carriage_returns(line)
        if not line.strip():
            raise InvalidReport("the answer is empty: not even a header line", reason="empty", max_attempts=None)
        self._delimiter = find_delimiter(line)
        self.columns = _fields(line, self._delimiter.decode())
        self._width = len(self.columns)
        self._record = self._delimiter * (self._width - 1) + b"\n"
        self._dropped = bytes(set(range(256)) - set(b'"\n' + self._delimiter))
        self._head = b""
        first_record = head.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
        self._quoted = first_record.startswith(b'"')
        if self._quoted:
            self._waiting += first_record
        else:
            self._count(first_record)

    def _count_quoted(self) -> None:
        """The fast way: for large files with every field quoted; small ones do without numpy."""
        from sfr.quoted_scan import count_whole_records

        found = count_whole_records(self._waiting, self._width, self._delimiter[0])
        records, end = found or (0, 0)
        self.records += records
        del self._waiting[:end]
        if found is None or len(self._waiting) > LONGEST_RECORD_BYTES:
            self._leave_fast_way()

    def _leave_fast_way(self) -> None:
        self._quoted = False
        waiting, self._waiting = bytes(self._waiting), bytearray()
        if waiting:
            self._count(waiting)

    def _count(self, data: bytes) -> None:
        reduced = (self._open + data.translate(None, self._dropped)).replace(b'""', b"")
        self._open = b""
        if b'"' in reduced:
            if reduced.count(b'"') % 2:
                reduced = reduced[: reduced.rfind(b'"')]
                self._open = b'"'
            reduced = _QUOTED.sub(b"", reduced)
        rows, self._partial = self._split(self._partial + reduced)
        count = rows.count(self._record)
        if count * self._width != len(rows) or len(self._partial) > self._width + HEADER_LIMIT_BYTES:
            self._refuse_ragged(rows)
        self.records += count

    def _split(self, structure: bytes) -> tuple[bytes, bytes]:
        """Whole records and the rest. Blank lines at the end stay in the rest: they are legal only at the very end."""
        end = structure.rfind(b"\n") + 1
        if self._width > 1:
            end = min(end, len(structure[:end].rstrip(b"\n")) + 1) if structure[:end].strip(b"\n") else 0
        return structure[:end], structure[end:]

    def _refuse_ragged(self, rows: bytes) -> None:
        for number, row in enumerate(rows.split(b"\n"), self.records):
            if len(row) != self._width - 1:
                found = f"has {len(row) + 1} fields" if row else "is a blank line or a single field"
                raise InvalidReport(
                    f"record {number} {found} where the header has {self._width}", reason="ragged", max_attempts=3
                )
        raise InvalidReport(f"record {self.records} does not end", reason="ragged", max_attempts=3)


@dataclass(frozen=True, slots=True)
class Header:
    """The column names of a CSV file, what stands between them ("" for a single one), and the bytes that all of it
    takes, with the mark before and the line end behind."""

    columns: tuple[str, ...]
    delimiter: str
    size: int


def read_header(file: BinaryIO) -> Header:
    """The header of a file that is open at its beginning; an empty file has one without columns."""
    head = file.read(HEADER_LIMIT_BYTES)
    mark = len(head) - len(head.removeprefix(BYTE_ORDER_MARK))
    end = _header_end(head, at_end=True)
    line = head[mark:end].strip(b"\r\n")
    delimiter = find_delimiter(line).decode()
    columns = _fields(line, delimiter) if line else ()
    return Header(columns, delimiter if len(columns) > 1 else "", end)


def find_delimiter(header: bytes) -> bytes:
    """The delimiter of a header line: what follows its first quoted field, else the most frequent candidate."""
    if header.startswith(b'"'):
        after = _QUOTED.sub(b"", header[:HEADER_LIMIT_BYTES].replace(b'""', b""))[:1]
        return after if after and after in DELIMITERS else b","
    return max((bytes([candidate]) for candidate in DELIMITERS), key=_QUOTED.sub(b"", header).count)


def _header_end(head: bytes, *, at_end: bool) -> int:
    """Offset behind the header's line end (0 = not there yet). A line end inside quotes is none."""
    quotes = position = 0
    for match in _LINE_END.finditer(head):
        quotes += head.count(b'"', position, match.start())
        position = match.end()
        if quotes % 2 == 0 and head[: match.start()].removeprefix(BYTE_ORDER_MARK).strip():
            return match.end()
    return len(head) if at_end else 0


def _fields(line: bytes, delimiter: str) -> tuple[str, ...]:
    csv.field_size_limit(max(csv.field_size_limit(), HEADER_LIMIT_BYTES))
    return tuple(next(csv.reader(io.StringIO(line.decode(encoding_of_line(line)), newline=""), delimiter=delimiter)))


def encoding_of_line(line: bytes) -> str:
    """The encoding that a header is read in, one of ENCODINGS."""
    return next(encoding for encoding in ENCODINGS if _fits(line, encoding))


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _cut(records: int, what: str) -> InvalidReport:
    return InvalidReport(
        f"the file is cut: {what} (after {max(records - 1, 0):,} records)", reason="cut", max_attempts=None
    )
