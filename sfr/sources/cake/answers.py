"""Reads CAKE's answers row by row, in JSON and in XML, so that a window of any size is never held as one text.

Both give the same: rows as dictionaries, and the rest of the answer (`success`, `row_count`, `message`) in `Envelope`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from sfr.csv_scan import BYTE_ORDER_MARK
from sfr.errors import TransientError

Row = dict[str, Any]

_LISTS = frozenset({"event_conversions", "conversions", "currencies"})
_ROWS_BEGIN = re.compile(r'(?<!\\)"(?:event_conversions|conversions|currencies)"\s*:\s*\[')
_SEPARATOR = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=Decimal)
_LONGEST_REST = 8_000_000  # characters of one row, or of everything beside the rows
_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
_MOST_UNREADABLE = 3


@dataclass(slots=True)
class Envelope:
    """What an answer says beside its rows; complete once the rows have been read. `value` is a bare text."""

    fields: dict[str, Any] = field(default_factory=dict)
    value: str = ""
    has_rows: bool = False

    @property
    def succeeded(self) -> bool | None:
        """None where the answer does not say."""
        told = self.fields.get("success")
        return None if told is None else str(told).strip().lower() == "true"

    @property
    def row_count(self) -> int | None:
        """How many rows there are in all, whatever the limit; None where the answer does not say."""
        told = str(self.fields.get("row_count")).strip()
        return int(told) if re.fullmatch(r"\d{1,15}", told) else None


def rows_of(pieces: Iterator[bytes], envelope: Envelope) -> Iterator[Row]:
    """The rows of an answer of either form, told apart by its first character; fills `envelope`.

    Raises TransientError for a web page, for nothing at all, and for what breaks off or cannot be read.
    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) > len(BYTE_ORDER_MARK) and head.removeprefix(BYTE_ORDER_MARK).strip():
            break
    begin = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not begin:
        raise TransientError("the server sent an empty answer", reason="empty")
    if begin[:1] == b"{":
        yield from _rows_of_json(begin, pieces, envelope)
    elif begin[:1] == b"<":
        yield from _rows_of_xml(begin, pieces, envelope)
    else:
        raise _unreadable(f"neither JSON nor XML came: {begin[:60].decode('utf-8', 'replace')!r}")


def _unreadable(message: str) -> TransientError:
    remedy = "set ANSWER to the other form, json or xml, if it happens again and again"
    return TransientError(message, reason="unreadable", remedy=remedy, max_attempts=_MOST_UNREADABLE)


def _broken_off() -> TransientError:
    return TransientError("the answer breaks off before its end", reason="cut")


class _Text:
    """JSON that is still arriving: what has come and is not used up yet."""

    def __init__(self, head: bytes, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.rest = self._decode(head)
        self.ended = False

    def more(self) -> None:
        """Wait for another piece. Raises TransientError when too much has come without being used."""
        if len(self.rest) > _LONGEST_REST:
            raise _unreadable("the answer is no conversion export")
        piece = next(self._pieces, None)
        self.ended = piece is None
        self.rest += self._decode(piece or b"", final=self.ended)

    def all(self) -> str:
        while not self.ended:
            self.more()
        return self.rest


def _rows_of_json(head: bytes, pieces: Iterator[bytes], envelope: Envelope) -> Iterator[Row]:
    text = _Text(head, pieces)
    while (found := _ROWS_BEGIN.search(text.rest)) is None and not text.ended:
        text.more()
    before = ""
    if found is not None:
        envelope.has_rows = True
        before, text.rest = text.rest[: found.end()], text.rest[found.end() :]
        yield from _objects(text)
    try:
        whole = json.loads(before + text.all())
    except ValueError:
        raise _broken_off() from None
    told = whole.get("d", whole)
    if isinstance(told, dict):
        envelope.fields = told
    else:
        envelope.value = "" if told is None else str(told)


def _objects(text: _Text) -> Iterator[Row]:
    """The rows up to the end of their list; leaves what follows from its closing bracket on."""
    at = 0
    while True:
        separator = _SEPARATOR.match(text.rest, at)
        at = separator.end() if separator else at
        if text.rest[at : at + 1] == "]":
            text.rest = text.rest[at:]
            return
        try:
            row, at = _DECODER.raw_decode(text.rest, at)
        except ValueError:
            text.rest, at = text.rest[at:], 0
            if text.ended:
                raise _broken_off() from None
            text.more()
            continue
        if isinstance(row, dict):
            yield row


def _rows_of_xml(head: bytes, pieces: Iterator[bytes], envelope: Envelope) -> Iterator[Row]:
    reader = _XmlReader(envelope)
    reader.feed(head)
    yield from reader.taken()
    for piece in pieces:
        reader.feed(piece)
        yield from reader.taken()
    reader.feed(b"", final=True)
    yield from reader.taken()


class _XmlReader:
    """Builds rows from elements, whatever their namespace.

    The standard parser is enough, since an answer with a document type is refused at once: without one there are no
    entities to expand or to fetch, and no HTML page passes for an answer.
    """

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        self._names: list[str] = []
        self._values: list[Row] = []
        self._texts: list[list[str]] = []
        self._rows: list[Row] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, data: bytes, *, final: bool = False) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            if final:
                raise _broken_off() from None
            raise _unreadable(f"the answer is no XML: {expat.ErrorString(error.code)}") from None

    def taken(self) -> list[Row]:
        """The rows that have come to their end since it was called last."""
        rows, self._rows = self._rows, []
        return rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._names and local.lower() == "html":
            _refuse_document_type()
        self._names.append(local)
        self._values.append({_NIL: True} if attributes.get(_NIL, "").lower() in ("true", "1") else {})
        self._texts.append([])
        if self._holds_rows(len(self._names)):
            self._envelope.has_rows = True

    def _text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _end(self, _name: str) -> None:
        name, value, text = self._names.pop(), self._values.pop(), "".join(self._texts.pop())
        content: Any = None if value.pop(_NIL, False) else value or (text if text.strip() else "")
        depth = len(self._names)
        if self._holds_rows(depth):
            self._rows.append(value)
        elif depth == 0:
            self._envelope.value = text.strip()
        elif depth == 1 and name not in _LISTS:
            self._envelope.fields[name] = content
        elif depth > 1:
            beside = self._values[-1]
            beside[name] = [*_listed(beside[name]), content] if name in beside else content

    def _holds_rows(self, depth: int) -> bool:
        """Is the element of that depth a list of rows? Old versions have rows right below the root, `ArrayOf…`."""
        names = self._names[:depth]
        return (len(names) == 2 and names[1] in _LISTS) or (len(names) == 1 and names[0].startswith("ArrayOf"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _refuse_document_type(*_: object) -> None:
    # Transient, since a gateway's page in the middle of a long export says nothing about what was fetched before.
    raise TransientError(
        "a web page came instead of an export",
        reason="web-page",
        max_attempts=3,
        remedy="is URL the admin domain of the instance? It may also be a gateway or a login in between",
    )
