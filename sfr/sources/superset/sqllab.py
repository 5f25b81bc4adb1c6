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
from sfr.errors import ReportError, SfrError, TransientError
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
    """Run the query and write its rows. Raises ReportError for a query that fails, TransientError for missing rows."""
    own_limit = own_limit_of(options.sql or "")
    name = uuid.uuid4().hex[:11]  # the server's column holds eleven characters
    query = _run(talk, options, name, own_limit or MOST_ROWS)
    rows = int(query["rows"])
    came, announced = _export(talk, options, name, into)
    limited = query.get("limitingFactor") != "NOT_LIMITED" and rows >= int(query.get("limit") or 0)
    warnings = (_cut(rows),) if limited and rows != own_limit else ()
    if came < rows:
        into.restart()
        raise TransientError(
            f"{came:,} of {rows:,} rows came: the export was cut, or rows were deleted meanwhile",
            reason="cut",
            max_attempts=3,
            remedy="If it comes again, the server or something before it limits exports.",
        )
    if came > rows:
        changed = f"{came:,} rows came and the query had {rows:,} before: the data changed in between"
        return Fetched(proof=Proof.LENGTH if announced else Proof.NONE, warnings=(changed, *warnings))
    return Fetched(records=rows, proof=Proof.COUNT, warnings=warnings)


def _run(talk: Talk, options: SupersetOptions, name: str, limit: int) -> dict[str, Any]:
    try:
        told = talk.post("sqllab/execute/", _request(options, name, limit))
    except TransientError as error:
        if error.reason == "http-500" and _is_unknown(talk, options.database, error.message):
            raise ReportError(
                f"there is no database {options.database} in Superset, or this account may not see it",
                reason="no-database",
                remedy="Give in the option database the number that Superset's address shows when its data is edited.",
            ) from None
        raise
    query: dict[str, Any] = told.get("query") or {}
    if query.get("state") != "success" or not isinstance(query.get("rows"), int):
        raise ReportError(
            f"the query did not finish: {query.get('errorMessage') or query.get('state') or told.get('status')}",
            reason="query",
            remedy="Does this database run its queries asynchronously? Then only charts can be had.",
        )
    return query


def _is_unknown(talk: Talk, database: int | None, message: str) -> bool:
    """A wrong number is answered like a crash, in the account's language."""
    if "database referenced in this query was not found" in message:
        return True
    try:
        talk.get(f"database/{database}")
    except SfrError as error:
        return error.reason == "not-found"
    return False


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


def _export(talk: Talk, options: SupersetOptions, name: str, into: Sink) -> tuple[int, bool]:
    """How many rows came, and whether the answer said where it ends."""
    if options.values == "raw":
        answer = talk.post_form("sqllab/export_streaming/", {"client_id": name, "filename": f"{name}.csv"})
        if answer.status not in _NO_STREAM:
            try:
                return _copied(answer, into)
            except NothingCame:  # nothing was written
                return _copied(talk.get_raw(f"sqllab/export/{name}/"), into)
        answer.close()
    return _copied(talk.get_raw(f"sqllab/export/{name}/"), into)


def _copied(answer: Answer, into: Sink) -> tuple[int, bool]:
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
    return page.records, answer.announced


def _cut(rows: int) -> str:
    return (
        f"exactly as many rows as SQL Lab gives at most ({rows:,}): there may be more; "
        "make a chart of the query, which is read page by page, or split it by a condition"
    )
