"""Knows how a body of unknown length travels: chunks, gzip without compressing the same block twice, a pace."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Protocol

from sfr.demo.exchange import Exchange

PIECE_BYTES = 32 * 1024
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_DEFLATE_BLOCK = b"\x03\x00"
_TICK_SECONDS = 0.05


class Encoder(Protocol):
    """A Content-Encoding; '' is none."""

    name: str

    def encode(self, piece: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Identity:
    """Bytes as they are."""

    name = ""

    def encode(self, piece: bytes) -> bytes:
        return piece

    def finish(self) -> bytes:
        return b""


@lru_cache(maxsize=64)
def _deflated(piece: bytes) -> bytes:
    """A deflate run that ends on a byte and refers to nothing before it (full flush, RFC 1951): it can be repeated."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)


class Gzip:
    """One gzip member (RFC 1952); a piece that was sent before costs only its checksum."""

    name = "gzip"

    def __init__(self) -> None:
        self._crc = 0
        self._size = 0

    def encode(self, piece: bytes) -> bytes:
        head = b"" if self._size else _GZIP_HEAD
        self._crc = zlib.crc32(piece, self._crc)
        self._size += len(piece)
        return head + _deflated(piece)

    def finish(self) -> bytes:
        head = b"" if self._size else _GZIP_HEAD
        return head + _LAST_DEFLATE_BLOCK + struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF)


class Body:
    """A chunked body being sent (RFC 9112 §7.1)."""

    def __init__(self, exchange: Exchange, encoder: Encoder) -> None:
        self._exchange = exchange
        self._encoder = encoder

    def write(self, piece: bytes) -> None:
        """One piece, one chunk."""
        self._chunk(self._encoder.encode(piece))

    def end(self) -> None:
        """The orderly end of encoding and chunks."""
        self._chunk(self._encoder.finish())
        self.end_chunks()

    def end_chunks(self) -> None:
        """The last chunk, whether or not the encoding is complete."""
        self._exchange.end()
        self._exchange.send(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self._exchange.send(b"%x\r\n%b\r\n" % (len(data), data))


def merged(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes without small pieces; a large piece passes as the same object, which `Gzip` knows again."""
    waiting = b""
    for piece in pieces:
        if not waiting and len(piece) >= PIECE_BYTES:
            yield piece
            continue
        waiting += piece
        if len(waiting) >= PIECE_BYTES:
            yield waiting
            waiting = b""
    if waiting:
        yield waiting


def paced(exchange: Exchange, pieces: Iterable[bytes], bytes_per_second: float) -> Iterator[bytes]:
    """The same bytes, slowed down to `bytes_per_second` before encoding; 0 means as fast as they are taken."""
    if not bytes_per_second:
        yield from pieces
        return
    size = max(1, int(bytes_per_second * _TICK_SECONDS))
    began, sent = time.monotonic(), 0
    for piece in pieces:
        for start in range(0, len(piece), size):
            part = piece if len(piece) <= size else piece[start : start + size]
            yield part
            sent += len(part)
            exchange.wait(began + sent / bytes_per_second - time.monotonic())
