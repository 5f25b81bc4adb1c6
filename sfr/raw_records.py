"""Cuts the bytes of a CSV into records and cells, each cell with the quotes it came with, and never changes one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import itemgetter

from sfr.errors import InvalidReport

LONGEST_RECORD_BYTES = 1 << 26
_QUOTED_CELL = re.compile(rb'"(?:[^"]++|"")*+"')


class RecordCutter:
    """Takes bytes in pieces of any size and gives back whole records; `rest` is what has not ended yet.

    A line end inside quotes ends nothing. Needs memory for one piece and one record.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._open = 0  # 1 inside a quoted cell

    @property
    def rest(self) -> bytes:
        return b"".join(self._pieces)

    def feed(self, data: bytes) -> bytes:
        """The next bytes; returns all records that are whole now. Raises InvalidReport for one that does not end."""
        end = self._last_end(data)
        if not end:
            self._pieces.append(data)
            self._bytes += len(data)
            if self._bytes > LONGEST_RECORD_BYTES:
                raise InvalidReport(
                    f"a record does not end within {LONGEST_RECORD_BYTES:,} bytes", reason="ragged", max_attempts=3
                )
            return b""
        whole = b"".join([*self._pieces, data[:end]])
        self._pieces, self._bytes = [data[end:]], len(data) - end
        return whole

    def _last_end(self, data: bytes) -> int:
        """Offset behind the last line end of `data` that is outside quotes; 0 without one."""
        open_here = self._open = (self._open + data.count(b'"')) % 2
        position = len(data)
        while (line_end := data.rfind(b"\n", 0, position)) >= 0:
            open_here = (open_here + data.count(b'"', line_end, position)) % 2
            if not open_here:
                return line_end + 1
            position = line_end
        return 0


class CellPicker:
    """Gives of each record the cells with the numbers `order`, for records of `width` cells.

    A lone empty cell becomes `""`, and a lone cell with a delimiter is quoted: a blank line would be no record, and
    nobody can tell the delimiter of a single column. Where `null` is "", a lone empty cell is no value and stays so.
    """

    def __init__(self, order: Sequence[int], width: int, delimiter: bytes, null: str | None = None) -> None:
        self._order, self._width, self._delimiter, self._null = tuple(order), width, delimiter, null
        self._pick = itemgetter(*self._order) if len(self._order) > 1 else None
        self._between = [delimiter] * (width - 1)
        self._cell = re.compile(rb'((?:[^"%b]++|"[^"]*+")*+)%b' % (re.escape(delimiter), re.escape(delimiter)))

    def of(self, block: bytes) -> bytes:
        """The cells of a block of whole records. Raises InvalidReport when a record lacks some."""
        if b'"' not in block:
            picked = self._of_plain(block)
        else:
            picked = self._of_quoted(block) if block.startswith(b'"') else None
        return picked if picked is not None else b"".join(map(self._of_line, records_of(block)))

    def of_record(self, record: bytes) -> bytes:
        """The same of one record without its line end."""
        cells = self.cells(record)
        if len(cells) != self._width:
            raise _ragged(len(cells), self._width)
        if self._pick is None:
            cell = cells[self._order[0]]
            return _lone(cell) if cell or self._null != "" else cell
        return self._delimiter.join(self._pick(cells))

    def _of_plain(self, block: bytes) -> bytes | None:
        """The fast way without any quotes; None where line ends are mixed or lines blank."""
        line_end = b"\r\n" if b"\r" in block else b"\n"
        if line_end == b"\r\n" and not block.count(b"\r") == block.count(b"\n") == block.count(line_end):
            return None
        if block.startswith(line_end) or line_end + line_end in block or self._pick is None:
            return None
        delimiter, pick = self._delimiter, self._pick
        rows = [line.split(delimiter) for line in block[: -len(line_end)].split(line_end)]
        if set(map(len, rows)) != {self._width}:
            return None
        return line_end.join([delimiter.join(pick(row)) for row in rows]) + line_end

    def _of_quoted(self, block: bytes) -> bytes | None:
        """The fast way where every cell is quoted and none holds a quote: the quotes alternate. Else None."""
        parts = block.split(b'"')
        line_end, cells = parts[-1], parts[1::2]
        if line_end not in (b"\n", b"\r\n") or len(cells) % self._width:
            return None
        if parts[2::2] != [*self._between, line_end] * (len(cells) // self._width):
            return None
        rows = zip(*(cells[number :: self._width] for number in self._order), strict=True)
        between_cells, between_rows = b'"' + self._delimiter + b'"', b'"' + line_end + b'"'
        return b'"' + between_rows.join(map(between_cells.join, rows)) + b'"' + line_end

    def _of_line(self, line: bytes) -> bytes:
        line_end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        return self.of_record(line[: -len(line_end)]) + line_end

    def cells(self, record: bytes) -> Sequence[bytes]:
        if b'"' not in record:
            return record.split(self._delimiter)
        parts = record.split(b'"')
        if not parts[0] and not parts[-1] and parts[2:-1:2] == self._between:
            return [b'"%b"' % cell for cell in parts[1::2]]
        found: list[bytes] = self._cell.findall(record + self._delimiter)
        for cell in found:
            if b'"' in cell and (self._delimiter in cell or b"\n" in cell) and not _QUOTED_CELL.fullmatch(cell):
                raise _misquoted()
        return found


def records_of(block: bytes) -> Iterator[bytes]:
    """The records of a block one by one, with their line ends; the block ends with one."""
    unfinished: list[bytes] = []
    for line in block[:-1].split(b"\n"):
        turns = b'"' in line and line.count(b'"') % 2
        if unfinished or turns:
            unfinished.append(line)
        if not unfinished:
            yield line + b"\n"
        elif turns and len(unfinished) > 1:
            yield b"\n".join(unfinished) + b"\n"
            unfinished = []


def _lone(cell: bytes) -> bytes:
    if cell.startswith(b'"') or (cell and not any(delimiter in cell for delimiter in (b",", b";", b"\t", b"|"))):
        return cell
    return b'"%b"' % cell


def _misquoted() -> InvalidReport:
    return InvalidReport(
        "a quote stands within a cell that is not quoted, and nobody can tell where that cell ends",
        reason="quotes",
        remedy="have the source quote its cells as RFC 4180 says, or take `columns` out of the list",
    )


def _ragged(found: int, width: int) -> InvalidReport:
    return InvalidReport(f"a record has {found} fields where the header has {width}", reason="ragged", max_attempts=3)
