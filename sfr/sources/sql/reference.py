"""Knows how people point at an SQL report: a query, a .sql file, or a table."""

from __future__ import annotations

from pydantic import ValidationError

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.sources.sql import queries, tables
from sfr.sources.sql.joined_reference import read_joining
from sfr.sources.sql.options import SqlOptions

INLINE = "query"
_FORMS = "Write as id a .sql file or table:NAME; in a YAML or JSON list there may be a query below query instead."


def read_reference(wanted: Wanted) -> Reference:
    """The report with its query's text, read from its file now, so that a later try asks the same. Raises
    ReferenceProblem, also for parameters without a value and values without a parameter."""
    options = _options(wanted)
    text = wanted.text.strip()
    _check_alone(text, options.query)
    if text.startswith(tables.PREFIX) and options.query is None:
        return _table(text, wanted, options)
    if options.query is None and not queries.is_file(text):
        raise ReferenceProblem("id", text, "is no query" if text else "is empty, and there is no query", _FORMS)
    option = "id" if options.query is None else "query"
    written = queries.load(options.query or text, option)
    used = queries.names_in(written, queries.dialect_of(wanted.server), option)
    if options.is_joined:
        joining = read_joining(wanted, options, used)
        return Reference(
            text or written.file or INLINE,
            params=wanted.params,
            options={**joining.options, "query": written.text},
            sources=joining.sources,
        )
    queries.check_names(used, options.values(wanted.params), wanted.window)
    return Reference(
        text or written.file or INLINE,
        params=wanted.params,
        options={**wanted.options, "query": written.text},
        notices=_notices(written, used, wanted),
    )


def _check_alone(text: str, query: str | None) -> None:
    """An id that is not what is asked would stand in plan, summary and history all the same. Only the file from which
    `query` was read may be named with its text."""
    if not text or query is None or text == INLINE:
        return
    if not queries.is_file(text) or (queries.is_file(query) and query.strip() != text):
        raise ReferenceProblem(
            "id", text, "stands beside a query, and only one of them is asked", "Take one of them out."
        )


def _options(wanted: Wanted) -> SqlOptions:
    try:
        return SqlOptions.model_validate(wanted.options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "options"
        message = first["msg"].removeprefix("Value error, ")
        raise ReferenceProblem("options", place, message, "See docs/sql.md for the options.") from None


def _table(text: str, wanted: Wanted, options: SqlOptions) -> Reference:
    if tables.parts_of(text) is None:
        remedy = 'Write table:name or table:schema.name, odd names in quotes: table:"my table".'
        raise ReferenceProblem("id", text, "names no table", remedy)
    queries.check_names((), options.values(wanted.params), wanted.window)
    return Reference(text, options=wanted.options)


def _notices(written: queries.Written, used: tuple[str, ...], wanted: Wanted) -> tuple[str, ...]:
    # A query that stands in the list may have been given the window's dates in braces, and nobody sees that here.
    if wanted.window is not None and written.file and not set(used) & set(queries.WINDOW_NAMES):
        return (f"the window does nothing: {written.file} has no :window_start, :window_end or date of it",)
    return ()
