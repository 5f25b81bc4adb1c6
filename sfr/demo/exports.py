"""Knows the reports that arrive as they should, in every format the export offers."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from sfr.demo import data
from sfr.demo.exchange import Behaviour, Exchange
from sfr.demo.streams import Body, Encoder, Gzip, Identity, merged, paced


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Behaviour):
    """A file that is sent whole: chunked, without a length, compressed if the client asks and `gzip` allows it.

    `silence_seconds` pass before the first byte, as while a report runs; `bytes_per_second` (0: no limit) is the
    pace of the uncompressed bytes.
    """

    gzip: bool = True
    silence_seconds: float = 0.0
    bytes_per_second: float = 0.0
    title: str = "Demo Report"
    content_type: ClassVar[str] = "text/csv; charset=UTF-8"

    @abstractmethod
    def head(self) -> bytes:
        """Everything before the first record."""

    @abstractmethod
    def records(self) -> Iterator[bytes]:
        """The records, in pieces that need not end with a record."""

    @abstractmethod
    def trailer(self) -> bytes:
        """What follows the last record's line end and is no data."""

    def chunks(self) -> Iterator[bytes]:
        """The whole answer in pieces."""
        yield self.head()
        yield from self.records()
        yield self.trailer()

    def body(self) -> bytes:
        """The whole answer; for small ones."""
        return b"".join(self.chunks())

    def data(self) -> bytes:
        """What must be on disk once the trailer is removed; for small ones."""
        return self.head() + b"".join(self.records())

    def disposition(self) -> str:
        return f"attachment; filename=report{int(time.time() * 1000)}.csv"

    def headers(self, encoder_name: str = "") -> list[tuple[str, str]]:
        """The headers of a good answer, without its framing."""
        encoding = [("Content-Encoding", encoder_name)] if encoder_name else []
        return [
            ("Content-Type", self.content_type),
            ("Content-Disposition", self.disposition()),
            ("Cache-Control", "private"),
            *encoding,
        ]

    def begin(self, exchange: Exchange, encoder: Encoder | None = None) -> Body:
        """Send the headers; the body is encoded as the client asked unless `encoder` says otherwise."""
        encoder = encoder or (Gzip() if self.gzip and exchange.accepts_gzip() else Identity())
        exchange.send(exchange.head(200, [*self.headers(encoder.name), ("Transfer-Encoding", "chunked")]))
        return Body(exchange, encoder)

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(self.silence_seconds)
        body = self.begin(exchange)
        for piece in paced(exchange, merged(self.chunks()), self.bytes_per_second):
            body.write(piece)
        body.end()


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvExport(Export):
    """A CSV with a footer of some kind, and a byte order mark if wanted."""

    footer: data.Footer = "standard"
    bom: bool = False

    @abstractmethod
    def header_line(self) -> str:
        """The first line, with its line end."""

    @abstractmethod
    def record_count(self) -> int:
        """How many records follow the header."""

    def head(self) -> bytes:
        return (b"\xef\xbb\xbf" if self.bom else b"") + self.header_line().encode()

    def trailer(self) -> bytes:
        return data.footer(self.footer, self.title, self.record_count())


@dataclass(frozen=True, slots=True)
class Csv(CsvExport):
    """An ordinary report of `rows` records; `rows=0` is a report that found nothing. Another `seed`, other values."""

    rows: int = 100
    columns: int = 8
    seed: int = 0

    @classmethod
    def of_bytes(
        cls, size_bytes: int, columns: int = 8, seed: int = 0, *, bytes_per_second: float = 0.0, gzip: bool = True
    ) -> Self:
        """A report whose records take about `size_bytes` before compression."""
        rows = data.rows_for(size_bytes, columns, seed)
        return cls(rows, columns, seed, bytes_per_second=bytes_per_second, gzip=gzip)

    def header_line(self) -> str:
        return data.quoted(data.column_names(self.columns))

    def record_count(self) -> int:
        return self.rows

    def records(self) -> Iterator[bytes]:
        return data.ordinary_records(self.rows, self.columns, self.seed)


@dataclass(frozen=True, slots=True)
class Nasty(CsvExport):
    """Few records with everything that misleads a careless reader; with `one_column` each has a single field."""

    one_column: bool = False

    def header_line(self) -> str:
        return data.quoted(["Subject"] if self.one_column else ["Subject", "Text", "Value"])

    def rows(self) -> list[tuple[str, ...]]:
        """The records as values."""
        nasty = data.nasty_rows()
        return [(value,) for row in nasty for value in row if value] if self.one_column else nasty

    def record_count(self) -> int:
        return len(self.rows())

    def records(self) -> Iterator[bytes]:
        yield "".join(data.quoted(row) for row in self.rows()).encode()


@dataclass(frozen=True, slots=True)
class Ragged(CsvExport):
    """A whole answer whose middle record has lost its last field."""

    rows: int = 100

    def header_line(self) -> str:
        return data.quoted(data.column_names(8))

    def record_count(self) -> int:
        return self.rows

    def records(self) -> Iterator[bytes]:
        lines = b"".join(data.ordinary_records(self.rows, 8, 0)).splitlines(keepends=True)
        middle = len(lines) // 2
        lines[middle] = lines[middle].rpartition(b',"')[0] + b"\n"
        yield b"".join(lines)


@dataclass(frozen=True, slots=True)
class LocaleCsv(CsvExport):
    """`xf=localecsv&enc=ISO-8859-1` for a German user: semicolons, decimal commas, one byte per letter."""

    rows: int = 50
    content_type: ClassVar[str] = "text/csv; charset=ISO-8859-1"

    def header_line(self) -> str:
        return data.quoted(["Name", "Betrag", "Fälligkeit"], ";")

    def head(self) -> bytes:
        return self.header_line().encode("latin-1")

    def record_count(self) -> int:
        return self.rows

    def records(self) -> Iterator[bytes]:
        yield "".join(data.quoted(row, ";") for row in data.locale_rows(self.rows)).encode("latin-1")

    def trailer(self) -> bytes:
        return data.footer(self.footer, self.title, self.rows).decode().encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class Xls(Export):
    """`xf=xls`: an HTML table under an Excel name, so a body that rightly starts with `<`."""

    rows: int = 20
    content_type: ClassVar[str] = "application/vnd.ms-excel"

    def head(self) -> bytes:
        return b""

    def records(self) -> Iterator[bytes]:
        yield data.html_table(["Name", "Betrag", "Fälligkeit"], data.locale_rows(self.rows))

    def trailer(self) -> bytes:
        return b""

    def disposition(self) -> str:
        return f"attachment; filename=report{int(time.time() * 1000)}.xls"


@dataclass(frozen=True, slots=True)
class Xlsx(Export):
    """`xf=xlsx`: a workbook, which is a zip archive."""

    rows: int = 20
    content_type: ClassVar[str] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def head(self) -> bytes:
        return b""

    def records(self) -> Iterator[bytes]:
        yield data.workbook([("Name", "Betrag", "Fälligkeit"), *data.locale_rows(self.rows)])

    def trailer(self) -> bytes:
        return b""

    def disposition(self) -> str:
        return f'attachment; filename="{self.title} {time.strftime("%Y-%m-%d-%H-%M-%S")}.xlsx"'
