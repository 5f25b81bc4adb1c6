"""Gets all rows of one query, page by page where that is needed, and says what shows that they are all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from sfr.connector import Sink
from sfr.errors import ReportError, SfrError, TransientError
from sfr.model import Proof
from sfr.sources.superset import answers, queries
from sfr.sources.superset.context import Context
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.page import NothingCame, Page
from sfr.sources.superset.queries import Query
from sfr.sources.superset.talk import Talk

STREAMED, PLAIN = "streamed", "plain"
SUSPICIOUS_LIMIT = 1_000  # a chart with a smaller limit means it: the best ten
_ROUND_NUMBERS = {2**power + more for power in range(12, 24) for more in (-1, 0)}
_OTHER_WAY = (
    "Superset could not stream these rows and wrote them through pandas: numbers of columns with gaps as 1.0, "
    "a ' before formulas (values=shown asks for that, and ends this warning)"
)
_MIXED = (
    "the rows came in {pages} parts, and Superset may write a number as 1 in one and as 1.0 in another: "
    "leave out values=shown, or have the chart ask for at most {rows:,} rows"
)


@dataclass(frozen=True, slots=True)
class Part:
    """How one query went."""

    records: int | None
    proof: Proof
    warnings: tuple[str, ...] = ()


def looks_capped(rows: int) -> bool:
    """Is this a number of rows that a server's limit may have made?"""
    return rows > 0 and (rows % 500 == 0 or rows in _ROUND_NUMBERS)


