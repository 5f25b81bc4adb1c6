"""Renames, drops and reorders the columns of a CSV while its bytes stream by; the text of no cell changes."""

from __future__ import annotations

import codecs
import difflib
import json
from collections.abc import Sequence
from dataclasses import replace

from sfr.connector import Pairs, Sink
from sfr.csv_scan import BYTE_ORDER_MARK, DELIMITERS, CsvFacts, CsvScan, encoding_of_line, find_delimiter
from sfr.errors import InvalidReport
from sfr.raw_records import CellPicker, RecordCutter, records_of

MOST_SHOWN_COLUMNS = 12


class MappedSink:
    """A `Sink` before another one: the source writes its columns, `into` gets those that the list asks for.

    `columns` are pairs of a name at the source and the name to give it, in the order wanted. `other_columns` says
    what becomes of the rest: "drop", or "keep", behind the others in their own order. Delimiter, line ends, byte order
    mark and the quotes of each cell stay; `null` is the text without quotes that stands for no value, None where each
    text is a value: a lone cell that is empty gets quotes unless it says that there is no value.

    What comes is scanned as `CsvScan` does; `write` and `finish` raise its InvalidReport, and one with the reason
    `columns` when a column is missing.

    A point that the source keeps travels with the header of what it wrote, so that a later try, which begins without
    a header, is mapped the same way.
    """

    def __init__(self, into: Sink, columns: Pairs, other_columns: str = "drop", null: str | None = None) -> None:
        self._into, self._columns, self._other_columns, self._null = into, columns, other_columns, null
        self._others: dict[str, MappedSink] = {}
        self._header, self._utf8 = b"", _utf8_decoder(columns)
        self._begin()
        self._point = self._resume(into.point) if into.point else ""
        self._unread = bool(self._point)

    @property
    def validator(self) -> str:
        return self._into.validator

    @property
    def point(self) -> str:
        self._unread = False
        return self._point

    def write(self, data: bytes | memoryview, /) -> int:
        """Take the source's next bytes, as they come."""
        self.begin_anew_if_unread()
        block = bytes(data)
        self._scan.feed(block)
        self._pass_on(self._cutter.feed(block))
        self._check_encoding(block)
        return len(block)

    def keep(self, point: str) -> None:
        if self._cutter.rest or self._blank:
            return  # in the middle of a record nothing can be gone on from, nor before lines that are still held back
        state = {"header": self._header.decode("latin-1"), "columns": self._columns, "others": self._other_columns}
        self._into.keep(json.dumps({**state, "point": point}))

    def begin_anew_if_unread(self) -> None:
        """As `Intake` does."""
        if self._unread:
            self.restart()

    def restart(self) -> None:
        self._begin()
        self._others = {}
        self._point, self._unread = "", False
        self._into.restart()

    def another(self, label: str) -> MappedSink:
        """A further file, whose columns are mapped in the same way."""
        if label not in self._others:
            self._others[label] = MappedSink(self._into.another(label), self._columns, self._other_columns, self._null)
        return self._others[label]

    def finish(self) -> CsvFacts:
        """After the last byte, also of the further files: what the source wrote in this try, before it was mapped."""
        facts = self._scan.finish()
        if len(facts.columns) == 1 and self._picker is not None and not self._cutter.rest:
            self._into.write(self._blank)  # perhaps records without a value: nobody knows
        rest = self._blank + self._cutter.rest
        if self._picker is None:
            self._open(rest.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n"), rest.startswith(BYTE_ORDER_MARK))
        elif rest.strip(b"\r\n"):
            # Without a line end, a last record that is no value would be nothing.
            self._into.write(self._picker.of_record(rest) or self._line_end)
        for other in self._others.values():
            other.finish()
        return facts

    @property
    def files(self) -> list[MappedSink]:
        """This one and the further ones."""
        return [self, *self._others.values()]

    def counted(self, facts: CsvFacts | None) -> CsvFacts | None:
        """What was found in the mapped file: a blank line that was made of several columns is a record."""
        if facts is None or len(self._scan.columns) == 1:
            return facts
        return replace(facts, records=facts.records + facts.blank_lines, blank_lines=0)

    def _check_encoding(self, block: bytes) -> None:
        """New names are written as the header is. In UTF-8 below a header of plain letters, they and records in another
        encoding would make a file that nobody can read."""
        if self._utf8 is None:
            return
        try:
            self._utf8.decode(block)
        except UnicodeDecodeError as error:
            if self._picker is not None and encoding_of_line(self._header) == "utf-8":
                raise InvalidReport(
                    "the new names in the list's `columns` need UTF-8, and the records are not in it",
                    reason="columns",
                    remedy="choose plain names, or have the source write UTF-8",
                    max_attempts=1,
                ) from error
            self._utf8 = None

    def _begin(self) -> None:
        self._utf8 = _utf8_decoder(self._columns)
        self._scan, self._cutter = CsvScan(), RecordCutter()
        self._picker: CellPicker | None = None
        self._header, self._line_end = b"", b"\n"
        self._blank = b""  # blank lines, which are nothing if they are the last ones

    def _resume(self, point: str) -> str:
        """The source's own point. What another mapping left behind is no beginning for this one."""
        kept = json.loads(point) if point.startswith("{") else {}
        if kept.get("columns") != [list(pair) for pair in self._columns] or kept.get("others") != self._other_columns:
            self._into.restart()
            return ""
        if header := str(kept["header"]).encode("latin-1"):
            self._scan.feed(header)
            self._plan(header)
        return str(kept["point"])

    def _pass_on(self, records: bytes) -> None:
        records = self._blank + records
        end = records.find(b"\n", len(records.rstrip(b"\r\n"))) + 1 if records.strip(b"\r\n") else 0
        records, self._blank = records[:end], records[end:]
        if self._picker is None and records:
            marked = records.startswith(BYTE_ORDER_MARK)
            records = self._open(records.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n"), marked)
        if records and self._picker is not None:
            self._into.write(self._picker.of(records))

    def _open(self, records: bytes, marked: bool) -> bytes:
        """Write the header; returns the records below it."""
        header = next(records_of(records)) if records.endswith(b"\n") else records
        self._into.write((BYTE_ORDER_MARK if marked else b"") + self._plan(header))
        return records[len(header) :]

    def _plan(self, header: bytes) -> bytes:
        """Find out which cells go where; returns the new header."""
        line_end = b"\r\n" if header.endswith(b"\r\n") else b"\n" if header.endswith(b"\n") else b""
        self._header, self._line_end = header, line_end or b"\n"
        delimiter = find_delimiter(header)
        order = self._order(self._scan.columns)
        self._picker = CellPicker(order, len(self._scan.columns), delimiter, self._null)
        line = header[: len(header) - len(line_end)]
        kept = CellPicker(range(len(self._scan.columns)), len(self._scan.columns), delimiter)
        cells = kept.cells(line)
        quoted = line.startswith(b'"')
        new = [self._cell(name, header, quoted=quoted) for _, name in self._columns]
        new += [cells[number] for number in order[len(new) :]]
        if find_delimiter(delimiter.join(new)) != delimiter:
            new = [cell if cell.startswith(b'"') else b'"%b"' % cell for cell in new]
        return delimiter.join(new) + line_end

    def _order(self, found: Sequence[str]) -> list[int]:
        """The numbers of the source's columns in the new order. Raises InvalidReport for a name that is not clear."""
        named = [name for name, _ in self._columns]
        for name in named:
            if found.count(name) != 1:
                raise _unclear(name, found)
        order = [found.index(name) for name in named]
        if self._other_columns == "keep":
            order += [number for number, name in enumerate(found) if name not in named]
        new = [name for _, name in self._columns] + [found[number] for number in order[len(named) :]]
        if twice := [name for _, name in self._columns if new.count(name) > 1]:
            raise InvalidReport(
                f"two columns would be called {twice[0]!r}",
                reason="columns",
                remedy="change the new names in the list's `columns`, or drop the other columns",
            )
        return order

    def _cell(self, name: str, header: bytes, *, quoted: bool) -> bytes:
        """A new name as it stands in the header, in the encoding of the header."""
        written = _encoded(name, header)
        if quoted or not name or any(byte in written for byte in (*DELIMITERS, *b'"\r\n')):
            return b'"%b"' % written.replace(b'"', b'""')
        return written


def _utf8_decoder(columns: Pairs) -> codecs.IncrementalDecoder | None:
    """None where the new names are the same in every encoding."""
    is_plain = all(name.isascii() for _, name in columns)
    return None if is_plain else codecs.getincrementaldecoder("utf-8")()


def _encoded(name: str, header: bytes) -> bytes:
    encoding = encoding_of_line(header)
    if encoding == "utf-8":
        return name.encode("utf-8", "replace")
    try:
        return name.encode(encoding)
    except UnicodeEncodeError as error:
        message = f"the header is in {encoding}, which cannot write the new name {name!r}"
        remedy = "choose another name in the list's `columns`, or have the source write UTF-8"
        raise InvalidReport(message, reason="columns", remedy=remedy, max_attempts=1) from error


def _unclear(name: str, found: Sequence[str]) -> InvalidReport:
    shown = ", ".join(found[:MOST_SHOWN_COLUMNS]) + (", …" if len(found) > MOST_SHOWN_COLUMNS else "")
    if name in found:
        return InvalidReport(
            f"the report has {found.count(name)} columns called {name!r}",
            reason="columns",
            remedy="give them different names at the source, or leave that one out of the list's `columns`",
        )
    plain = {each.strip().casefold(): each for each in found}
    near = difflib.get_close_matches(name.strip().casefold(), plain, n=1)
    hint = f"; is {plain[near[0]]!r} meant?" if near else ""
    return InvalidReport(
        f"the report has no column {name!r}{hint}",
        reason="columns",
        remedy=f"correct `columns` in the list; the report has: {shown}",
    )
