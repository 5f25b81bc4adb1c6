"""Reads a staged file once, part by part, on its way to S3, and knows every sum that S3 may say about it."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import BinaryIO

MEBIBYTE = 1 << 20
SMALLEST_PART_BYTES = 8 * MEBIBYTE
_MOST_PARTS = 9_000  # S3 allows 10,000


def part_bytes_for(size_bytes: int) -> int:
    """How large the parts of a file are: 8 MiB, and more for one that would have too many of them."""
    needed = -(-size_bytes // _MOST_PARTS)
    return max(SMALLEST_PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)


class Sums:
    """Sums of all bytes seen so far; each piece that is added is one part. A CRC32 is made where the server keeps one
    of the whole, the parts' tags (MD5) where it does not: each costs time."""

    def __init__(self, *, crc32: bool = True, tags: bool = True) -> None:
        self.bytes = 0
        self._wanted = crc32, tags
        self._sha256 = hashlib.sha256()
        self._crc32 = 0
        self._parts: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.bytes += len(piece)
        self._sha256.update(piece)
        crc32, tags = self._wanted
        if crc32:
            self._crc32 = zlib.crc32(piece, self._crc32)
        if tags:
            self._parts.append(hashlib.md5(piece, usedforsecurity=False).digest())

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def crc32(self) -> str:
        """As S3 writes it."""
        return b64encode(self._crc32.to_bytes(4, "big")).decode()

    @property
    def part_tags(self) -> list[str]:
        """The tags that the parts get where nothing is encrypted: their MD5."""
        return [part.hex() for part in self._parts]

    def tag(self, *, in_parts: bool) -> str:
        """The tag that the whole gets there: the MD5 of what came at once, or that of the parts' MD5s."""
        if not in_parts:
            return (self._parts or [hashlib.md5(b"", usedforsecurity=False).digest()])[0].hex()
        return f"{hashlib.md5(b''.join(self._parts), usedforsecurity=False).hexdigest()}-{len(self._parts)}"


class PartReader:
    """What the transfer reads a large file from: each `read` is one part.

    It cannot be rewound, so that the bytes that are summed are the bytes that are sent. `went` is told how many there
    are so far, always from one thread; what it raises ends the transfer. `is_over` says that nobody wants the rest.
    """

    def __init__(self, file: BinaryIO, sums: Sums, went: Callable[[int], None]) -> None:
        self._file, self.sums, self._went = file, sums, went
        self.is_over: Callable[[], bool] = lambda: False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size_bytes: int = -1) -> bytes:
        if self.is_over():
            return b""
        piece = self._file.read(size_bytes)
        if piece:
            self.sums.add(piece)
            self._went(self.sums.bytes)
        return piece
