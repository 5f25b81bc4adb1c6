"""Knows how the steps of a list are written, and finds what is wrong with them before any record is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sfr.cleansing.conditions import CONDITIONS, check_conditions, yes_or_no
from sfr.column_types import read_type
from sfr.similar_names import did_you_mean

Pairs = Iterable[tuple[str, str]]

STEPS = ("rename", "drop", "keep", "filter", "dedupe", "sort")
_SORT_KEYS = ("column", "as", "descending")


class Problem(NamedTuple):
    """One thing wrong with what a list says: why, and what to do."""

    message: str
    remedy: str


class Order(NamedTuple):
    """One column to sort by. `type` is how its values are compared, "" for how the list's `types` have it."""

    column: str
    descending: bool
    type: str


def check_steps(steps: Iterable[tuple[str, Any]], types: Pairs = ()) -> list[Problem]:
    """What is wrong with the steps of a list, given as pairs of a name and a JSON value; `types` are the types that
    the list gives to columns. Says nothing of which columns there are."""
    known = dict(types)
    problems = []
    for number, (name, value) in enumerate(steps, 1):
        for message, remedy in _check_step(name, value, known):
            problems.append(Problem(f"step {number} ({name}) {message}", remedy))
    return problems


def _check_step(name: str, value: Any, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if name not in STEPS:
        hint = did_you_mean(str(name), STEPS)
        yield "is no step that is known here", f"{hint} There are {', '.join(STEPS)}.".lstrip()
    elif name == "rename":
        yield from _check_names(value)
    elif name == "filter":
        yield from _check_filter(value, types)
    elif name == "sort":
        yield from _check_sort(value)
    else:
        yield from _check_columns(name, value)


def _check_names(value: Any) -> Iterator[tuple[str, str]]:
    if (
        not isinstance(value, Mapping)
        or not value
        or not all(isinstance(name, str) for pair in value.items() for name in pair)
    ):
        yield "does not say which columns get which names", "Write it as rename: {Old name: new_name}."
        return
    new = list(value.values())
    if twice := next((name for name in new if new.count(name) > 1), None):
        yield f"gives two columns the name {twice!r}", "Give each its own name."
    if "" in new:
        yield "takes the name of a column away", "Write a name, or drop the column."


def _check_columns(name: str, value: Any) -> Iterator[tuple[str, str]]:
    columns = names_of(value)
    if columns is None or (not columns and name != "dedupe"):
        yield "does not say which columns", f"Write it as {name}: [first, second]."
    elif twice := next((each for each in columns if columns.count(each) > 1), None):
        yield f"names the column {twice!r} twice", "Name it once."


def _check_filter(value: Any, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    conditions = conditions_of(value)
    if not conditions:
        yield "has no condition", "Write it as filter: {column: status, equals: active}."
    for condition in conditions or ():
        column = condition.get("column")
        if not isinstance(column, str):
            yield "does not say which column", "Write it as filter: {column: status, equals: active}."
        elif unknown := [key for key in condition if key not in (*CONDITIONS, "column", "as")]:
            hint = did_you_mean(str(unknown[0]), CONDITIONS)
            yield f"has the condition {unknown[0]!r}", f"{hint} There are {', '.join(CONDITIONS)}.".lstrip()
        elif not set(condition) & set(CONDITIONS):
            yield f"has no condition for the column {column!r}", f"Write one of {', '.join(CONDITIONS)}."
        else:
            yield from check_conditions(condition, types.get(column, ""))


def _check_sort(value: Any) -> Iterator[tuple[str, str]]:
    orders = orders_of(value)
    if not orders:
        yield "does not say by which columns", "Write it as sort: [country, -amount]; - is for the greatest first."
        return
    if twice := next((order.column for order in orders if [each.column for each in orders].count(order.column) > 1), 0):
        yield f"names the column {twice!r} twice", "Name it once."
    for order in orders:
        if order.type and (why := _failure(read_type, order.type)):
            yield f"has a type for {order.column!r} that cannot be read: {why}", "Correct it behind `as`."


def names_of(value: Any) -> list[str] | None:
    """The columns that a step names, one or a list of them; None for what is neither."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) and name for name in names):
        return None
    return list(names)


def conditions_of(value: Any) -> list[Mapping[str, Any]] | None:
    """The conditions of a filter, one or a list of them; None for what is neither."""
    conditions = [value] if isinstance(value, Mapping) else value
    if not isinstance(conditions, (list, tuple)) or not all(isinstance(each, Mapping) for each in conditions):
        return None
    return list(conditions)


def orders_of(value: Any) -> list[Order] | None:
    """What a sort step sorts by; None for what cannot be read."""
    items = value if isinstance(value, (list, tuple)) else [value]
    orders = [_order(item) for item in items]
    return None if None in orders else [order for order in orders if order is not None]


def _order(item: Any) -> Order | None:
    if isinstance(item, str):
        item = {"column": item}
    if not isinstance(item, Mapping) or set(item) - set(_SORT_KEYS):
        return None
    column, kind = item.get("column"), item.get("as", "")
    descending = yes_or_no(item["descending"]) if "descending" in item else False
    if not isinstance(column, str) or not isinstance(kind, str) or descending is None:
        return None
    if "descending" not in item:  # where it is said, the name may begin with a hyphen of its own
        column, descending = column.removeprefix("-"), column.startswith("-")
    return Order(column, descending, kind) if column else None


def _failure(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return ""
