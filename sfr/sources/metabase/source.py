"""Fetches what a Metabase question, dashboard card or query of one's own gives, through the export of its API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from sfr.connector import Door, Listed, Reference, Sink, Tools, Wanted
from sfr.errors import AuthError, InvalidReport, ReportError, SfrError
from sfr.http import Answer, Client, Timeouts
from sfr.model import Fetched, Proof, Report
from sfr.sources.metabase import answers, listing, parameters, reference, session
from sfr.sources.metabase.config import MetabaseConfig
from sfr.sources.metabase.options import MetabaseOptions
from sfr.sources.metabase.rows import Copied, Rows
from sfr.sources.metabase.target import Target

EXCEL_ROWS = 1_048_575  # without the header; no download has more, unless MB_DOWNLOAD_ROW_LIMIT allows it
LONG_SECONDS = 540.0  # time limits of servers are not known to be shorter than ten minutes


class Metabase:
    """Questions, dashboards, public links and queries of your own from a Metabase server, as CSV."""

    Config = MetabaseConfig
    Options = MetabaseOptions

    def __init__(self, config: MetabaseConfig, tools: Tools) -> None:
        self._config, self._tools = config, tools
        self._client = Client(Timeouts(config.connect_seconds, config.first_byte_seconds), turn=tools.turn)

    @classmethod
    def sign_in(cls, config: MetabaseConfig, door: Door) -> str:
        """As `session.sign_in`."""
        return session.sign_in(config, door)

    @staticmethod
    def read_reference(wanted: Wanted) -> Reference:
        """As `reference.read_reference`."""
        return reference.read_reference(wanted)

    def check(self) -> None:
        """Raises AuthError when the session or key is dead, ConfigError when no Metabase answers there."""
        value = self._tools.session().value
        if not value:
            session.is_there(self._client, self._config)
        elif session.who(self._client, self._config, value) is None:
            raise answers.signed_out(known=True)

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the report's rows to `into`, as the server sends them but without a byte order mark.

        The proof is the end of the answer as announced, together with what `Rows` refuses.
        """
        target, options = self._wanted(report)
        wire, warnings = self._form(report, target, options)
        began = time.monotonic()
        answer = self._ask_for_rows(target, wire)
        try:
            self._refuse_errors(answer, target)
            copied = Rows(into).copy(answer.pieces())
        finally:
            answer.close()
        warnings += _late(answer, time.monotonic() - began)
        proof = Proof.LENGTH if answer.announced else Proof.NONE
        return Fetched(proof=proof, warnings=tuple(warnings), doubt=self._doubt(copied))

    def list_reports(self, search: str) -> Iterator[Listed]:
        """Questions, models, metrics and dashboards that the account may see."""
        return listing.offered(self._ask, search)

    def expand(self, report: Report) -> Iterator[tuple[Listed, Reference]]:
        """The cards of a dashboard, each with the dashboard's filters. Raises ReportError for a filter it lacks."""
        target, options = self._wanted(report, many=True)
        dashboard = self._describe(target)
        values = _values(report, options)
        parameters.with_values(parameters.filters_of_dashboard(dashboard), values, "the dashboard")
        for listed, card in listing.cards_of(dashboard, target):
            yield listed, Reference(card.ref, report.params, dict(report.options))

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()

    def _wanted(self, report: Report, *, many: bool = False) -> tuple[Target, MetabaseOptions]:
        target = Target.read(report.ref)
        if target is None:
            raise ReportError(f"{report.ref} names nothing in Metabase", reason="reference")
        if target.many and not many:
            raise ReportError(
                "a dashboard is several reports, and this one was not expanded",
                reason="dashboard",
                remedy="Run the list again, or name its questions one by one.",
            )
        options = MetabaseOptions.model_validate(report.options)
        ours = urlsplit(self._config.url).netloc
        if options.address_host not in ("", ours):
            raise ReportError(
                f"the address in the list is on {options.address_host}, and this source is {ours}",
                reason="other-server",
                remedy="name the source of that server; if both are the same one, write the number instead",
            )
        return target, options

    def _form(self, report: Report, target: Target, options: MetabaseOptions) -> tuple[dict[str, str], list[str]]:
        """The fields of the request, the oldest way that every version takes, and warnings.

        `format_rows` is always there: without it, rows come formatted or not by version and by route.
        """
        formatted = self._config.format_rows if options.format_rows is None else options.format_rows
        fields = {"format_rows": _yes(formatted), "csv_include_bom": "false"}
        if options.pivot_results is not None:
            fields["pivot_results"] = _yes(options.pivot_results)
        values = _values(report, options)
        ready = options.parameters if isinstance(options.parameters, list) else []
        if options.query is not None:
            return {"query": json.dumps(_with_parameters(options.query, ready, values)), **fields}, []
        # Ready objects are somebody's whole request: no default of a page is added to them.
        objects, warnings = ([], []) if ready and not values else self._parameters(target, values, defaults=not ready)
        if ready or objects:
            fields["parameters"] = json.dumps([*objects, *ready])
        return fields, warnings

    def _parameters(
        self, target: Target, values: parameters.Values, *, defaults: bool
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """What is sent for `values`. The server is asked first where it alone knows the names behind them."""
        if target.dashboard:
            dashboard = self._describe(target)
            filters = parameters.filters_of_dashboard(dashboard, defaults=defaults)
            objects = parameters.with_values(filters, values, "the dashboard")
            idle = parameters.unconnected(dashboard, target.dashcard, target.card, values)
            return objects, [f"the dashboard's filter {name} is not connected to this card" for name in idle]
        if not values:
            return [], []
        filters = parameters.filters_of_question(self._describe(target))
        return parameters.with_values(filters, values, "the question"), []

    def _ask_for_rows(self, target: Target, fields: Mapping[str, str]) -> Answer:
        if target.public and not target.dashboard:  # that route alone is a GET
            return self._request("GET", f"{target.csv_path}?{urlencode(fields)}", public=True)
        return self._request("POST", target.csv_path, form=fields, public=target.public)

    def _ask(self, path: str) -> Any:
        answer = self._request("GET", path, public=path.startswith("/api/public/"))
        if answer.status != 200:
            raise self._error(answer, public=path.startswith("/api/public/"))
        return answer.json()

    def _describe(self, target: Target) -> dict[str, Any]:
        """The question or dashboard itself. Raises InvalidReport when it has no such form."""
        described = self._ask(target.about_path)
        if not isinstance(described, dict):
            raise InvalidReport("Metabase described it in an unknown form", reason="format", max_attempts=2)
        return described

    def _request(
        self, method: str, path: str, *, form: Mapping[str, str] | None = None, public: bool = False
    ) -> Answer:
        """Send it with who we are; for a public link without, so that it works as it does for everybody."""
        value = "" if public else self._tools.session().value
        if not value and not public:
            raise answers.signed_out(known=False)
        headers = session.headers_for(self._config, value)
        return self._client.request(method, self._config.url + path, headers=headers, form=form)

    def _refuse_errors(self, answer: Answer, target: Target) -> None:
        """Raise for what cannot be rows by its status or its type. Generations that say neither are left to `Rows`."""
        if not 200 <= answer.status < 300:
            raise self._error(answer, public=target.public)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in ("application/json", "text/html", "text/plain"):
            raise answers.no_rows(kind, answer.read(answers.ERROR_LIMIT_BYTES))

    def _error(self, answer: Answer, *, public: bool) -> SfrError:
        body = answer.read(answers.ERROR_LIMIT_BYTES)
        error = answers.by_status(answer.status, answer.headers, body, known=bool(self._tools.session().value))
        return answers.not_public() if public and isinstance(error, AuthError) else error  # no login would mend it

    def _doubt(self, copied: Copied) -> str:
        if copied.records >= EXCEL_ROWS and self._is_limit(copied.records):
            return f"{copied.records:,} records, as many as Metabase gives at most: probably cut"
        return ""

    def _is_limit(self, records: int) -> bool:
        """Whether the server may have stopped there. Newer ones tell their limit to everybody; where one does not, a
        round number is suspicious too."""
        told = None
        with suppress(SfrError):
            answer = self._client.request("GET", f"{self._config.url}/api/session/properties")
            properties = answer.json()
            told = properties.get("download-row-limit") if isinstance(properties, dict) else None
        if isinstance(told, int):
            return records == max(told, EXCEL_ROWS)
        return records == EXCEL_ROWS or records % 1000 == 0


def _late(answer: Answer, seconds: float) -> list[str]:
    # Packed answers have an end mark of their own, which is missing when a time limit ends them.
    if seconds <= LONG_SECONDS or answer.headers.get("Content-Encoding"):
        return []
    return [
        f"it took {seconds / 60:.0f} minutes, and not packed: if a time limit of the server cut it just behind a line, "
        "nothing shows it"
    ]


def _values(report: Report, options: MetabaseOptions) -> parameters.Values:
    given = options.parameters if isinstance(options.parameters, dict) else {}
    return parameters.values_by_name(report.params, given)


def _with_parameters(query: dict[str, Any], ready: list[dict[str, Any]], values: parameters.Values) -> dict[str, Any]:
    """An ad-hoc query with its variables declared and given."""
    native = query.get("native")
    objects: list[dict[str, Any]] = []
    if isinstance(native, dict) and isinstance(native.get("query"), str):
        tags, filters = parameters.filters_of_sql(native["query"], values)
        if native.get("template-tags"):
            filters = parameters.filters_of_question({"dataset_query": query})
        elif tags:
            query = {**query, "native": {**native, "template-tags": tags}}
        objects = parameters.with_values(filters, values, "the query")
    elif values:
        parameters.with_values([], values, "the query")
    together = [*(query.get("parameters") or []), *objects, *ready]
    return {**query, "parameters": together} if together else query


def _yes(flag: bool) -> str:
    return "true" if flag else "false"
