"""A chart as a request: its dataset, its queries, its form; from a saved chart or from a payload that people have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sfr.errors import ReportError
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.queries import STREAMING_LIMIT, Query
from sfr.sources.superset.talk import Talk

_SQL_MAX_ROW = 100_000
_STREAM = "query"  # the result type that runs no query before the rows are streamed


@dataclass(frozen=True, slots=True)
class Context:
    """What a chart asks for. `queries` are those that give rows; counts for a page display are left out."""

    body: dict[str, Any]
    form: dict[str, Any]
    queries: tuple[Query, ...]

    def request(self, queries: list[Query], options: SupersetOptions) -> dict[str, Any]:
        """The body that gets these queries as CSV, through pandas."""
        return self._request(queries, options, self._form(), "csv", options.result_type)

    def streamed(self, query: Query, options: SupersetOptions) -> dict[str, Any]:
        """The body that gets this query's rows as the database gives them (no pandas, see `queries`)."""
        form = {**self._form(), "row_limit": STREAMING_LIMIT}
        return self._request([query], options, form, "csv", _STREAM)

    def told(self, query: Query, options: SupersetOptions) -> dict[str, Any]:
        """The body that gets this query's rows as JSON, with what the server made of its filters."""
        return self._request([query], options, self._form(), "json", "full")

    @property
    def dataset(self) -> Any:
        """The number of the dataset, None when the rows come from elsewhere."""
        source = self.body.get("datasource")
        return source.get("id") if isinstance(source, dict) and source.get("type") == "table" else None

    @property
    def needs_all_queries(self) -> bool:
        """A share of a total is taken from another query of the same request, so that they must stay together."""
        steps = [step for query in self.queries for step in query.get("post_processing") or () if step]
        return len(self.queries) > 1 and any(step.get("operation") == "contribution" for step in steps)

    def _form(self) -> dict[str, Any]:
        """A large row_limit here would turn an answer into a stream, without what pandas makes of it."""
        return {name: value for name, value in self.form.items() if name != "row_limit"}

    def _request(
        self, queries: list[Query], options: SupersetOptions, form: dict[str, Any], format_name: str, result_type: str
    ) -> dict[str, Any]:
        if any(int(query.get("row_limit") or 0) > _SQL_MAX_ROW for query in queries):
            form = {**form, "server_pagination": True}  # the cap is TABLE_VIZ_MAX_ROW_SERVER (500,000) then
        own = [{name: value for name, value in query.items() if name != "result_type"} for query in queries]
        return {
            **self.body,
            "queries": own,
            "force": options.force or bool(self.body.get("force")),
            "form_data": form,
            "result_format": format_name,
            "result_type": result_type,
        }


def of_payload(payload: dict[str, Any]) -> Context:
    """The context of a request body. Raises ReportError when it is none."""
    queries, form = payload.get("queries"), payload.get("form_data")
    if not isinstance(queries, list) or not all(isinstance(query, dict) for query in queries):
        raise ReportError("the payload has no list `queries`", reason="payload", remedy="Copy the whole request body.")
    rows = tuple(query for query in queries if not query.get("is_rowcount"))
    if not rows:
        raise ReportError("the chart has no query", reason="no-query", remedy="Open it in Superset and save it again.")
    return Context(payload, form if isinstance(form, dict) else {}, rows)


def of_chart(talk: Talk, number: str) -> Context:
    """The context of a saved chart. Raises ReportError for one that was saved without."""
    chart = talk.get(f"chart/{number}")["result"]
    body, form = _parsed(chart.get("query_context")), _parsed(chart.get("params"))
    if not body:
        raise ReportError(
            f"the chart {chart.get('slice_name') or number!r} was saved without its query",
            reason="no-query-context",
            remedy="Open the chart in Superset and save it again (one made through the API has no query context).",
        )
    context = of_payload(body)
    return Context(body, {**context.form, **form, "slice_id": int(number)}, context.queries)


def _parsed(text: Any) -> dict[str, Any]:
    try:
        known = json.loads(text or "{}")
    except (ValueError, TypeError):
        return {}
    return known if isinstance(known, dict) else {}
