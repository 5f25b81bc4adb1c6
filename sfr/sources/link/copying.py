"""Copies the body of an answer into the report's file: unpacked, judged by its beginning, its text looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sfr.connector import Sink
from sfr.csv_scan import BYTE_ORDER_MARK
from sfr.errors import InvalidReport
from sfr.http import Answer, beginning
from sfr.http_bodies import unpacked
from sfr.sources.link import classify
from sfr.sources.link.charsets import Text, text_of
from sfr.sources.link.options import LinkOptions
from sfr.sources.link.unpacking import DAMAGED_TRIES, is_packed, members_of, packing_of

HEAD_BYTES = 4096
TEXTS = ("csv", "json")
_ENDING = ("deflate", "br")  # others may have a further part behind their end mark (RFC 1952 2.2, RFC 8878 3.1)
_BEGINNINGS = {"xlsx": (b"PK\x03\x04",), "xls": (b"\xd0\xcf\x11\xe0", b"<")}
_OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # the latter with a password
# What files begin with whose address promises them: a server's error may come with status 200 in their place.
_PROMISED = {".pdf": (b"%PDF-",), ".parquet": (b"PAR1", b"PARE"), ".png": (b"\x89PNG",)} | dict.fromkeys(
    (".xlsm", ".xlsb", ".docx", ".pptx", ".ods", ".odt"), _OFFICE
)
_LONGEST_PREFACE_BYTES = 1024  # readers of PDF look for its beginning there

# Writes a piece of a text.
Writing = Callable[[bytes, Text], None]


@dataclass(frozen=True, slots=True)
class Judge:
    """What a body must look like: the report's format and options, where it is from, how we asked."""

    format: str
    options: LinkOptions
    url: str
    with_credentials: bool
    stopped: Callable[[], bool]

    def refuse_type(self, content_type: str) -> None:
        """Raises InvalidReport for another Content-Type than the expected one."""
        found = content_type.partition(";")[0].strip().lower()
        wanted = self.options.expect_type.lower().strip()
        if wanted and not fnmatchcase(found, wanted):
            raise InvalidReport(
                f"the server sent {found[:60] or 'no Content-Type'} where {wanted} was expected", reason="type"
            )

    def may_be_page(self) -> bool:
        """Is a web page itself what is wanted?"""
        path = urlsplit(self.url).path.lower()
        return self.format == "file" and (
            path.endswith((".html", ".htm", ".xhtml")) or "html" in self.options.expect_type.lower()
        )

    def refuse(self, head: bytes, more: Iterator[bytes]) -> None:
        """Raises InvalidReport when what begins with `head` cannot be the file; `more` is read only then."""
        start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
        if not start:
            raise InvalidReport("the server sent an empty file", reason="empty", max_attempts=3)
        if start[:1] == b"<" and self._refuses_markup(start):
            raise classify.by_page(_up_to(head, more), self.with_credentials)
        if self.format == "csv" and start[:1] in (b"{", b"["):
            raise classify.by_message(_up_to(head, more))
        if self.format in TEXTS and is_packed(head):
            raise InvalidReport(
                "the file is packed, perhaps twice" if self.options.unpack != "no" else "the file is packed",
                reason="packed",
                remedy="leave unpack out of the options of this report, or give them format: file to get it as it is",
            )
        if suffix := self._broken_promise(head):
            raise classify.by_other_content(suffix, _up_to(head, more))
        if self.format in _BEGINNINGS and not start.startswith(_BEGINNINGS[self.format]):
            raise InvalidReport(
                f"the server sent another format than {self.format}",
                reason="format",
                remedy="give the format that comes in the options of this report",
            )

    def _broken_promise(self, head: bytes) -> str:
        """How the address ends, if files that end so begin otherwise; "" also for what may have been unpacked."""
        suffix = PurePosixPath(urlsplit(self.url).path.lower()).suffix
        marks = _PROMISED.get(suffix, ()) if self.format == "file" else ()
        if not marks or self.options.unpack == "yes" or self.options.member:
            return ""
        return "" if any(mark in head[:_LONGEST_PREFACE_BYTES] for mark in marks) else suffix

    def _refuses_markup(self, start: bytes) -> bool:
        """An .xls may be an HTML table, another file XML; a page may only come where pages are asked for."""
        if self.format == "xls":
            return classify.is_login_page(start)
        if self.format == "file":
            page = start[:200].lower()
            return not self.may_be_page() and (page.startswith(b"<!doctype html") or b"<html" in page)
        return True


def copy_body(answer: Answer, judge: Judge, into: Sink, writing: Writing | None) -> tuple[tuple[str, ...], bool]:
    """Write the body; returns warnings, and whether an end mark of its own was seen where the answer announced none.

    `writing` takes the pieces in place of `into` where their bytes are those of the body, one to one.
    """
    head, body = _peeked(answer.pieces())
    kind = packing_of(head, judge.format, judge.options)
    if kind == "zip":
        return _copy_members(body, answer, judge, into), True
    if kind:
        body = unpacked(kind, body, what="the packed file", tries=DAMAGED_TRIES)
    warnings = copy_content(body, answer, judge, into, None if kind else writing)
    return warnings, not kind and _coding(answer) in _ENDING


def _coding(answer: Answer) -> str:
    return answer.headers.get("Content-Encoding", "").lower().strip()


def copy_content(
    body: Iterator[bytes], answer: Answer, judge: Judge, into: Sink, writing: Writing | None = None
) -> tuple[str, ...]:
    """Write what is no longer packed; returns warnings."""
    head, body = _peeked(body)
    text = _text(head, answer, judge)
    head, body = _peeked(text.passing(body))
    judge.refuse(head, body)
    for piece in body:
        if writing is not None and not text.changes:
            writing(piece, text)
        else:
            into.write(piece)
    return text.warnings


def _text(head: bytes, answer: Answer, judge: Judge) -> Text:
    options = judge.options
    if judge.format in TEXTS or (judge.format == "file" and (options.charset or options.to_utf8)):
        return text_of(head, answer.headers.get("Content-Type", ""), options.charset, options.to_utf8)
    return Text()


def _copy_members(packed: Iterator[bytes], answer: Answer, judge: Judge, into: Sink) -> tuple[str, ...]:
    """The first member becomes the report itself, the others files beside it."""
    warnings: list[str] = []
    with members_of(packed, judge.format, judge.options.member, judge.stopped) as (members, left):
        for number, member in enumerate(members):
            sink = into if number == 0 else into.another(member.label)
            found = copy_content(member.pieces(), answer, judge, sink)
            warnings += [f"{member.name}: {warning}" for warning in found] if len(members) > 1 else found
        if len(members) > 1:
            warnings.insert(0, f"the zip archive has {len(members)} files; this one is {members[0].name}")
        if left and not judge.options.member:
            warnings.append(f"{len(left)} other files of the zip archive were left out")
    return tuple(warnings)


def _peeked(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning, and all of it, the beginning included."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return head, _chained(head, pieces)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _up_to(head: bytes, pieces: Iterator[bytes]) -> bytes:
    """The beginning of a page; `pieces` begin with `head` again."""
    return beginning(pieces, classify.PAGE_LIMIT_BYTES)[: classify.PAGE_LIMIT_BYTES] or head
