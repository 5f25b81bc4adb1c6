"""A file on its way: counted, hashed and scanned while it is written, and without its name until it is proven."""

from __future__ import annotations

import hashlib
import json
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from sfr.atomic import delivery_error
from sfr.csv_scan import CsvFacts, CsvScan
from sfr.errors import InvalidReport, ReportError
from sfr.part_names import Writer, writer_of

BUFFER_BYTES = 1 << 18
FORGOTTEN_SECONDS = 24 * 3600.0
MOST_CUT = 10  # tries at a file whose own form says that it is not whole
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how a binary workbook begins ([MS-CFB] 2.2); its end is no mark
_TABLE_ENDS = {b"</html>": b"<table", b"</table>": b"<table", b"</body>": b"<table", b"</workbook>": b"<worksheet"}

# What zipfile raises about damaged archives beside its own error.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error, OSError)


class StagedFile:
    """A sink that writes to `path`. `on_bytes` is told the size so far and may raise to stop the transfer.

    Raises DeliveryError when the disk refuses, ReportError beyond `limit_bytes`, InvalidReport as `CsvScan` does.
    """

    def __init__(self, path: Path, format_name: str, limit_bytes: int, on_bytes: Callable[[int], None]) -> None:
        self.path = path
        self.bytes = 0
        self._format = format_name
        self._limit_bytes = limit_bytes
        self._on_bytes = on_bytes
        self.self_evident = False  # whether its own form shows that it is whole, once `finish` was asked
        self._digest = hashlib.sha256()
        self._scan = CsvScan() if format_name == "csv" else None
        self._file = self._open()

    @property
    def sha256(self) -> str:
        """Of all that was written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes | memoryview, /) -> int:
        """Take the next bytes of the report."""
        if self._scan is not None and data:
            self._scan.feed(data)
        return self.append(data)

    def append(self, data: bytes | memoryview) -> int:
        """Write bytes that belong to the file but not to its records, such as a footer that shall be kept."""
        self._digest.update(data)
        self.bytes += len(data)
        if self.bytes > self._limit_bytes:
            raise _too_large(self._limit_bytes)
        try:
            self._file.write(data)
        except OSError as error:
            raise delivery_error(self.path, error) from error
        self._on_bytes(self.bytes)
        return len(data)

    def finish(self) -> CsvFacts | None:
        """After the last byte: what the scan found (None for a format that is not CSV). Raises InvalidReport."""
        self.flush()
        if self._scan is not None:
            return self._scan.finish()
        self.self_evident = _is_whole(self.path, self._format, self._limit_bytes)
        return None

    def finish_writing(self) -> None:
        """Close, and notice a disk that is full only now. Raises DeliveryError."""
        self.flush()
        self.close()

    def close(self) -> None:
        """Close the file; it stays where it is."""
        with suppress(OSError):  # a full disk was reported by write or flush already
            self._file.close()

    def discard(self) -> None:
        """Close and remove; used where the file is not what was asked for."""
        self.close()
        with suppress(OSError):  # swept at the next start
            self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Hand everything to the system. Raises DeliveryError when the disk refuses."""
        if self._file.closed:  # then all of it went already
            return
        try:
            self._file.flush()
        except OSError as error:
            raise delivery_error(self.path, error) from error

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("xb", buffering=BUFFER_BYTES)
        except OSError as error:
            raise delivery_error(self.path, error) from error


def _too_large(limit_bytes: int) -> ReportError:
    return ReportError(
        f"the answer is larger than {limit_bytes / 1e6:,.0f} MB",
        reason="too-large",
        remedy="raise SFR_MAX_REPORT_MEGABYTES if this report is really that large",
    )


def sweep(folder: Path, *, ours: bool) -> int:
    """Remove partial files of runs that have ended from `folder`; returns how many.

    `ours` is a folder inside the output whose lock is held: there a partial file that does not tell whose it is goes
    too. Call it while this process has no file on its way.
    """
    swept = 0
    for path in folder.glob(".*.part"):
        with suppress(OSError):  # gone meanwhile, or somebody else's; it is not in the way
            if _is_worthless(path, ours):
                path.unlink()
                swept += 1
    return swept


def _is_worthless(path: Path, ours: bool) -> bool:
    writer = writer_of(path.name)
    if writer is Writer.GONE or (ours and writer is not Writer.LIVES):
        return True
    # The number of an ended process may belong to another one now.
    return writer is not Writer.STRANGER and time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS


def _is_whole(path: Path, format_name: str, limit_bytes: int) -> bool:
    """Whether the file shows by its own form that it is whole; False where its form says nothing. A .xlsx is a zip
    archive, whose directory stands at its end; JSON must be readable. Raises InvalidReport where it is not whole."""
    if format_name == "json":
        _check_json(path)
    elif format_name == "xlsx":
        _check_zip(path, limit_bytes)
    elif format_name == "xls":
        return _is_whole_table(path)
    return format_name in ("json", "xlsx")


def _is_whole_table(path: Path) -> bool:
    """A .xls is an HTML table, a SpreadsheetML document, or binary, which has no end that could be seen."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            return False
        file.seek(max(0, path.stat().st_size - 4096))
        end = file.read().rstrip().lower()
        table = next((begin for mark, begin in _TABLE_ENDS.items() if end.endswith(mark)), None)
        if table is None:
            raise InvalidReport("the file is cut: its table does not end", reason="cut", max_attempts=MOST_CUT)
        if not _holds(file, table):
            raise InvalidReport("a web page without a table came", reason="web-page", max_attempts=2)
    return True


def _holds(file: BinaryIO, word: bytes) -> bool:
    """Does the word stand anywhere in the file, in whatever letter case?"""
    file.seek(0)
    before = b""
    while piece := file.read(BUFFER_BYTES):
        if word in (before + piece).lower():
            return True
        before = piece[1 - len(word) :]
    return False


def _check_json(path: Path) -> None:
    try:
        with path.open("rb") as file:
            json.load(file)
    except (ValueError, RecursionError) as error:
        message = f"the JSON is cut or damaged: {error}"
        raise InvalidReport(message[:200], reason="cut", max_attempts=None) from None


def _check_zip(path: Path, limit_bytes: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > limit_bytes:
                raise _too_large(limit_bytes)
            broken = archive.testzip() is not None
    except _DAMAGED:
        broken = True
    if broken:
        raise InvalidReport("the workbook is cut or damaged", reason="cut", max_attempts=None)
