"""Turns a proven CSV into the form a reader asked for, in bounded memory."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d%?")
_LARGEST_FIELD = 1 << 30


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted file: where it is, its size and hash, and how many cells were changed."""

    path: Path
    bytes: int
    sha256: str
    changed_cells: int


def for_excel(source: Path, target: Path, delimiter: str) -> Converted:
    """Rewrite a CSV for Excel: a byte order mark so that it reads UTF-8, and an apostrophe before cells that it would
    run as a formula. Plain numbers such as -5.00 stay; so do line ends and everything else inside the cells.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    encoding = _encoding_of(source)
    changed = 0
    with (
        source.open("r", encoding=encoding, newline="") as read,
        target.open("w", encoding="utf-8-sig", newline="") as write,
    ):
        ending = "\r\n" if read.readline().endswith("\r\n") else "\n"
        read.seek(0)
        writer = csv.writer(write, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=ending)
        for row in csv.reader(read, delimiter=delimiter):
            safe = [_harmless(cell) for cell in row]
            changed += sum(1 for before, after in zip(row, safe, strict=True) if before is not after)
            writer.writerow(safe)
    return Converted(target, target.stat().st_size, _sha256(target), changed)


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell


def _encoding_of(path: Path) -> str:
    """UTF-8 if every byte of it is, else the Windows code page, as an ISO-8859-1 export is best read."""
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            while file.read(1 << 20):
                continue
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
