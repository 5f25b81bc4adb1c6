"""Knows the conditions of a filter: how each is written, and which values it keeps."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sfr.cleansing.values import Reader, Value
from sfr.column_types import ColumnType, read_type

Test = Callable[[bytes | None, Value | None], bool]  # of what a cell says, and of what that is as its type

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
_OF_TEXT = ("contains", "starts_with", "matches")
_LISTS = ("in", "not_in")
CONDITIONS = ("equals", "not_equals", *_LISTS, *_OF_TEXT, *_ORDERED, "empty")
_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def check_conditions(condition: Mapping[str, Any], declared: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the conditions for one column, which the list's `types` call `declared`, "" for nothing."""
    try:
        wanted = type_of(condition, declared)
    except ValueError as error:
        yield f"has a type for {condition['column']!r} that cannot be read: {error}", "Correct it behind `as`."
        return
    for name in CONDITIONS:
        if name in condition:
            yield from _check_operands(name, condition[name], wanted)


def type_of(condition: Mapping[str, Any], declared: str) -> ColumnType:
    """What the values of the column are compared as. Raises ValueError for what is no type."""
    return read_type(str(condition.get("as") or declared or "text"))


def needs_type(condition: Mapping[str, Any]) -> bool:
    """Whether a condition is one of what a value is as its type."""
    return any(name in condition for name in ("equals", "not_equals", *_LISTS, *_ORDERED))


def tests_of(condition: Mapping[str, Any], wanted: ColumnType) -> list[Test]:
    """What a value must pass, all of them; the condition has been checked."""
    read = Reader(condition["column"], wanted)
    return [_test(name, condition[name], read) for name in CONDITIONS if name in condition]


def _check_operands(name: str, operand: Any, wanted: ColumnType) -> Iterator[tuple[str, str]]:
    if name == "empty":
        if yes_or_no(operand) is None:
            yield "has empty with neither yes nor no", "Write empty: yes or empty: no."
        return
    operands = operand if name in _LISTS else [operand]
    if not isinstance(operands, (list, tuple)) or not operands:
        yield f"has {name} without a list", f"Write it as {name}: [first, second]."
        return
    for each in operands:
        yield from _check_operand(name, each, wanted)


def _check_operand(name: str, operand: Any, wanted: ColumnType) -> Iterator[tuple[str, str]]:
    if isinstance(operand, bool) or not isinstance(operand, (str, int)):
        yield f"has {name} with {operand!r}, which is no text", f'Put it into quotes, as in {name}: "1.50".'
    elif isinstance(operand, int) and name in _ORDERED and wanted.kind == "text":
        remedy = f'Write as: integer (or decimal(12,2)) beside it, or {name}: "{operand}" to compare texts.'
        yield f"compares texts with the number {operand}", remedy
    elif name == "matches":
        try:
            re.compile(str(operand))
        except re.error as error:
            yield f"has a pattern that cannot be read: {error}", "Correct the regular expression."
    elif name not in _OF_TEXT:
        try:
            wanted.value(str(operand))
        except ValueError as error:
            yield f"has {name}: {operand!r} {error}", f"Write a value of the type {wanted.name}."


def _test(name: str, operand: Any, read: Reader) -> Test:
    if name == "empty":
        wanted = bool(yes_or_no(operand))
        return lambda text, _: (not text) is wanted
    if name in _OF_TEXT:
        return _test_of_text(name, str(operand))
    if name in _LISTS:
        among = {read(str(each).encode()) for each in operand}
        return (lambda _, value: value in among) if name == "in" else (lambda _, value: value not in among)
    known = read(str(operand).encode())
    if name in ("equals", "not_equals"):
        return (lambda _, value: value == known) if name == "equals" else (lambda _, value: value != known)
    compare = _ORDERED[name]
    return lambda _, value: value is not None and compare(value, known)


def _test_of_text(name: str, operand: str) -> Test:
    if name == "matches":
        search = re.compile(operand).search
        return lambda text, _: text is not None and search(text.decode()) is not None
    wanted = operand.encode()
    if name == "contains":
        return lambda text, _: text is not None and wanted in text
    return lambda text, _: text is not None and text.startswith(wanted)


def yes_or_no(written: Any) -> bool | None:
    """What a list says by true, yes or their opposites; None for anything else."""
    return written if isinstance(written, bool) else _YES_OR_NO.get(str(written).lower())
