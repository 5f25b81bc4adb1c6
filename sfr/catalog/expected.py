"""Knows what a list may expect of the records that are delivered, and which expectations no report can meet."""

from __future__ import annotations

from typing import Any

from sfr.catalog.columns import names_of, read_count
from sfr.catalog.entry import Entry, Number, is_text, text_of
from sfr.catalog.problems import BadCell
from sfr.catalog.shapes import Wrong, types_of
from sfr.model import Expectations
from sfr.settings.durations import parse_duration

_NEWEST = "Write one column and an age: {created: 26h}."


def read_expectations(entry: Entry, least: int | None, may_be_empty: bool, wrong: Wrong) -> Expectations:
    """What an entry expects beside its smallest number of records, `least`; all that is wrong goes to `wrong`."""
    most = _most(entry, least, may_be_empty, wrong)
    return Expectations(
        max_records=most,
        unique=read_columns(entry, "unique", wrong),
        types=types_of(entry.more.get("expect.types"), "expect.types", wrong),
        newest=_newest(entry.more.get("newest"), wrong),
    )


def read_columns(entry: Entry, key: str, wrong: Wrong) -> tuple[str, ...]:
    """The columns that a key names: a list, or in one cell with semicolons between them."""
    given = entry.more.get(key, names_of(entry.cell(key)))
    return columns_of(given, key, wrong)


def columns_of(given: Any, key: str, wrong: Wrong) -> tuple[str, ...]:
    """The columns in a value, one or a list of them."""
    listed = names_of(given) if isinstance(given, str) else [given] if is_text(given) else given
    if not isinstance(listed, list) or not all(is_text(each) and text_of(each) for each in listed):
        wrong(key, "", "does not say which columns", "Write their names: [user_id, day], or user_id;day in one cell.")
        return ()
    names = tuple(map(text_of, listed))
    for name in sorted({name for name in names if names.count(name) > 1}):
        wrong(key, name, "stands here twice", "Name it once.")
    return names


def _most(entry: Entry, least: int | None, may_be_empty: bool, wrong: Wrong) -> int | None:
    written = entry.cell("max_rows")
    try:
        most = read_count(written)
    except BadCell as error:
        wrong("max_rows", written, error.message, error.remedy)
        return None
    if most is not None and least is not None and most < least:
        wrong("max_rows", written, f"is less than min_rows, {least}", "No report can have both; correct one of them.")
    elif most == 0 and not may_be_empty:
        remedy = "Take one of them away."
        wrong("max_rows", written, "allows no record, and may_be_empty says that there must be some", remedy)
    return most


def _newest(value: Any, wrong: Wrong) -> tuple[str, float] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) != 1:
        wrong("newest", "", "is not one column with an age", _NEWEST)
        return None
    [(column, age)] = value.items()
    try:
        seconds = float(age.value) if isinstance(age, Number) else parse_duration(age if isinstance(age, str) else "")
    except ValueError as error:
        wrong(f"newest.{column}", age if isinstance(age, str) else "", str(error).partition(";")[0], _NEWEST)
        return None
    if seconds <= 0:
        wrong(f"newest.{column}", text_of(age), "lets no record be new enough", "Write such as 26h or 3d.")
        return None
    return column, seconds
