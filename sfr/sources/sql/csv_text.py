"""Knows the CSV of records as PostgreSQL's COPY writes it, column by column so that Python touches few values singly.

RFC 4180 with LF: quotes only where a value needs them, NULL without quotes, and in quotes what would be taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from sfr.csv_scan import find_delimiter

QUOTE, TWO_QUOTES = '"', '""'
_SPECIAL = re.compile(r'[",\r\n]').search


class Numbers(list[str]):
    """Texts of numbers, none of which is missing: they need no quotes, and are not looked at."""


def header(columns: Sequence[str], null: str) -> str:
    """The first line. Names of which a reader could guess another delimiter are all quoted."""
    line = block([[name] for name in columns], null)
    if find_delimiter(line[:-1].encode("utf-8", "replace")) == b",":
        return line
    return ",".join(f'"{name.replace(QUOTE, TWO_QUOTES)}"' for name in columns) + "\n"


def block(columns: Sequence[Sequence[str | None]], null: str) -> str:
    """Records, given as their columns, each of the same length, as lines. `null` stands for None."""
    if len(columns) == 1:
        # COPY protects this from being taken for the end of its own text format.
        lines = (r'"\."' if value == r"\." else value for value in _fields(columns[0], null))
        return "\n".join(lines) + "\n"
    return "\n".join(map(",".join, zip(*(_fields(column, null) for column in columns), strict=True))) + "\n"


def _fields(values: Sequence[str | None], null: str) -> Sequence[str]:
    if not null and isinstance(values, Numbers):
        return values
    texts = cast("Sequence[str]", values)
    try:
        joined = "\n".join(texts)  # that there is a None shows here, at no cost
    except TypeError:
        return _fields_with_null(values, null)
    if _is_odd(joined, len(texts), null):
        return [_field(text, null) for text in texts]
    if _needs_quotes(joined, null):
        # Said here instead of in a function of its own, which would double the time.
        return [
            f'"{text.replace(QUOTE, TWO_QUOTES)}"' if "," in text or '"' in text or text == null else text
            for text in texts
        ]
    return texts


def _fields_with_null(values: Sequence[str | None], null: str) -> Sequence[str]:
    present = [value for value in values if value is not None]
    fields = iter(_fields(present, null))
    return [null if value is None else next(fields) for value in values]


def _is_odd(joined: str, count: int, null: str) -> bool:
    """Whether a value holds a line end, or is the marker for NULL: each is looked at by itself then."""
    return joined.count("\n") != max(count - 1, 0) or "\r" in joined or (null != "" and null in joined)


def _needs_quotes(joined: str, null: str) -> bool:
    """Whether one of some values, joined by line ends of which they hold none, holds a comma or a quote, or is empty
    where that stands for NULL."""
    if "," in joined or '"' in joined:
        return True
    return not null and (not joined or "\n\n" in joined or joined.startswith("\n") or joined.endswith("\n"))


def _field(value: str, null: str) -> str:
    if value == null or _SPECIAL(value):
        return f'"{value.replace(QUOTE, TWO_QUOTES)}"'
    return value
