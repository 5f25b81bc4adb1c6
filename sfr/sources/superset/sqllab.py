"""Gets the rows of a query in SQL Lab: it is run once under a name of ours, and exported by that name.

Facts, tried on Superset 6.1.0: the query's own LIMIT is replaced by `queryLimit`; nothing beyond SQL_MAX_ROW (100,000)
comes, which the answer tells (`limitingFactor`); the export runs the query again; its streamed form gives the
database's values, and fails for a text with a colon before a word; an unknown field in the request is refused.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from sfr.connector import Sink
from sfr.errors import ReportError
from sfr.http import Answer
from sfr.model import Fetched, Proof
from sfr.sources.superset import answers
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.page import NothingCame, Page
from sfr.sources.superset.talk import Talk

MOST_ROWS = 1_000_000_000
_LIMIT = re.compile(r"\blimit\s+(\d+)(?:\s+offset\s+\d+)?\s*;?\s*$", re.I)
_NO_STREAM = (404, 405, 500)  # before 6.0


def fetch(talk: Talk, options: SupersetOptions, into: Sink) -> Fetched:
    """Run the query and write its rows. Raises ReportError for a query that fails."""
    own_limit = own_limit_of(options.sql or "")
    name = uuid.uuid4().hex[:11]  # the server's column holds eleven characters
    told = talk.post("sqllab/execute/", _request(options, name, own_limit or MOST_ROWS))
    query = told.get("query") or {}
    rows = query.get("rows")
    if query.get("state") != "success" or not isinstance(rows, int):
        raise ReportError(
            f"the query did not finish: {query.get('errorMessage') or query.get('state') or told.get('status')}",
            reason="query",
            remedy="Does this database run its queries asynchronously? Then only charts can be had.",
        )
    page = _export(talk, options, name, into)
    limited = query.get("limitingFactor") != "NOT_LIMITED" and rows >= int(query.get("limit") or 0)
    if page.records != rows:
        changed = f"{page.records:,} rows came and the query had {rows:,} before: the data changed in between"
        return Fetched(proof=Proof.LENGTH, warnings=(changed,))
    warnings = (_cut(rows),) if limited and rows != own_limit else ()
    return Fetched(records=rows, proof=Proof.COUNT, warnings=warnings)


def own_limit_of(sql: str) -> int | None:
    """The LIMIT that a query ends with."""
    found = _LIMIT.search(sql)
    return int(found.group(1)) if found else None


def _request(options: SupersetOptions, name: str, limit: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "database_id": options.database,
        "sql": options.sql,
        "client_id": name,
        "runAsync": False,
        "queryLimit": limit,
    }
    return body if options.db_schema is None else {**body, "schema": options.db_schema}


def _export(talk: Talk, options: SupersetOptions, name: str, into: Sink) -> Page:
    if options.values == "raw":
        answer = talk.post_form("sqllab/export_streaming/", {"client_id": name, "filename": f"{name}.csv"})
        if answer.status not in _NO_STREAM:
            try:
                return _copied(answer, into)
            except NothingCame:  # nothing was written
                return _copied(talk.get_raw(f"sqllab/export/{name}/"), into)
        answer.close()
    return _copied(talk.get_raw(f"sqllab/export/{name}/"), into)


def _copied(answer: Answer, into: Sink) -> Page:
    try:
        if answer.status != 200:
            raise answers.refused(answer)
        answers.check_csv(answer)
        page = Page(into)
        for piece in answer.pieces():
            page.write(piece)
        page.finish()
    finally:
        answer.close()
    return page


def _cut(rows: int) -> str:
    return (
        f"exactly as many rows as SQL Lab gives at most ({rows:,}): there may be more; "
        "make a chart of the query, which is read page by page, or split it by a condition"
    )
