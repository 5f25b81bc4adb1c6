"""Knows how a broken-off download goes on: what is kept meanwhile, and whether the rest belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sfr.connector import Sink
from sfr.sources.link.charsets import Text
from sfr.sources.link.versions import OVERLAP_BYTES, Point, point_text, tail_of

KEEP_EVERY_BYTES = 4_000_000


class Keeper:
    """Writes bytes as they come, and keeps a point every few megabytes. `size_bytes` are there by now."""

    def __init__(self, into: Sink, point: Point, tail: bytes = b"") -> None:
        self._into, self._point, self._tail = into, point, tail
        self._kept_bytes = self.size_bytes = point.size_bytes

    def write(self, piece: bytes, text: Text) -> None:
        """Pass a piece on. A point is kept behind a line end, where a record of a table ends too, most likely."""
        if self.size_bytes + len(piece) - self._kept_bytes >= KEEP_EVERY_BYTES:
            end = piece.rfind(b"\n") + 1 or len(piece)
            self._pass_on(piece[:end])
            self._keep(text)
            piece = piece[end:]
        self._pass_on(piece)

    def _pass_on(self, piece: bytes) -> None:
        if piece:
            self._into.write(piece)
            self.size_bytes += len(piece)
            self._tail = (self._tail + piece[-OVERLAP_BYTES:])[-OVERLAP_BYTES:]

    def _keep(self, text: Text) -> None:
        if OVERLAP_BYTES <= self.size_bytes < self._point.total_bytes:
            self._kept_bytes = self.size_bytes
            point = replace(self._point, size_bytes=self.size_bytes, tail=tail_of(self._tail), utf8=text.utf8)
            self._into.keep(point_text(point))


def behind_overlap(pieces: Iterator[bytes], tail: str) -> tuple[bytes, Iterator[bytes]] | None:
    """The overlap and what follows it; None when it is not what `tail` was made of: then another file comes."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= OVERLAP_BYTES:
            break
    overlap = head[:OVERLAP_BYTES]
    return (overlap, _chained(head[OVERLAP_BYTES:], pieces)) if tail_of(overlap) == tail else None


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest
