"""Sees to it that filters and dates are obeyed: Superset answers 200 with every row where it does not know a column.

Facts, tried on Superset 6.1.0: only the JSON form tells (`rejected_filters`); a time range that it cannot read loses
its beginning (`from_dttm` is null), and one without a date column is not applied at all.
"""

from __future__ import annotations

from typing import Any

from sfr.errors import ReportError
from sfr.model import Window
from sfr.sources.superset import answers, queries
from sfr.sources.superset.context import Context
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.queries import Query
from sfr.sources.superset.talk import Talk


def narrow(talk: Talk, context: Context, options: SupersetOptions, window: Window | None) -> tuple[Query, ...]:
    """The context's queries with the report's filters and dates, each tried with one row where it has any of its own.

    Raises ReportError when the server would leave one of them out.
    """
    wanted = any(queries.needs_time_column(query, options, window, context.form) for query in context.queries)
    column = _date_column(talk, context) if wanted else ""
    found = tuple(queries.narrowed(query, options, window, context.form, column) for query in context.queries)
    if options.filters or options.time_range or window or options.payload:
        for query in found:
            if query.get("filters") or queries.time_ranges(query):
                _try(talk, context, options, query)
    return found


def _date_column(talk: Talk, context: Context) -> str:
    if context.dataset is None:
        return ""
    dataset = talk.get(f"dataset/{context.dataset}")["result"]
    return str(dataset.get("main_dttm_col") or "")


def _try(talk: Talk, context: Context, options: SupersetOptions, query: Query) -> None:
    one_row = {**query, "row_limit": 1, "orderby": [], "post_processing": []}
    told = answers.json_of(talk.chart_data(context.told(one_row, options)))["result"][0]
    _check_filters(told)
    for span in queries.time_ranges(query):
        _check_span(span, told)


def _check_filters(told: dict[str, Any]) -> None:
    rejected = [str(one.get("column")) for one in told.get("rejected_filters") or []]
    if rejected:
        raise ReportError(
            f"the dataset has no column {', '.join(rejected)}: Superset would leave the filter out and send every row",
            reason="unknown-filter",
            remedy="Mend the filter's column name in the report's params, filters or payload.",
        )


def _check_span(span: str, told: dict[str, Any]) -> None:
    start, _, end = (part.strip() for part in span.partition(" : "))
    lost = (start and told.get("from_dttm") is None) or (end and told.get("to_dttm") is None)
    if lost:
        raise ReportError(
            f"Superset does not understand the time range {span!r} and would leave a part of it out",
            reason="time-range",
            remedy="Write it like 2026-01-01T00:00:00 : 2026-02-01T00:00:00, or as Superset's own words: Last week.",
        )
