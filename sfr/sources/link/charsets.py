"""Knows in which encoding a text seems to be while it streams by; turns it into UTF-8 where asked, or where it must."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email.message import Message

from sfr.errors import InvalidReport

_MARKS = (
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = re.compile(r"utf[-_]?(?:16|32)", re.I)
# Servers announce these without looking; browsers read them all as Windows-1252 (WHATWG Encoding Standard §4.2).
_GUESSES = {"", "ascii", "iso8859-1", "cp1252", "utf-8"}
_LIKELY = "cp1252"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_LONGEST_CHARACTER_BYTES = 4


def declared_charset(content_type: str) -> str:
    """The charset that a Content-Type names, as Python knows it; "" without one or with an unknown one."""
    message = Message()
    message["Content-Type"] = content_type
    try:
        found = codecs.lookup(str(message.get_param("charset", "")))
    except (LookupError, ValueError):
        return ""
    return found.name if found._is_text_encoding else ""


def wide_charset(head: bytes, declared: str) -> str:
    """`utf-16` or `utf-32` where the text is in that: by its mark, its zeros, or because it is announced; else ""."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[:200:2], head[1:200:2]
    if len(odd) >= 2 and b"\0" in head:
        if odd.count(0) > 0.7 * len(odd) and 0 not in even:
            return "utf-16-le"
        if even.count(0) > 0.7 * len(even) and 0 not in odd:
            return "utf-16-be"
    return declared if _WIDE.match(declared) and b"\0" in head else ""


class Text:
    """Bytes on their way. `warnings` are complete after the last piece; `changes` says whether bytes are changed, and
    `utf8` whether all was valid so far."""

    changes = False
    utf8 = True
    warnings: tuple[str, ...] = ()

    def passing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces as they shall be written."""
        return pieces


class Kept(Text):
    """A text whose bytes stay as they are; looked at only to say that they are not UTF-8.

    `resumed` says that the first piece may begin inside a character.
    """

    def __init__(self, declared: str, utf8: bool = True, resumed: bool = False) -> None:
        self._declared, self.utf8, self._resumed = declared, utf8, resumed

    def passing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for piece in pieces:
            if self.utf8:
                looked = piece
                if self._resumed:
                    self._resumed = False
                    start = next((at for at, byte in enumerate(piece[:3]) if byte & 0xC0 != 0x80), 3)
                    looked = piece[start:]
                self._look(decoder, looked)
            yield piece
        if self.utf8:
            self._look(decoder, b"", final=True)
        if not self.utf8:
            self.warnings = (self._warning(),)

    def _look(self, decoder: codecs.IncrementalDecoder, piece: bytes, final: bool = False) -> None:
        try:
            decoder.decode(piece, final)
        except UnicodeDecodeError:
            self.utf8 = False

    def _warning(self) -> str:
        if self._declared and self._declared not in ("utf-8", "ascii"):
            return f"the text is not in UTF-8 but in {self._declared}, as announced; to_utf8 in the options converts it"
        return "the text is not in UTF-8, probably in Windows-1252 (cp1252); to_utf8 in the options converts it"


class Converted(Text):
    """A text that becomes UTF-8, from a charset that is known."""

    changes = True

    def __init__(self, charset: str, warning: str = "") -> None:
        self._charset = charset
        self.warnings = (warning,) if warning else ()

    def passing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self._charset)("strict")
        marked = _WIDE.match(self._charset) is not None
        for piece in pieces:
            text = _decoded(decoder, piece, self._charset)
            if marked and text:
                marked, text = False, text.removeprefix("\ufeff")  # where the byte order is named, the mark stays
            if text:
                yield text.encode()
        if text := _decoded(decoder, b"", self._charset, final=True):
            yield text.encode()


class Guessed(Text):
    """A text that becomes UTF-8, from it or from `fallback`: the first character beyond ASCII tells."""

    changes = True

    def __init__(self, fallback: str) -> None:
        self._fallback = fallback

    def passing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        held = b""
        for piece in pieces:
            data = held + piece
            found = _NOT_ASCII.search(data)
            if found is None:
                held = b""
                yield data
            elif len(data) - found.start() < _LONGEST_CHARACTER_BYTES:
                held = data
            else:
                yield from Converted(self._charset_of(data[found.start() :])).passing(_chained(data, pieces))
                return
        if held:
            yield from Converted(self._charset_of(held.lstrip(bytes(range(128))))).passing(iter((held,)))

    def _charset_of(self, start: bytes) -> str:
        for size in range(2, _LONGEST_CHARACTER_BYTES + 1):
            try:
                start[:size].decode()
            except UnicodeDecodeError:
                continue
            return "utf-8"
        return self._fallback


def text_of(head: bytes, content_type: str, charset: str, to_utf8: bool) -> Text:
    """How a text that begins with `head` is to be treated; `charset` and `to_utf8` are what was asked for."""
    declared = declared_charset(content_type)
    if charset:
        return Converted(charset)
    if wide := wide_charset(head, declared):
        return Converted(wide, f"the text came in {wide[:6].upper()} and was turned into UTF-8, to be checked at all")
    if to_utf8 and declared in _GUESSES:
        return Guessed(_LIKELY)
    if to_utf8:
        return Converted(declared)
    return Kept(declared)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, charset: str, final: bool = False) -> str:
    try:
        return decoder.decode(piece, final)
    except (UnicodeError, ValueError) as error:
        where = f" (byte 0x{error.object[error.start]:02x})" if isinstance(error, UnicodeDecodeError) else ""
        raise InvalidReport(
            f"the text is not in {charset} throughout{where}",
            reason="charset",
            remedy="name the right encoding as charset in the options of this report, or leave the text as it is",
        ) from None
