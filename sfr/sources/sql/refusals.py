"""Knows how an error in a query is told: the database's own words, the line and column, and no value of a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sfr.database_errors import Trouble, renamed, said, trouble_of
from sfr.errors import ReportError, SfrError, TransientError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.query import Query
from sfr.sources.sql.statement import line_and_column

SHORTEST_VALUE = 3


class Misplaced(Exception):
    """An error of a driver, and where in the query, as somebody wrote it, it lies (an offset)."""

    def __init__(self, error: BaseException, offset: int) -> None:
        super().__init__(error, offset)
        self.error, self.offset = error, offset


def query_error(error: BaseException, query: Query, config: SqlConfig, *, aborted: bool) -> SfrError:
    """Our error for one that a query came to. `aborted` says that we ended it ourselves."""
    offset = error.offset if isinstance(error, Misplaced) else None
    error = error.error if isinstance(error, Misplaced) else error
    if aborted:
        return TransientError(f"{config.address.shown}: the query was ended", reason="aborted")
    trouble = trouble_of(error)
    if trouble is Trouble.STATEMENT:
        return _refused(said(error, config.address), query, offset)
    found = renamed(error, config.address)
    found.args = (_without_values(f"{query.place}: {found.message}", query.params),)
    if trouble is Trouble.TIMEOUT:
        limit = f"or raise statement_seconds, now {config.statement_seconds:g}"
        found.remedy = f"make the query quicker (an index, a shorter window), {limit}"
    return found


def _refused(words: str, query: Query, offset: int | None) -> ReportError:
    line, column = line_and_column(query.text, offset or 0)
    where = query.place if offset is None else f"{query.place}, line {line}, column {column}"
    remedy = "Correct the query, or the values of its parameters."
    return ReportError(f"{where}: {_without_values(words, query.params)}", reason="sql", remedy=remedy)


def _without_values(words: str, params: Mapping[str, Any]) -> str:
    for name, value in params.items():
        for each in _texts(value):
            words = words.replace(each, f":{name}") if len(each) >= SHORTEST_VALUE else words
    return words


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(each, str):
            yield each
