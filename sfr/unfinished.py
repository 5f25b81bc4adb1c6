"""Keeps the part of a long fetch that is final on the disk, so that the next try, even after a crash, goes on there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from sfr.model import Report

FORGOTTEN_SECONDS = 24 * 3600.0
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a fetch came: the source's own point, the bytes before it, and their SHA-256."""

    point: str
    bytes: int
    sha256: str


def key_of(report: Report, origin: str = "") -> str:
    """The same for two tries at the same file: what is asked for and of which server (`origin`), how it shall look, and
    its name and folder, which no two reports of a run share, so that no two ever write here at once."""
    window = report.window.to_dict() if report.window else None
    form = [report.format, report.columns, report.other_columns]
    place = [report.folder, report.name]
    asked = [report.source, origin, report.ref, report.params, report.options, window, form, place]
    return hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()[:32]


class Unfinished:
    """What is kept of one report. `folder` is private to the output; nothing is made there before `save`.

    A disk that refuses costs the chance to go on, not the report.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data, self._mark = folder / "data", folder / "point.json"

    def load(self) -> Mark | None:
        """Where to go on; None where nothing is kept, not lately, or not as it was written."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = json.loads(self._mark.read_text(encoding="utf-8"))
            mark = Mark(str(found["point"]), int(found["bytes"]), str(found["sha256"]))
            fresh = time.time() - self._mark.stat().st_mtime < FORGOTTEN_SECONDS
            if mark.point and fresh and 0 <= mark.bytes <= self._data.stat().st_size:
                return mark
        return None

    def pieces(self, size: int) -> Iterator[bytes]:
        """The first `size` bytes that are kept. Raises OSError."""
        with self._data.open("rb") as file:
            yield from _beginning(file, size)

    def save(self, source: Path, mark: Mark) -> None:
        """Keep the beginning of the file `source`, whose own beginning may be kept already, up to `mark`.

        It never takes more than half of what is free: the report itself needs the disk.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            before = self.load()
            have = min(before.bytes, mark.bytes) if before else 0
            if mark.bytes - have > shutil.disk_usage(self._folder).free // 2:
                raise OSError("too little is free")
            with source.open("rb") as read, self._data.open("ab") as write:
                write.truncate(have)
                read.seek(have)
                write.writelines(_beginning(read, mark.bytes - have))
                write.flush()
                os.fsync(write.fileno())
            self._write_mark(mark)
        except OSError:
            self.forget()

    def forget(self) -> None:
        """Nothing of it is needed any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_mark(self, mark: Mark) -> None:
        new = self._mark.with_suffix(".new")
        new.write_text(json.dumps(asdict(mark)), encoding="utf-8")
        new.replace(self._mark)


def _beginning(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file."""
    while size > 0 and (piece := file.read(min(PIECE_BYTES, size))):
        size -= len(piece)
        yield piece


def sweep_unfinished(folder: Path) -> None:
    """Remove what nobody came back for."""
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
