"""Keeps records on the disk that memory cannot hold, in files without a name, which no kill leaves behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sfr.csv_records import Batches, Rows, rows_of

_LINE_END = b"\r\n"  # a lone carriage return at the end of a cell stays one


class Spool:
    """Records of `width` cells, in `folder`; written first, then read. Raises OSError."""

    def __init__(self, folder: Path, width: int, delimiter: bytes) -> None:
        self._width, self._delimiter = width, delimiter
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  `close` ends it

    def write(self, rows: Rows) -> None:
        if rows:
            self._file.write(_LINE_END.join(map(self._delimiter.join, rows)) + _LINE_END)

    def batches(self, block_bytes: int) -> Batches:
        """All of them, as they were written; the file is gone afterwards."""
        self._file.seek(0)
        yield from rows_of(self._blocks(block_bytes), self._width, self._delimiter)
        self.close()

    def close(self) -> None:
        self._file.close()

    def _blocks(self, block_bytes: int) -> Iterator[bytes]:
        while block := self._file.read(block_bytes):
            yield block
