"""Knows how bodies are packed (gzip, deflate, zstd, br), unpacks them in bounded memory, notices where one is cut."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from sfr.errors import ConfigError, TransientError
from sfr.missing_package import missing_package

UNPACKED_PIECE_BYTES = 1 << 18
# A zstd block of 4 bytes may stand for 128 KiB (RFC 8878 §3.1.1.2.2), so that this many are at most 4 MiB.
_ZSTD_SLICE_BYTES = 128
_ZSTD_WINDOW_BYTES = 1 << 27  # what the zstd program itself unpacks without being told to

Pieces = Iterator[bytes]


def unpacked(coding: str, packed: Pieces, *, what: str = "the compressed answer", tries: int | None = None) -> Pieces:
    """The bytes that `packed` stands for; `coding` is named as in Content-Encoding.

    The codings are those of RFC 9110 §8.4.1, RFC 8878 (zstd) and RFC 7932 (br). Nothing unpacks to nothing. Raises
    TransientError for an unknown coding, and while reading (reason `cut`, at most `tries` attempts) for what is damaged
    or stops before its own end mark, told of `what`; ReportError (reason `unpacker`) where a package is missing.
    """
    coding = coding.lower().strip()
    if coding in ("", "identity"):
        return packed
    unpackers: dict[str, Callable[[Pieces, str, int | None], Pieces]] = {
        "gzip": _gunzipped,
        "x-gzip": _gunzipped,
        "deflate": _inflated,
        "zstd": _zstd_unpacked,
        "br": _brotli_unpacked,
    }
    if coding not in unpackers:
        raise TransientError(f"the server packed its answer in an unknown way: {coding[:40]}", max_attempts=3)
    return unpackers[coding](packed, what, tries)


def _gunzipped(packed: Pieces, what: str, tries: int | None) -> Pieces:
    """One member or several; zeros behind the last one are padding, as the gzip program has it."""
    unpacker: Any = None
    padding = False
    for piece in packed:
        rest = piece
        while rest:
            if unpacker is None or unpacker.eof:
                padding = padding or (unpacker is not None and rest[:1] == b"\0")
                if padding:
                    if rest.strip(b"\0"):
                        raise _damaged(what, "there is something behind its end", tries)
                    break
                unpacker = zlib.decompressobj(wbits=31)
            unpacked, rest = _next_piece(unpacker, rest, what, tries)
            if unpacked:
                yield unpacked
    if unpacker is not None and not unpacker.eof:
        raise _cut(what, tries)


def _inflated(packed: Pieces, what: str, tries: int | None) -> Pieces:
    """As RFC 9110 §8.4.1.2 has it, or without the zlib frame, as some servers send it."""
    unpacker: Any = None
    for piece in packed:
        rest = piece
        while rest:
            if unpacker is None:
                framed = rest[0] & 0x0F == 8 and rest[0] >> 4 <= 7  # RFC 1950 §2.2: method 8 with a window up to 32 KiB
                unpacker = zlib.decompressobj(wbits=15 if framed else -15)
            elif unpacker.eof:
                raise _damaged(what, "there is something behind its end", tries)
            unpacked, rest = _next_piece(unpacker, rest, what, tries)
            if unpacked:
                yield unpacked
    if unpacker is not None and not unpacker.eof:
        raise _cut(what, tries)


def _next_piece(unpacker: Any, rest: bytes, what: str, tries: int | None) -> tuple[bytes, bytes]:
    """One bounded step of zlib: what came out, and what is still to be put in."""
    try:
        unpacked: bytes = unpacker.decompress(rest, UNPACKED_PIECE_BYTES)
    except zlib.error as error:
        raise _damaged(what, str(error), tries) from None
    return unpacked, unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail


def _zstd_unpacked(packed: Pieces, what: str, tries: int | None) -> Pieces:
    try:
        import zstandard
    except ImportError:
        raise _missing("zstd", "zstandard", "sfr[zstd]") from None
    factory = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    unpacker: Any = None
    for piece in packed:
        for start in range(0, len(piece), _ZSTD_SLICE_BYTES):
            rest = piece[start : start + _ZSTD_SLICE_BYTES]
            while rest:
                if unpacker is None or unpacker.eof:
                    unpacker = factory.decompressobj()
                try:
                    unpacked = unpacker.decompress(rest)
                except zstandard.ZstdError as error:
                    raise _damaged(what, str(error), tries) from None
                rest = unpacker.unused_data if unpacker.eof else b""
                if unpacked:
                    yield unpacked
    if unpacker is not None and not unpacker.eof:
        raise _cut(what, tries)


def _brotli_unpacked(packed: Pieces, what: str, tries: int | None) -> Pieces:
    try:
        brotli: Any = import_module("brotli")  # it has no type hints
    except ImportError:
        raise _missing("Brotli", "Brotli", "sfr[brotli]") from None
    unpacker: Any = None
    for piece in packed:
        rest = piece
        while rest or (unpacker is not None and not unpacker.can_accept_more_data()):
            unpacker = brotli.Decompressor() if unpacker is None else unpacker
            try:
                unpacked = unpacker.process(rest, output_buffer_limit=UNPACKED_PIECE_BYTES)
            except brotli.error as error:
                raise _damaged(what, str(error), tries) from None
            rest = b""
            if unpacked:
                yield unpacked
    if unpacker is not None and not unpacker.is_finished():
        raise _cut(what, tries)


def _missing(format_name: str, package: str, extra: str) -> ConfigError:
    return missing_package(f"unpacking {format_name}", package, extra, reason="unpacker")


def _cut(what: str, tries: int | None) -> TransientError:
    return TransientError(f"{what} is cut", reason="cut", max_attempts=tries)


def _damaged(what: str, why: str, tries: int | None) -> TransientError:
    return TransientError(f"{what} is damaged: {why}", reason="cut", max_attempts=tries)
