"""Knows what can be seen of a report over several databases when its list is read: queries and their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sfr.connector import ReferenceProblem, Wanted
from sfr.sources.sql import queries
from sfr.sources.sql.joined_options import EachDay, Lookup, Staged
from sfr.sources.sql.options import SqlOptions

DAY_NAMES = ("day", "day_start", "day_end")


@dataclass(frozen=True, slots=True)
class Joining:
    """A report over several databases: its options with the texts of all queries, and the further sources."""

    options: Mapping[str, Any]
    sources: tuple[str, ...]


def read_joining(wanted: Wanted, options: SqlOptions, driving_names: tuple[str, ...]) -> Joining:
    """`driving_names` are the parameters of the report's own query. Raises ReferenceProblem for queries that cannot be
    read, parameters without a value, values without a parameter, and a loop that no query follows."""
    own = options.values(wanted.params)
    parts: list[tuple[str, Lookup | Staged]] = [
        *((f"lookups.{number}", lookup) for number, lookup in enumerate(options.lookups)),
        *((f"stage.{name}", staged) for name, staged in options.stage.items()),
    ]
    written = {place: queries.load(part.query, f"{place}.query") for place, part in parts}
    names = {place: queries.names_in(written[place], "", f"{place}.query") for place, _ in parts}
    used = {name for each in names.values() for name in each} | set(driving_names)
    loop = DAY_NAMES if options.for_each else ()
    _check_days(options, wanted, [driving_names, *names.values()])
    for place, part in parts:
        keys = _keys(place, part, names[place]) if isinstance(part, Lookup) else ()
        given = [*own, *part.params, *keys, *loop]
        queries.check_names(names[place], [name for name in given if name in names[place]], wanted.window)
        _check_used(part.params, names[place])
    queries.check_names(driving_names, [name for name in [*own, *loop] if name in driving_names], wanted.window)
    _check_used(own, used)
    texts = {place: each.text for place, each in written.items()}
    sources = dict.fromkeys(part.source for _, part in parts if part.source is not None)
    return Joining(_with_texts(wanted.options, texts), tuple(sources))


def _with_texts(options: Mapping[str, Any], texts: Mapping[str, str]) -> Mapping[str, Any]:
    lookups = [
        {**each, "query": texts[f"lookups.{number}"]} for number, each in enumerate(options.get("lookups") or [])
    ]
    stage = {name: {**each, "query": texts[f"stage.{name}"]} for name, each in (options.get("stage") or {}).items()}
    changed = {"lookups": lookups, "stage": stage}
    return {**options, **{name: value for name, value in changed.items() if value}}


def _keys(place: str, lookup: Lookup, names: Iterable[str]) -> tuple[str, ...]:
    """The parameters that the keys are bound to."""
    each = tuple(f"keys_{column}" for column in lookup.on.values())
    if len(each) > 1 and "keys" in names:
        wanted = " AND ".join(f"{name.removeprefix('keys_')} IN :{name}" for name in each)
        raise ReferenceProblem(f"{place}.query", ":keys", "could be any of several keys", f"Write {wanted}.")
    return ("keys", *each)


def _check_days(options: SqlOptions, wanted: Wanted, names: list[tuple[str, ...]]) -> None:
    daily = [bool(set(each) & set(DAY_NAMES)) for each in names]
    if not options.for_each:
        if any(daily):
            remedy = "Write for_each: day, which also needs a window."
            raise ReferenceProblem("for_each", ":day", "stands in a query, and there is no loop over days", remedy)
        return
    if wanted.window is None:
        raise ReferenceProblem("for_each", "day", "needs a window", "Give the report one, such as last_30_days.")
    if options.stage and isinstance(options.for_each, EachDay):
        name = options.for_each.day
        remedy = f"Write for_each: day, and in the query SELECT …, :day AS {name}."
        raise ReferenceProblem("for_each", name, "is no column yet: with a stage the query gives all columns", remedy)
    if not any(daily):
        remedy = "Write :day, or :day_start and :day_end, into the query whose rows belong to days."
        raise ReferenceProblem("for_each", "day", "does nothing: no query asks for the day", remedy)
    if options.lookups and not daily[0] and sum(daily) > 1:
        remedy = "Make one query of them, use :day in the driving query too, or stage them."
        raise ReferenceProblem("lookups", ":day", "stands in several lookups for the same rows", remedy)


def _check_used(given: Iterable[str], used: Iterable[str]) -> None:
    if unused := [name for name in given if name not in used]:
        remedy = "Take it out, or use it in a query."
        raise ReferenceProblem(
            "params", unused[0], "is given a value, and no query has a parameter of this name", remedy
        )
