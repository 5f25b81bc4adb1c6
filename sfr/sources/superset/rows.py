"""Gets all rows of one query, page by page where that is needed, and says what shows that they are all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sfr.connector import Sink
from sfr.errors import TransientError
from sfr.model import Proof
from sfr.sources.superset import answers, point, queries, verdict
from sfr.sources.superset.border import Border, Identity, identity_of
from sfr.sources.superset.context import Context
from sfr.sources.superset.counts import SUSPICIOUS_LIMIT, Counts, is_small, looks_capped
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.page import NothingCame, Page
from sfr.sources.superset.point import Point
from sfr.sources.superset.queries import Query
from sfr.sources.superset.talk import Talk
from sfr.sources.superset.verdict import Pages, Part

STREAMED, PLAIN = "streamed", "plain"
_MOST_CHASES = 2  # of rows that are added at the end faster than they can be read


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
        account: tuple[str, ...] = (),
        say: Callable[[str], None] = lambda _text: None,
        resumable: bool = True,
    ) -> None:
        self._talk, self._context, self._options = talk, context, options
        self._query, self._into, self._account = query, into, account
        self._page_rows, self._say, self._resumable = page_rows, say, resumable
        self._way = STREAMED if queries.can_stream(query, options) else PLAIN
        self._announced = True
        self._fell_back = False
        self._counts = Counts(talk, context, options, query)
        self._begin()
        limit = int(query.get("row_limit") or 0)
        self._limit = limit if limit > 0 and options.rows == "chart" else None  # None: all there are

    def _begin(self) -> None:
        self._header: bytes | None = None
        self._rows = self._pages = self._chases = 0
        self._came = 0  # with the last answer
        self._added = 0  # rows before the border, while the pages were read
        self._border = ""  # what the last row is known by
        self._alike = self._twins = False  # the last two rows of a page, of any page that has a next one
        self._more: bool | None = None  # behind those that came
        self._counted: int | None = None
        self._begun_at = time.time()

    def load(self) -> Part:
        """Write the query's rows. Raises what `answers`, `Page` and `verdict.moved` say."""
        part = self._load()
        return replace(part, warnings=(verdict.OTHER_WAY, *part.warnings)) if self._fell_back else part

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
        more = self._is_made_of_a_part()
        maybe = more is None and looks_capped(self._rows)
        warnings = (verdict.maybe_cut(self._rows),) if maybe else ()
        return Part(None, self._length(), warnings, verdict.MADE_OF_A_PART if more else "")

    def _is_made_of_a_part(self) -> bool | None:
        """Did a limit of the server's own cut what the result was made of? None where nobody knows."""
        if self._options.result_type in ("samples", "drill_detail"):  # a limit is what they are about
            return None
        read = self._counts.as_asked()
        return None if read is None or read == self._query.get("row_limit") else self._counts.more_than(read)

    def _at_once(self, limit: int) -> Part | None:
        """One request in the chart's own order; None when the server's own limit cut it, and nothing is written."""
        # A row more than the chart wants tells for nothing whether its limit cut it. In pandas it may change others.
        one_more = limit >= SUSPICIOUS_LIMIT and self._way == STREAMED
        self._take(queries.page(self._query, limit + one_more, 0), limit if one_more else None)
        if self._came > self._rows:
            return Part(None, self._length(), (verdict.cut_by_chart(limit, True),))
        if self._rows == limit < SUSPICIOUS_LIMIT or (self._rows < limit and is_small(self._rows)):
            return Part(None, self._length())
        more = self._counts.more_than(self._rows)
        if more is False:
            return Part(self._rows, Proof.COUNT)
        if self._rows >= limit:
            return Part(None, self._length(), (verdict.cut_by_chart(limit, more),))
        if more is None:
            return Part(None, self._length(), doubt=verdict.maybe_cut(self._rows))
        self._page_rows = self._rows
        self._into.restart()
        self._begin()
        return None

    def _by_pages(self) -> Part:
        ordered = queries.ordered(self._query, self._options.unique_by)
        while (asked := self._next_size()) > 0:
            before, again = self._rows, int(bool(self._border))
            self._take(queries.page(ordered, asked + again, self._rows + self._added - again))
            if not self._goes_on(self._came >= asked + again, self._rows > before):
                break
            self._twins |= self._alike
            if self._pages == 1:
                self._page_rows = self._rows  # the server may give less at once than it is asked for
                self._counted = self._counts.total(self._rows)
            self._keep()
            self._say(f"{self._rows:,} rows")
        return self._proven()

    def _next_size(self) -> int:
        """How many new rows to ask for, beside the one that came before."""
        size = self._page_rows - bool(self._border)
        return size if self._limit is None else min(size, self._limit - self._rows)

    def _goes_on(self, full: bool, new: bool) -> bool:
        """Are there more pages? A short one is the last only if no row is behind it: any number may be a limit."""
        if full:
            return True
        if self._pages == 1 and is_small(self._rows):
            return False
        self._more = self._counts.more_than(self._rows + self._added)
        if self._more is None and not new:
            self._more = False  # nothing but the row that came before: so the next page tells it, too
        if self._more is False:
            return False
        if self._pages > 1 and not (new and self._rows + self._added < (self._counted or 0)):
            self._chases += 1
        return self._chases <= _MOST_CHASES

    def _proven(self) -> Part:
        """Compare with what the server counted when it began: the borders of pages show that none came twice."""
        mixed = [verdict.MIXED.format(pages=self._pages, rows=self._page_rows)]
        fewer = self._counted is not None and self._rows + self._added < self._counted and self._rows != self._limit
        pages = Pages(
            rows=self._rows,
            added=self._added,
            limit=self._limit,
            counted=self._counted,
            recounted=self._counts.total(self._page_rows) if fewer else None,
            more=self._more,
            ended=self._length(),
            twins=self._twins,
        )
        part = verdict.of_pages(pages)
        return replace(part, warnings=(*mixed, *part.warnings)) if self._way == PLAIN and self._pages > 2 else part

    def _length(self) -> Proof:
        return Proof.LENGTH if self._announced else Proof.NONE

    def _take(self, query: Query, most: int | None = None) -> None:
        """Add one answer's rows to the file, `most` of them; the first answer decides between the two ways."""
        try:
            self._copy(query, most)
        except NothingCame:
            if self._pages:
                raise TransientError("the server's database failed", reason="stream-error", max_attempts=5) from None
            self._fell_back = True
            self._way = PLAIN  # which says what is wrong, or has no trouble with a colon in a text
            self._copy(query if most is None else {**query, "row_limit": most}, None)
        self._pages += 1

    def _copy(self, query: Query, most: int | None) -> None:
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
            border = Border(self._into, self._border, self._identity(self._header or b""), lagging=most is not None)
            page = Page(self._into, self._header, border)
            for piece in answer.pieces():
                page.write(piece)
            page.finish()
            border.finish(without_last=(excess := most is not None and page.records == most + 1))
        finally:
            answer.close()
        self._header = page.header
        self._add(page, border, excess)

    def _add(self, page: Page, border: Border, excess: bool) -> None:
        if not border.found:
            self._into.restart()
            raise verdict.moved(self._rows)
        self._came = max(page.records, 0)
        self._rows += self._came - border.skipped - excess
        self._added += max(border.skipped - 1, 0)
        identity = self._identity(page.header)
        last = [identity(record) for record in border.last()]
        if last:
            self._border = last[0]
            self._alike = last[:1] == last[1:]

    def _identity(self, header: bytes) -> Identity:
        """What a row is known by: grouped rows by what they are grouped by, others by all that they say."""
        columns = self._options.unique_by
        if not columns and self._query.get("metrics") and b"__timestamp" not in header:
            columns = queries.names(self._query)
        return identity_of(header, columns)

    def _keep(self) -> None:
        if self._resumable:
            header = (self._header or b"").decode("utf-8", "surrogateescape")
            kept = Point(
                self._asked(), self._begun_at, time.time(), self._rows, self._page_rows, self._pages, self._way,
                header, self._border, self._added, self._twins, self._counted,
            )  # fmt: skip
            self._into.keep(kept.text())

    def _resume(self) -> bool:
        """Go on where an earlier try stopped, if it asked the same as the same account, not long ago."""
        if not self._into.point:
            return False
        found = point.read(self._into.point, self._asked()) if self._resumable else None
        if found is None:
            self._into.restart()
            return False
        self._rows, self._page_rows, self._pages = found.rows, found.page_rows, found.pages
        self._border, self._added, self._twins = found.border, found.added, found.twins
        self._way, self._header = found.way, found.header.encode("utf-8", "surrogateescape")
        self._counted, self._begun_at = found.counted, found.begun_at
        self._fell_back = self._way == PLAIN and queries.can_stream(self._query, self._options)
        return True

    def _asked(self) -> str:
        return point.digest_of(self._account, self._context.dataset, self._query, self._options.model_dump())
