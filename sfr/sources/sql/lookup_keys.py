"""Knows when keys of two databases are equal, though one keeps numbers, another texts, and a third pads with spaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

Row = tuple[str | None, ...]
Key = str | tuple[str, ...]

_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d*))?", re.ASCII)
_EXPONENT = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?(\d+)", re.ASCII)
_LARGEST_EXPONENT = 400  # of a float


def as_text(value: str) -> str:
    """Spaces behind it do not count, as in SQL: a column of type char is padded with them."""
    return value.rstrip(" ") if value[-1:] == " " else value


def as_number(value: str) -> str:
    """`1`, `1.00`, `+1`, `1e0` and ` 1 ` are the same; what is no number stays a text."""
    found = _NUMBER.fullmatch(_without_exponent(value.strip()))
    if found is None:
        return as_text(value)
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return f"-{plain}" if sign == "-" and plain != "0" else plain


def caseless(value: str) -> str:
    """As text, but letter case does not count."""
    return value.rstrip(" ").casefold()


def _without_exponent(text: str) -> str:
    """Each database writes large and small floats in its own way: 1e+20, 1e20, 1.0E20."""
    found = _EXPONENT.fullmatch(text)
    return format(Decimal(text), "f") if found is not None and int(found[1]) < _LARGEST_EXPONENT else text


def _equal_texts(values: Sequence[str]) -> Sequence[str]:
    """As `as_text` for each; where none ends with a space, which most never do, that is seen at once."""
    return values if " \n" not in "\n".join((*values, "")) else [as_text(value) for value in values]


_EQUAL: dict[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "text": _equal_texts,
    "number": lambda values: [as_number(value) for value in values],
    "caseless": lambda values: [caseless(value) for value in values],
}

# Texts that find what is equal to one of them here, in a database to which they may be different.
_FORMS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "text": lambda value: (as_text(value), value),
    # 1.00 as it is would be refused by a column of whole numbers; 01 is what one of texts may hold.
    "number": lambda value: (as_number(value), value) if value.isdecimal() else (as_number(value),),
    "caseless": lambda value: (as_text(value), value, as_text(value).lower(), as_text(value).upper(), caseless(value)),
}


class Keys:
    """The key of a row: the values at some places, made comparable. A key with a NULL in it is None: it is equal to
    nothing, not even to another NULL."""

    def __init__(self, places: Sequence[int], match: str) -> None:
        self._places, self._equal, self._forms = tuple(places), _EQUAL[match], _FORMS[match]

    def of(self, rows: Sequence[Row]) -> Sequence[Key | None]:
        """The keys of rows, in their order."""
        columns = [self._comparable([row[place] for row in rows]) for place in self._places]
        if len(columns) == 1:
            return columns[0]
        return [None if None in each else each for each in zip(*columns, strict=True)]

    def made_equal(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The same rows with their keys in the form in which equal ones are the same."""
        for place in self._places:
            values = [row[place] for row in rows]
            equal = self._comparable(values)
            if equal is not values:
                changed = zip(rows, equal, strict=True)
                rows = [(*row[:place], value, *row[place + 1 :]) for row, value in changed]
        return rows

    def _comparable(self, values: Sequence[str | None]) -> Sequence[str | None]:
        try:
            return self._equal(values)  # type: ignore[arg-type]  # that there is a None shows at no cost
        except (TypeError, AttributeError):
            return [None if value is None else self._equal([value])[0] for value in values]

    def to_ask(self, rows: Sequence[Row]) -> list[list[str]]:
        """For each place the different texts that a database is to be asked for, in their order: those of all keys
        without a NULL, as they are and in other forms that are equal to them here."""
        columns = zip(*(key for key in self._spelled(rows) if None not in key), strict=True)
        asked = [list(dict.fromkeys(chain.from_iterable(map(self._forms, column)))) for column in columns]
        return asked or [[] for _ in self._places]

    def rounds(self, rows: Sequence[Row], keys: Sequence[Key | None]) -> list[list[int]]:
        """The places of rows that may be asked for in one go: a key that is spelled in several ways is asked for in
        several. A database may find more for one of them, and which other rows are asked for must change nothing."""
        spelled = self._spelled(rows)
        if len(set(spelled)) == len(set(keys)):
            return [list(range(len(rows)))]
        rounds: list[list[int]] = []
        seen: dict[Key | None, dict[Any, int]] = {}
        for place, (key, texts) in enumerate(zip(keys, spelled, strict=True)):
            forms = tuple([self._forms(text) for text in texts if text is not None])
            ways = seen.setdefault(key, {})
            number = 0 if key is None else ways.setdefault(forms, len(ways))
            rounds += [[] for _ in range(number + 1 - len(rounds))]
            rounds[number].append(place)
        return rounds

    def _spelled(self, rows: Sequence[Row]) -> list[Row]:
        return [tuple([row[place] for place in self._places]) for row in rows]
