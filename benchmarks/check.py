"""Knows when a downloaded file is the right one, for tools that keep the raw bytes, the body, or only the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from workloads import Report

CHUNK_BYTES = 1 << 20


def _chunks(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while size > 0 and (chunk := file.read(min(size, CHUNK_BYTES))):
            size -= len(chunk)
            yield chunk


def _is_copy_of(path: Path, report: Report, size: int) -> bool:
    """Is the file exactly the first `size` bytes of what the server has?"""
    if not path.is_file() or path.stat().st_size != size:
        return False
    pairs = zip(_chunks(path, size), _chunks(Path(report.file), size), strict=True)
    return all(ours == theirs for ours, theirs in pairs)


def is_raw_copy(path: Path, report: Report) -> bool:
    """Byte for byte what the server sent, footer included."""
    return _is_copy_of(path, report, report.total_bytes)


def is_body(path: Path, report: Report) -> bool:
    """Byte for byte what the server sent, up to the line end of the last record."""
    return _is_copy_of(path, report, report.body_bytes)


def has_right_rows(path: Path, report: Report) -> bool:
    """Every record and value, in order, in a file that quotes only where it must (pandas)."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == report.plain_sha256
