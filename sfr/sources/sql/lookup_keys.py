"""Knows when keys of two databases are equal, though one keeps numbers, another texts, and a third pads with spaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

Row = tuple[str | None, ...]
Key = str | tuple[str, ...]

_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d*))?", re.ASCII)


def as_text(value: str) -> str:
    """Spaces behind it do not count, as in SQL: a column of type char is padded with them."""
    return value.rstrip(" ") if value[-1:] == " " else value


def as_number(value: str) -> str:
    """`1`, `1.00`, `+1` and ` 1 ` are the same; what is no number stays a text."""
    found = _NUMBER.fullmatch(value.strip())
    if found is None:
        return as_text(value)
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return f"-{plain}" if sign == "-" and plain != "0" else plain


def caseless(value: str) -> str:
    """As text, but letter case does not count."""
    return value.rstrip(" ").casefold()


def _equal_texts(values: Sequence[str]) -> Sequence[str]:
    """As `as_text` for each; where none ends with a space, which most never do, that is seen at once."""
    return values if " \n" not in "\n".join((*values, "")) else [as_text(value) for value in values]


_EQUAL: dict[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "text": _equal_texts,
    "number": lambda values: [as_number(value) for value in values],
    "caseless": lambda values: [caseless(value) for value in values],
}


class Keys:
    """The key of a row: the values at some places, made comparable. A key with a NULL in it is None: it is equal to
    nothing, not even to another NULL."""

    def __init__(self, places: Sequence[int], match: str) -> None:
        self._places, self._equal = tuple(places), _EQUAL[match]
        self._is_number = match == "number"

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

    def to_ask(self, rows: Iterable[Row]) -> list[tuple[str, ...]]:
        """The different keys of rows as a database is to be asked for them, in their order."""
        shown = as_number if self._is_number else as_text
        asked: dict[tuple[str, ...], None] = {}
        for row in rows:
            texts = tuple([shown(value) for place in self._places if (value := row[place]) is not None])
            if len(texts) == len(self._places):
                asked[texts] = None
        return list(asked)
