"""Brings one file: from where an earlier try ended, or from its start, or not at all when it is the same one still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sfr.connector import Sink, Tools
from sfr.errors import SfrError, TransientError
from sfr.http import Answer, Client
from sfr.model import Fetched, Proof, Report
from sfr.sources.link import classify
from sfr.sources.link.addresses import place_of
from sfr.sources.link.asking import Ask, fingerprint_text, follow
from sfr.sources.link.charsets import Kept, Text, declared_charset
from sfr.sources.link.copying import TEXTS, Judge, copy_body
from sfr.sources.link.options import LinkOptions
from sfr.sources.link.resuming import Keeper, behind_overlap
from sfr.sources.link.versions import (
    Point,
    can_go_on,
    fingerprint,
    read_point,
    read_version,
    total_of,
    version_text,
)

_GOOD = (200, 203)


class OneFile:
    """A report of one link, for one try."""

    def __init__(self, client: Client, tools: Tools, report: Report, options: LinkOptions, ask: Ask) -> None:
        self._client, self._tools, self._report, self._options, self._ask = client, tools, report, options, ask
        self._wanted = fingerprint(fingerprint_text(ask, options, report.format))

    def bring(self, into: Sink) -> Fetched:
        """Write it. Where an earlier try cannot be gone on with, what it wrote is forgotten."""
        point = read_point(into.point, self._wanted) if self._ask.repeatable else None
        fetched = self._go_on(point, into) if point is not None else None
        if fetched is None:
            if into.point:
                into.restart()
            fetched = self._from_start(into)
        return fetched

    def _from_start(self, into: Sink) -> Fetched:
        version = read_version(into.validator, self._wanted) if self._ask.repeatable else None
        answer, last = follow(self._client, self._ask, version.conditions if version else _unconditional)
        with closing(answer), _named(answer):
            if answer.status == 304 and version is not None:
                request_id = _request_id(answer)
                return Fetched(unchanged=True, validator=into.validator, proof=Proof.LENGTH, request_id=request_id)
            _refuse_status(answer, last)
            judge = Judge(self._report.format, self._options, last.url, bool(last.secrets), self._tools.stopped)
            judge.refuse_type(answer.headers.get("Content-Type", ""))
            keeper = self._keeper(answer, last, into)
            warnings, ended = copy_body(answer, judge, into, keeper.write if keeper else None)
            return self._fetched(answer, last, warnings, ended)

    def _go_on(self, point: Point, into: Sink) -> Fetched | None:
        """Write the rest; None when the server has another file by now, cannot do this, or answers something else."""
        answer, last = follow(self._client, self._ask, point.conditions)
        with closing(answer), _named(answer):
            if answer.status >= 400 and answer.status not in (412, 416):
                _refuse_status(answer, last)
            found = (
                behind_overlap(answer.pieces(), point.tail) if point.matches(answer.status, answer.headers) else None
            )
            if found is None:
                return None
            overlap, body = found
            self._tools.log.info("going on at byte %d of %d", point.size_bytes, point.total_bytes)
            text, keeper = self._resumed_text(answer, point), Keeper(into, point, overlap)
            for piece in text.passing(body):
                keeper.write(piece, text)
            if keeper.size_bytes != point.total_bytes:
                raise TransientError(f"{keeper.size_bytes:,} of {point.total_bytes:,} bytes came", reason="cut")
            return self._fetched(answer, last, text.warnings, ended=True)

    def _resumed_text(self, answer: Answer, point: Point) -> Text:
        if self._report.format not in TEXTS:
            return Text()
        return Kept(declared_charset(answer.headers.get("Content-Type", "")), point.utf8, resumed=True)

    def _keeper(self, answer: Answer, last: Ask, into: Sink) -> Keeper | None:
        total_bytes = total_of(answer.headers)
        if not self._ask.repeatable or total_bytes is None or not can_go_on(answer.status, answer.headers):
            return None
        place, etag = fingerprint(place_of(last.url)), answer.headers["ETag"].strip()
        return Keeper(into, Point(self._wanted, place, etag, 0, total_bytes, "", utf8=True))

    def _fetched(self, answer: Answer, last: Ask, warnings: tuple[str, ...], ended: bool) -> Fetched:
        return Fetched(
            proof=Proof.LENGTH if answer.announced or ended else Proof.NONE,
            request_id=_request_id(answer),
            warnings=warnings,
            validator=version_text(answer.headers, self._wanted, last.url) if self._ask.repeatable else "",
        )


def _refuse_status(answer: Answer, last: Ask) -> None:
    if answer.status not in _GOOD:
        body = answer.read(classify.PAGE_LIMIT_BYTES)
        raise classify.by_status(answer.status, answer.headers, body, bool(last.secrets))


def _unconditional(_url: str) -> dict[str, str]:
    return {}


@contextmanager
def _named(answer: Answer) -> Iterator[None]:
    """Give errors the server's own name of the answer."""
    try:
        yield
    except SfrError as error:
        error.request_id = _request_id(answer)
        raise


def _request_id(answer: Answer) -> str:
    found = answer.headers.get("X-Request-Id", "") or answer.headers.get("X-Amz-Request-Id", "")
    return "".join(character for character in found if character.isprintable())[:100]
