"""Fetches Superset's charts, payloads and SQL Lab queries as CSV: each where it is asked for, whole, in one dialect."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sfr.connector import Door, Listed, Reference, Sink, Tools
from sfr.errors import ReportError
from sfr.http import Client, Timeouts
from sfr.model import Fetched, Proof, Report
from sfr.sources.superset import answers, archive, context, listing, queries, session, sqllab
from sfr.sources.superset.config import SupersetConfig
from sfr.sources.superset.context import Context
from sfr.sources.superset.narrowing import narrow
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.reference import PAYLOAD, SQL, read_reference, with_params
from sfr.sources.superset.rows import Rows
from sfr.sources.superset.talk import Talk
from sfr.sources.superset.verdict import Part

_GROUPED = "the query says metrics: [], which makes Superset merge equal rows: leave metrics out for every row"
_IGNORED_RANGE = "the payload's time_range is not applied: it has no granularity (the date column)"


class Superset:
    """Charts, dashboards and SQL Lab queries of Apache Superset (tried on 6.1), by name and password or an API key."""

    Config = SupersetConfig
    Options = SupersetOptions
    uses_window = True

    def __init__(self, config: SupersetConfig, tools: Tools) -> None:
        self._tools = tools
        self._page_rows = config.page_rows
        self._account = (config.url, config.username, _known_by(config.key))
        self._client = Client(Timeouts(config.connect_seconds, config.first_byte_seconds), turn=tools.turn)
        self._talk = Talk(config.url, self._client, tools)

    read_reference = staticmethod(read_reference)

    @classmethod
    def sign_in(cls, config: SupersetConfig, door: Door) -> str:
        """A session value: JSON with tokens or the key."""
        return session.sign_in(config, door)

    def check(self) -> None:
        """Raises AuthError when the session is dead."""
        self._talk.get("me/")

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write a chart's rows to `into`; further queries of the chart become further files."""
        options = SupersetOptions.model_validate(with_params(report.options, report.params))
        if report.many or report.ref.startswith("dashboard:"):
            raise ReportError(
                "a dashboard has no rows of its own", reason="dashboard", remedy="It stands for its charts: expand it."
            )
        if report.ref == SQL:
            _begin_anew(into)
            return sqllab.fetch(self._talk, options, into)
        chart = self._context(report.ref, options)
        warnings = _traps(chart, options)
        narrowed = narrow(self._talk, chart, options, report.window)
        if chart.needs_all_queries:
            _begin_anew(into)
            self._fetch_together(chart, narrowed, options, into)
            return Fetched(proof=Proof.LENGTH, warnings=warnings)
        parts = [self._fetch_query(chart, options, narrowed, number, into) for number in range(len(narrowed))]
        return _told(parts, warnings)

    def list_reports(self, search: str) -> Iterator[Listed]:
        """Dashboards first, then charts."""
        yield from listing.dashboards(self._talk, search)
        yield from listing.charts(self._talk, search)

    def expand(self, report: Report) -> Iterator[tuple[Listed, Reference]]:
        """The charts of a dashboard, each with the report's own options."""
        options = with_params(report.options, report.params)
        for listed in listing.of_dashboard(self._talk, report.ref.removeprefix("dashboard:")):
            yield listed, Reference(f"chart:{listed.ref}", options=options)

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()

    def _context(self, ref: str, options: SupersetOptions) -> Context:
        if options.payload is not None or ref == PAYLOAD:
            return context.of_payload(options.payload or {})
        return context.of_chart(self._talk, ref.removeprefix("chart:"))

    def _fetch_query(
        self, chart: Context, options: SupersetOptions, narrowed: tuple[queries.Query, ...], number: int, into: Sink
    ) -> Part:
        """One request for each query rather than one for all, whose archive could be neither streamed nor paged."""
        rows = Rows(
            self._talk,
            chart,
            options,
            narrowed[number],
            into if number == 0 else into.another(f"query-{number + 1}"),
            page_rows=self._page_rows,
            account=self._account,
            say=self._tools.say,
            resumable=len(narrowed) == 1,
        )
        return rows.load()

    def _fetch_together(
        self, chart: Context, narrowed: tuple[queries.Query, ...], options: SupersetOptions, into: Sink
    ) -> None:
        answer = self._talk.chart_data(chart.request(list(narrowed), options))
        try:
            if answer.status != 200:
                raise answers.refused(answer)
            archive.unpack(answer, into)
        finally:
            answer.close()


def _known_by(key: str) -> str:
    """Tells API keys apart without holding one."""
    return hashlib.sha256(key.encode()).hexdigest()[:8] if key else ""


def _begin_anew(into: Sink) -> None:
    """What comes in one piece cannot go on where an earlier try, of another kind then, stopped."""
    if into.point:
        into.restart()


def _traps(chart: Context, options: SupersetOptions) -> tuple[str, ...]:
    """What a payload says that its author may not mean."""
    if options.payload is None:
        return ()
    found: dict[str, Any] = {}
    for query in chart.queries:
        if queries.is_grouping_everything(query):
            found[_GROUPED] = None
        span = query.get("time_range")
        if span and span != "No filter" and not queries.time_ranges(query):
            found[_IGNORED_RANGE] = None
    return tuple(found)


def _told(parts: list[Part], warnings: tuple[str, ...]) -> Fetched:
    """The first file's records, and the weakest proof of all files."""
    proofs = {part.proof for part in parts}
    told = (*warnings, *(warning for part in parts for warning in part.warnings))
    doubt = "; ".join(part.doubt for part in parts if part.doubt)
    if Proof.NONE in proofs:
        return Fetched(proof=Proof.NONE, warnings=told, doubt=doubt)
    proof = Proof.COUNT if proofs == {Proof.COUNT} else Proof.LENGTH
    return Fetched(records=parts[0].records, proof=proof, warnings=told, doubt=doubt)
