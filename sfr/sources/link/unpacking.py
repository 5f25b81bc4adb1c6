"""Knows files that came packed: gzip, zstd and zip by their first bytes, and which members of an archive are wanted."""

from __future__ import annotations

import lzma
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import IO

from sfr.errors import Cancelled, DeliveryError, InvalidReport, ReportError, TransientError
from sfr.sources.link.options import LinkOptions

DAMAGED_TRIES = 3  # all of it has come, so that it is damaged where it lies
_IN_MEMORY_BYTES = 1 << 24
_PIECE_BYTES = 1 << 18
_MOST_PACKED_BYTES = 1 << 32
_MOST_MEMBERS = 100
_MARKS = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"))
_ENDINGS = {"csv": (".csv", ".tsv", ".tab", ".txt"), "json": (".json",), "xlsx": (".xlsx",), "xls": (".xls",)}
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error, OSError)


def packing_of(head: bytes, format_name: str, options: LinkOptions) -> str:
    """`gzip`, `zstd` or `zip` where what begins with `head` is to be unpacked; "" where it is to be left alone."""
    kind = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if options.member:
        if kind != "zip":
            raise InvalidReport(
                "no zip archive came", reason="format", remedy="take member out of the options of this report"
            )
        return kind
    if options.unpack == "no" or (options.unpack == "auto" and format_name == "file"):
        return ""
    if options.unpack == "auto" and format_name == "xlsx" and kind == "zip":
        return ""  # a workbook is an archive itself
    return kind


def is_packed(head: bytes) -> bool:
    """Does this begin like a packed file?"""
    return head.startswith(tuple(mark for mark, _ in _MARKS))


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: a label fit for a file's name, and how to read it."""

    label: str
    name: str
    pieces: Callable[[], Iterator[bytes]]


@contextmanager
def members_of(
    packed: Iterable[bytes], format_name: str, pattern: str, stopped: Callable[[], bool]
) -> Iterator[tuple[list[Member], list[str]]]:
    """The wanted members of a zip archive, and the names of those left out.

    An archive's directory stands at its end, so that all of it is put aside first: in memory up to 16 MB, then in a
    nameless temporary file. Raises TransientError when it is damaged, ReportError when nothing in it is wanted or it
    cannot be unpacked.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        _put_aside(packed, file, stopped)
        with _renamed():
            archive = zipfile.ZipFile(file)
        with archive:
            files = [info for info in archive.infolist() if not _is_litter(info)]
            chosen = _chosen(files, format_name, pattern)
            for info in chosen:
                if info.flag_bits & 1:
                    raise ReportError("the zip archive is encrypted", reason="encrypted", remedy="ask for a plain one")
            left = [info.filename for info in files if info not in chosen]
            yield [_member(archive, info, label) for info, label in zip(chosen, _labels(chosen), strict=True)], left


def _put_aside(packed: Iterable[bytes], file: IO[bytes], stopped: Callable[[], bool]) -> None:
    size_bytes = 0
    for piece in packed:
        size_bytes += len(piece)
        if stopped():
            raise Cancelled("the run is being stopped")
        if size_bytes > _MOST_PACKED_BYTES:
            raise ReportError("the zip archive is larger than 4 GB", reason="too-large", remedy="ask for smaller ones")
        try:
            file.write(piece)
        except OSError as error:
            raise DeliveryError(
                f"the zip archive cannot be put aside: {error.strerror}",
                reason="disk",
                remedy="make room in the folder for temporary files",
            ) from error


@contextmanager
def _renamed() -> Iterator[None]:
    try:
        yield
    except NotImplementedError:
        raise ReportError(
            "the zip archive is packed in a way that cannot be read here",
            reason="unpacker",
            remedy="ask for one that is packed with deflate",
        ) from None
    except _DAMAGED as error:
        raise TransientError(
            f"the zip archive is damaged: {str(error)[:80]}", reason="cut", max_attempts=DAMAGED_TRIES
        ) from None


def _is_litter(info: zipfile.ZipInfo) -> bool:
    """What systems leave in archives: folders, hidden files, macOS's copies of attributes."""
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or not parts or parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1] == "Thumbs.db"


def _chosen(files: list[zipfile.ZipInfo], format_name: str, pattern: str) -> list[zipfile.ZipInfo]:
    if pattern:
        chosen = [info for info in files if _fits(info.filename, pattern)]
    else:
        named = [info for info in files if info.filename.lower().endswith(_ENDINGS.get(format_name, ()))]
        chosen = named or files
    if not chosen:
        there = ", ".join(_printable(info.filename) for info in files[:5]) or "nothing at all"
        raise ReportError(
            f"the zip archive has no member {_printable(pattern)}" if pattern else "the zip archive is empty",
            reason="no-member",
            remedy=f"it has: {there}" + (" …" if len(files) > 5 else ""),
        )
    if len(chosen) > _MOST_MEMBERS:
        raise ReportError(
            f"the zip archive has {len(chosen):,} files",
            reason="too-many-members",
            remedy=f"name those you want as member in the options, at most {_MOST_MEMBERS}",
        )
    return chosen


def _fits(name: str, pattern: str) -> bool:
    name, pattern = name.lower(), pattern.lower()
    return fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern)


def _labels(chosen: list[zipfile.ZipInfo]) -> list[str]:
    """A label for each: its name without ending; with its folders where another one is called the same."""
    short = [_label(PurePosixPath(info.filename).stem) for info in chosen]
    labels: list[str] = []
    for info, label in zip(chosen, short, strict=True):
        if short.count(label) > 1:
            label = _label(str(PurePosixPath(info.filename).with_suffix("")))
        number, unique = 1, label
        while unique.lower() in (each.lower() for each in labels):
            number += 1
            unique = f"{label}-{number}"
        labels.append(unique)
    return labels


def _label(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80] or "file"


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)[:60]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> Member:
    def pieces() -> Iterator[bytes]:
        with _renamed():
            opened = archive.open(info)
        with opened:
            while True:
                with _renamed():
                    piece = opened.read(_PIECE_BYTES)  # its checksum is compared at its end
                if not piece:
                    return
                yield piece

    return Member(label, _printable(info.filename), pieces)
