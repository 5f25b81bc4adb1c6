"""Keeps the part of a long fetch that is final on the disk, so that the next try, even after a crash, goes on there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sfr.model import Report

FORGOTTEN_SECONDS = 24 * 3600.0
PIECE_BYTES = 1 << 20


def key_of(report: Report) -> str:
    """The same for two tries at the same data: what is asked for and how it shall look, whatever it shall be called."""
    window = report.window.to_dict() if report.window else None
    form = [report.format, report.columns, report.other_columns]
    asked = [report.source, report.ref, report.params, report.options, window, form]
    return hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()[:32]


class Unfinished:
    """What is kept of one report. `folder` is private to the output; nothing is made there before `save`.

    A disk that refuses costs the chance to go on, not the report.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data, self._mark = folder / "data", folder / "point.json"

    def load(self) -> tuple[str, int]:
        """The point to go on from and the number of bytes before it; ("", 0) where nothing is kept, or not lately."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            mark = json.loads(self._mark.read_text(encoding="utf-8"))
            size, point = int(mark["bytes"]), str(mark["point"])
            fresh = time.time() - self._mark.stat().st_mtime < FORGOTTEN_SECONDS
            if fresh and self._data.stat().st_size >= size:
                return point, size
        return "", 0

    def pieces(self, size: int) -> Iterator[bytes]:
        """The first `size` bytes that are kept."""
        with self._data.open("rb") as file:
            while size > 0 and (piece := file.read(min(PIECE_BYTES, size))):
                size -= len(piece)
                yield piece

    def save(self, source: Path, size: int, point: str) -> None:
        """Keep the first `size` bytes of the file `source`, whose beginning may be kept already, and their point."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as read, self._data.open("ab") as write:
                have = min(self.load()[1], size)
                write.truncate(have)
                read.seek(have)
                shutil.copyfileobj(_Limited(read.read, size - have), write, PIECE_BYTES)
                write.flush()
                os.fsync(write.fileno())
            self._write_mark(size, point)

    def forget(self) -> None:
        """Nothing of it is needed any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_mark(self, size: int, point: str) -> None:
        new = self._mark.with_suffix(".new")
        new.write_text(json.dumps({"bytes": size, "point": point}), encoding="utf-8")
        new.replace(self._mark)


class _Limited:
    """A reader of at most so many bytes."""

    def __init__(self, read: object, size: int) -> None:
        self._read, self._left = read, size

    def read(self, size: int = PIECE_BYTES) -> bytes:
        piece: bytes = self._read(min(size, self._left))  # type: ignore[operator]
        self._left -= len(piece)
        return piece


def sweep_unfinished(folder: Path) -> None:
    """Remove what nobody came back for."""
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
