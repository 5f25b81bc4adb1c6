"""Knows the types that a list may name for columns: how they are written, and which value a text has as one of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from sfr.errors import InvalidReport

Value = str | int | Decimal | float | bool | date | datetime | time

MOST_DIGITS = 38  # what decimals have in Parquet, and in the databases that have the fewest
_USUAL_SCALE = 9
_INTEGERS = range(-(2**63), 2**63)
_LONGEST_SHOWN = 40

_KINDS = {
    "text": "text string str varchar char character nvarchar|character varying",
    "integer": "integer int int4 int8 int64 bigint smallint long",
    "decimal": "decimal numeric number dec",
    "float": "float double real float8 float64|double precision",
    "boolean": "boolean bool",
    "date": "date",
    "time": "time|time without time zone",
    "timestamp": "timestamp datetime|timestamp without time zone",
    "timestamp with time zone": "timestamptz datetimeoffset|timestamp tz|timestamp with time zone|timestamp with zone",
}
_KIND_OF = {
    name: kind
    for kind, names in _KINDS.items()
    for words, *phrases in [names.split("|")]
    for name in [*words.split(), *phrases]
}
_TYPE = re.compile(r"(?P<name>[a-z0-9 ]+?) *(?:\( *(?P<first>\d{1,9}) *(?:, *(?P<second>\d{1,9}) *)?\))?")
_OFFERED = "text, integer, decimal(12,2), float, boolean, date, time, timestamp, timestamp with time zone"

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6}0*)?)?)"  # what follows the sixth decimal must be nothing
_TIME = re.compile(_CLOCK)
_TIMESTAMP = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{_CLOCK}(Z|z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type. `kind` is text, integer, decimal, float, boolean, date, time, timestamp or timestamp with time zone.

    `precision` and `scale` are a decimal's digits in all, and of those the ones behind its point. `length` is how many
    characters a text may have, 0 for any number of them.
    """

    kind: str
    precision: int = 0
    scale: int = 0
    length: int = 0

    @property
    def name(self) -> str:
        """The one way to write this type; `read_type` gives it back."""
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return f"text({self.length})" if self.length else self.kind

    def value(self, text: str) -> Value:
        """The value of `text`: exact, nothing is rounded, cut or guessed; spaces around it are not overlooked.

        A float is the one next to the number. A timestamp with time zone has the offset that the text has.
        Raises ValueError for a text that is none of this type; its message says why, as in "is no whole number".
        """
        return _READERS[self.kind](text, self)

    def value_or_none(self, text: str | None) -> Value | None:
        """The value of a cell, None for no value. An empty text is no value where the type is not text: it could be
        no other, and exports that quote every cell write it so. Raises ValueError as `value` does."""
        return None if text is None or (not text and self.kind != "text") else self.value(text)


def read_type(text: str) -> ColumnType:
    """The type that `text` names, in any of its usual names and in either case.

    A decimal without digits is decimal(38,9), one with a single number has no digits behind its point.
    Raises ValueError, whose message names the types there are.
    """
    match = _TYPE.fullmatch(" ".join(text.lower().replace("_", " ").split()))
    kind = _KIND_OF.get(match["name"]) if match else None
    if match is None or kind is None:
        raise ValueError(f"{shown(text)} is no type; there are {_OFFERED}")
    numbers = [int(number) for number in match.group("first", "second") if number]
    if kind == "decimal":
        return _decimal_type(text, *numbers)
    if kind == "text" and len(numbers) == 1 and numbers[0]:
        return ColumnType(kind, length=numbers[0])
    if numbers:
        raise ValueError(f"{shown(text)} is no type: {kind} takes no such numbers; there are {_OFFERED}")
    return ColumnType(kind)


def read_types(types: Iterable[tuple[str, str]]) -> dict[str, ColumnType]:
    """The types of columns by their names. Raises ValueError, with the column in its message."""
    found = {}
    for column, text in types:
        try:
            found[column] = read_type(text)
        except ValueError as error:
            raise ValueError(f"column {column!r}: {error}") from error
    return found


def misfit(number: int, column: str, text: str, why: ValueError) -> InvalidReport:
    """The error for a value that does not fit its type: in record `number` (the first one below the header is 1)."""
    return InvalidReport(
        f"record {number:,}, column {column!r}: {shown(text)} {why}",
        reason="type",
        remedy="Name another type for this column (text takes everything), write misfits: keep, or mend it there.",
        max_attempts=1,
    )


def shown(text: str) -> str:
    """A value as a message shows it: in quotes, and not longer than a person reads."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _decimal_type(text: str, precision: int = MOST_DIGITS, scale: int | None = None) -> ColumnType:
    if scale is None:
        scale = 0 if "(" in text else _USUAL_SCALE
    if not 1 <= precision <= MOST_DIGITS or scale > precision:
        raise ValueError(
            f"{shown(text)} is no type: a decimal has 1 to {MOST_DIGITS} digits, and not more of them behind its point"
        )
    return ColumnType("decimal", precision, scale)


def _text(text: str, wanted: ColumnType) -> str:
    if wanted.length and len(text) > wanted.length:
        raise ValueError(f"has {len(text):,} characters, and {wanted.name} takes {wanted.length:,}")
    return text


def _integer(text: str, _wanted: ColumnType) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("is no whole number")
    if len(text.lstrip("+-0")) > 19 or (number := int(text)) not in _INTEGERS:
        raise ValueError("is larger than an integer of 64 bits")
    return number


def _decimal(text: str, wanted: ColumnType) -> Decimal:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError("is no decimal number")
    before, behind = match[1].lstrip("0"), (match[2] or "").rstrip("0")
    if len(behind) > wanted.scale:
        raise ValueError(f"has {len(behind)} digits behind its point, and {wanted.name} takes {wanted.scale}")
    most = wanted.precision - wanted.scale
    if len(before) > most:
        raise ValueError(f"has {len(before)} digits before its point, and {wanted.name} takes {most}")
    sign = "-" if text.startswith("-") and (before or behind) else ""  # zero has none in a database
    return Decimal(f"{sign}{before or 0}.{behind:0<{wanted.scale}}")


def _float(text: str, _wanted: ColumnType) -> float:
    if not _FLOAT.fullmatch(text):
        raise ValueError("is no number")
    if math.isinf(number := float(text)):
        raise ValueError("is larger than a float can be")
    return number


def _boolean(text: str, _wanted: ColumnType) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise ValueError("is neither true nor false")
    return value


def _date(text: str, _wanted: ColumnType) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError("is no date such as 2026-11-21")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def _time(text: str, _wanted: ColumnType) -> time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("is no time such as 07:30:00, with six decimals at most")
    try:
        return time.fromisoformat(match[1])
    except ValueError:
        raise ValueError("is no time of a day") from None


def _timestamp(text: str, wanted: ColumnType) -> datetime:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("is no timestamp such as 2026-11-21 07:30:00, with six decimals at most")
    day, clock, zone = match.groups()
    zoned = wanted.kind != "timestamp"
    if zoned and not zone:
        raise ValueError("says no zone, and its type is timestamp with time zone")
    if zone and not zoned:
        raise ValueError("says a zone, and its type is timestamp; write timestamp with time zone")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(zone or '').upper()}")
    except ValueError:
        raise ValueError("is no moment of the calendar") from None


_READERS: dict[str, Callable[[str, ColumnType], Value]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "timestamp with time zone": _timestamp,
}
