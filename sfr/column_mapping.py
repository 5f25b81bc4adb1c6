"""Renames, drops and reorders the columns of a CSV while its bytes stream by; the text of no cell changes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence

from sfr.connector import Pairs, Sink
from sfr.csv_scan import BYTE_ORDER_MARK, DELIMITERS, CsvFacts, CsvScan, find_delimiter
from sfr.errors import InvalidReport
from sfr.raw_records import CellPicker, RecordCutter, records_of

MOST_SHOWN_COLUMNS = 12


class MappedSink:
    """A `Sink` before another one: the source writes its columns, `into` gets those that the list asks for.

    `columns` are pairs of a name at the source and the name to give it, in the order wanted. `other_columns` says
    what becomes of the rest: "drop", or "keep", behind the others in their own order. Delimiter, line ends, byte order
    mark and the quotes of each cell stay. What comes is scanned as `CsvScan` does; `write` and `finish` raise its
    InvalidReport, and one with the reason `columns` when a column is missing.

    A point that the source keeps travels with the header of what it wrote, so that a later try, which begins without
    a header, is mapped the same way.
    """

    def __init__(self, into: Sink, columns: Pairs, other_columns: str = "drop") -> None:
        self._into, self._columns, self._other_columns = into, columns, other_columns
        self._others: dict[str, MappedSink] = {}
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
            self._others[label] = MappedSink(self._into.another(label), self._columns, self._other_columns)
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
            self._into.write(self._picker.of_record(rest))
        for other in self._others.values():
            other.finish()
        return facts

    def _begin(self) -> None:
        self._scan, self._cutter = CsvScan(), RecordCutter()
        self._picker: CellPicker | None = None
        self._header = b""
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
        self._header = header
        delimiter = find_delimiter(header)
        order = self._order(self._scan.columns)
        self._picker = CellPicker(order, len(self._scan.columns), delimiter)
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


def _encoded(name: str, header: bytes) -> bytes:
    try:
        header.decode("utf-8")
    except UnicodeDecodeError:
        return name.encode("latin-1", "replace")  # as CsvScan reads such a header
    return name.encode("utf-8", "replace")


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
