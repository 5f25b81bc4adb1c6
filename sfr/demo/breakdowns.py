"""Knows the answers that begin like a report and then go wrong on the wire."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from sfr.demo import data, pages
from sfr.demo.exchange import Behaviour, Exchange, Hangup
from sfr.demo.exports import Csv, Export
from sfr.demo.streams import Gzip, Identity, merged, paced

Cut = Literal["close", "reset", "short", "mid-record", "between-fields", "boundary", "error-tail", "gzip"]
CUTS: tuple[Cut, ...] = get_args(Cut)
_REPORT = Csv(rows=2000)
_SHORT_REPORT = Csv(rows=1, columns=2)
_FILLER = b"a" * 64 * 1024


@dataclass(frozen=True, slots=True)
class CutMidStream(Behaviour):
    """`report` breaks off after about `fraction` of its data.

    On the wire: `close` (no last chunk), `reset` (RST), `short` (less than Content-Length says), `gzip` (chunks end
    in order, the compressed stream does not). With an orderly end: `mid-record` (inside quotes), `between-fields`,
    `boundary` (after a whole record, footer missing), `error-tail` (an error page follows the records).
    """

    how: Cut = "close"
    report: Export = _REPORT
    fraction: float = 0.5

    def sent(self) -> bytes:
        """The bytes of the report that leave the server, before compression."""
        content = self.report.data()
        boundary = content.rfind(b"\n", 0, int(len(content) * self.fraction)) + 1
        if self.how == "boundary":
            return content[:boundary]
        if self.how == "error-tail":
            return content[:boundary] + pages.unexpected_error().encode()
        if self.how == "between-fields":
            return content[: content.index(b'","', boundary) + 1]
        return content[: boundary + 5]

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(self.report.silence_seconds)
        if self.how == "short":
            self._answer_short(exchange)
        body = self.report.begin(exchange, Gzip() if self.how == "gzip" else None)
        for piece in paced(exchange, _pieces(self.sent()), self.report.bytes_per_second):
            body.write(piece)
        if self.how in ("close", "reset"):
            raise Hangup(reset=self.how == "reset")
        if self.how == "gzip":
            body.end_chunks()
        else:
            body.end()

    def _answer_short(self, exchange: Exchange) -> None:
        length = str(len(self.report.body()))
        exchange.send(exchange.head(200, [*self.report.headers(), ("Content-Length", length)]) + self.sent())
        raise Hangup


def _pieces(content: bytes) -> Iterator[bytes]:
    size = 64 * 1024
    return merged(content[start : start + size] for start in range(0, len(content), size))


@dataclass(frozen=True, slots=True)
class Trickle(Behaviour):
    """One byte every `interval_seconds`; after `stall_after_bytes`, if given, nothing ever comes again."""

    interval_seconds: float = 1.0
    first_seconds: float = 0.0
    stall_after_bytes: int | None = None
    report: Export = _SHORT_REPORT

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(self.first_seconds)
        body = self.report.begin(exchange, Identity())
        for number, byte in enumerate(self.report.body()):
            if number == self.stall_after_bytes:
                exchange.wait(float("inf"))
            body.write(bytes((byte,)))
            exchange.wait(self.interval_seconds)
        body.end()


@dataclass(frozen=True, slots=True)
class NoAnswer(Behaviour):
    """The request is taken and nothing is ever said."""

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(float("inf"))


@dataclass(frozen=True, slots=True)
class NeverEnds(Behaviour):
    """Good records without end; `bytes_per_second` 0 is as fast as they are taken."""

    bytes_per_second: float = 0.0

    def answer(self, exchange: Exchange) -> None:
        report = Csv()
        body = report.begin(exchange)
        endless = itertools.chain([report.head()], itertools.repeat(b"".join(data.block(report.columns, report.seed))))
        for piece in paced(exchange, endless, self.bytes_per_second):
            body.write(piece)


@dataclass(frozen=True, slots=True)
class EndlessHeader(Behaviour):
    """HTTP headers without end: one `line` that goes on, or ever more `lines`."""

    how: Literal["line", "lines"] = "line"

    def answer(self, exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nX-Filler: ")
        while True:
            exchange.send(_FILLER if self.how == "line" else b"more\r\nX-Filler: " * 1000)


@dataclass(frozen=True, slots=True)
class EndlessCsvHeader(Behaviour):
    """A first record without end: one `field` that is never closed, or ever more `fields`."""

    how: Literal["field", "fields"] = "fields"

    def answer(self, exchange: Exchange) -> None:
        body = Csv().begin(exchange)
        body.write(b'"Account ID')
        piece = _FILLER if self.how == "field" else b'","Account Name' * 4000
        while True:
            body.write(piece)


@dataclass(frozen=True, slots=True)
class CompressedBomb(Behaviour):
    """A few megabytes that unfold to `gigabytes` of one repeated `record`, of zero bytes, or of one huge `field`."""

    gigabytes: float = 8.0
    how: Literal["record", "zeros", "field"] = "record"

    def answer(self, exchange: Exchange) -> None:
        report = Csv(columns=2)
        body = report.begin(exchange, Gzip())
        body.write(report.head())
        unit = {"record": data.block(2, 0)[0], "zeros": bytes(1), "field": b"x"}[self.how]
        piece = unit * (1024 * 1024 // len(unit))
        if self.how == "field":
            body.write(b'"')
        for _ in range(int(self.gigabytes * 1e9 / len(piece))):
            body.write(piece)
        body.end()