class Rows:
    """One query of a chart on its way into one file."""

    def __init__(
        self,
        talk: Talk,
        context: Context,
        options: SupersetOptions,
        query: Query,
        into: Sink,
        *,
        page_rows: int,
        say: Callable[[str], None] = lambda _text: None,
        resumable: bool = True,
    ) -> None:
        self._talk, self._context, self._options = talk, context, options
        self._query, self._into = query, into
        self._page_rows, self._say, self._resumable = page_rows, say, resumable
        self._way = STREAMED if queries.can_stream(query, options) else PLAIN
        self._announced = True
        self._fell_back = False
        self._header: bytes | None = None
        self._rows = 0
        self._pages = 0
        limit = int(query.get("row_limit") or 0)
        self._limit = limit if limit > 0 and options.rows == "chart" else None  # None: all there are

    def load(self) -> Part:
        """Write the query's rows. Raises what `answers` and `Page` say."""
        part = self._load()
        return replace(part, warnings=(_OTHER_WAY, *part.warnings)) if self._fell_back else part

    def _load(self) -> Part:
        if self._resume():
            return self._by_pages()
        if not queries.can_page(self._query, self._options):
            return self._as_it_comes()
        if self._limit is not None and self._limit <= self._page_rows:
            return self._at_once(self._limit) or self._by_pages()
        return self._by_pages()

    def _as_it_comes(self) -> Part:
        """A result that is more than its rows (a pivot, a moving average): no part of them leads to a part of it."""
        self._take({**self._query})
        if looks_capped(self._rows):
            return Part(None, self._length(), (_maybe_cut(self._rows),))
        return Part(None, self._length())

    def _at_once(self, limit: int) -> Part | None:
        """One request in the chart's own order; None when the server's own limit cut it, and nothing is written."""
        self._take(queries.page(self._query, limit, 0))
        if self._rows == limit < SUSPICIOUS_LIMIT or (self._rows < limit and not looks_capped(self._rows)):
            return Part(None, self._length())
        more = self._there_are_more()
        if more is False:
            return Part(self._rows, Proof.COUNT)
        if self._rows >= limit:
            return Part(None, self._length(), (_cut_by_chart(limit, more),))
        if more is None:
            return Part(None, self._length(), (_maybe_cut(self._rows),))
        self._page_rows = self._rows
        self._into.restart()
        self._rows, self._pages, self._header = 0, 0, None
        return None

    def _by_pages(self) -> Part:
        ordered = queries.ordered(self._query, self._options.unique_by)
        size, first = self._page_rows, self._pages == 0
        while (asked := self._next_size(size)) > 0:
            before = self._rows
            self._take(queries.page(ordered, asked, self._rows))
            came = self._rows - before
            if came < asked and not (first and looks_capped(came)):
                break
            size, first = came, False  # the server may give less at once than it is asked for
            self._keep(size)
            self._say(f"{self._rows:,} rows")
        return self._proven()

    def _next_size(self, size: int) -> int:
        return size if self._limit is None else min(size, self._limit - self._rows)

    def _proven(self) -> Part:
        """Compare with the server's own count, which costs little beside several pages."""
        warnings = [_MIXED.format(pages=self._pages, rows=self._page_rows)] * (self._way == PLAIN and self._pages > 2)
        counted = self._count() if self._pages > 1 else None
        if counted is None:
            return Part(None, self._length(), tuple(warnings))
        if self._limit is not None and self._rows == self._limit < counted:
            warnings.append(_cut_by_chart(self._limit, True))
        elif counted != self._rows:
            warnings.append(
                f"{self._rows:,} rows came and the server counts {counted:,} now: the data changed while they were read"
            )
        else:
            return Part(self._rows, Proof.COUNT, tuple(warnings))
        return Part(None, self._length(), tuple(warnings))

    def _length(self) -> Proof:
        return Proof.LENGTH if self._announced else Proof.NONE

    def _take(self, query: Query) -> None:
        """Add one answer's rows to the file; the first one decides between the two ways."""
        try:
            self._copy(query)
        except NothingCame:
            if self._pages:
                raise TransientError("the server's database failed", reason="stream-error", max_attempts=5) from None
            self._fell_back = True
            self._way = PLAIN  # which says what is wrong, or has no trouble with a colon in a text
            self._copy(query)
        self._pages += 1

    def _copy(self, query: Query) -> None:
        streamed = self._way == STREAMED
        make = self._context.streamed if streamed else lambda one, options: self._context.request([one], options)
        answer = self._talk.chart_data(make(query, self._options))
        if streamed and answer.status == 500 and not self._pages:
            answer.close()
            raise NothingCame  # before 6.1 there is no such way
        try:
            if answer.status != 200:
                raise answers.refused(answer)
            answers.check_csv(answer)
            self._announced &= answer.announced
            page = Page(self._into, self._header)
            for piece in answer.pieces():
                page.write(piece)
            page.finish()
        finally:
            answer.close()
        self._header = page.header
        self._rows += max(page.records, 0)

    def _there_are_more(self) -> bool | None:
        """Is there a row behind those that came? None when the server cannot say."""
        counted = self._counted(queries.counting(self._query, self._rows, limit=1))
        return None if counted is None else counted > 0

    def _count(self) -> int | None:
        """How many rows there are; None when the server cannot say."""
        total = 0
        while True:
            counted = self._counted(queries.counting(self._query, total))
            if counted is None:
                return None
            total += counted
            if not looks_capped(counted):
                return total

    def _counted(self, query: Query) -> int | None:
        try:
            answer = answers.json_of(self._talk.chart_data(self._context.told(query, self._options)))
            return int(answer["result"][0]["data"][0]["rowcount"])
        except (ReportError, KeyError, IndexError, TypeError, ValueError):
            return None
        except SfrError as error:
            if error.reason.startswith(("http-5", "no-json")):
                return None
            raise

    def _keep(self, size: int) -> None:
        if self._resumable:
            header = (self._header or b"").decode("utf-8", "surrogateescape")
            point = {"rows": self._rows, "page": size, "pages": self._pages, "way": self._way, "header": header}
            self._into.keep(json.dumps({**point, "query": self._query_digest()}))

    def _resume(self) -> bool:
        """Go on where an earlier try stopped, if it asked the same."""
        if not self._into.point:
            return False
        try:
            point = json.loads(self._into.point)
            if not self._resumable or point["query"] != self._query_digest():
                raise ValueError(point["query"])
            self._rows, self._page_rows, self._pages = point["rows"], point["page"], point["pages"]
            self._way, self._header = point["way"], point["header"].encode("utf-8", "surrogateescape")
            self._fell_back = self._way == PLAIN and queries.can_stream(self._query, self._options)
        except (ValueError, KeyError, TypeError):  # the chart was changed meanwhile
            self._into.restart()
            return False
        return True

    def _query_digest(self) -> str:
        told = json.dumps([self._context.dataset, self._query, self._options.model_dump()], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()


def _cut_by_chart(limit: int, more: bool | None) -> str:
    there = "there may be" if more is None else "there are"
    return f"exactly as many rows as the chart's row limit of {limit:,}, and {there} more: rows=all gets every one"


def _maybe_cut(rows: int) -> str:
    return f"exactly {rows:,} rows came: that may be a limit of the server, and the rest missing"
