"""Writes the cells of a sheet, and knows what a cell can hold: Excel rounds numbers to 15 digits, and has no zones."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

from sfr.column_types import Value
from sfr.conversion.workbook_file import (
    DATE,
    FIRST_NUMBER,
    MOST_DECIMALS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMP_WITH_MILLISECONDS,
)

MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767  # in units of UTF-16, as the program counts

_DAY_ZERO = datetime(1899, 12, 30)
_FIRST_DAY = datetime(1900, 3, 1)  # before it Excel counts a day that never was
_EXACT_DIGITS = 15
_FLOATS = (2.3e-308, 9.99e307)  # the smallest and the largest that Excel has
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0 has no way to write them
_SPECIAL = re.compile(r"[&<>\r]|_x[0-9A-Fa-f]{4}_|" + _IMPOSSIBLE.pattern)
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def letters(position: int) -> str:
    """The name of a column: A for 0, AA for 26."""
    before, last = divmod(position, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)


def is_plain(text: str) -> bool:
    """Whether a text can be a cell as it is; several of them put together may be asked about at once."""
    return len(text) <= LONGEST_TEXT // 2 and not _SPECIAL.search(text)


def escaped(text: str) -> str:
    """A text as it stands in the file. Raises ValueError for one that no cell can hold; nothing is ever cut."""
    if len(text) > LONGEST_TEXT // 2 and (units := len(text.encode("utf-16-le")) // 2) > LONGEST_TEXT:
        raise ValueError(f"has {units:,} characters, and a cell of a workbook takes {LONGEST_TEXT:,}")
    if found := _IMPOSSIBLE.search(text):
        raise ValueError(f"has the control character U+{ord(found[0]):04X}, which no workbook can hold")
    # Excel reads _x0041_ as the letter A, unless its first underscore is written this way itself.
    return _LOOKS_ESCAPED.sub("_x005F_", text).translate(_ESCAPES)


def text_cell(place: str, text: str, style: int = TEXT) -> str:
    """A cell with a text, which has been escaped; it is never run as a formula."""
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def value_cell(place: str, value: Value) -> str | None:
    """A cell with a value that is no text; None where a workbook could not hold it exactly."""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    styled = _number(value) if isinstance(value, (int, float, Decimal)) else _moment(value)
    return f'<c r="{place}" s="{styled[1]}"><v>{styled[0]}</v></c>' if styled else None


def _number(value: float | Decimal) -> tuple[str, int] | None:
    """The number and its style."""
    if isinstance(value, float):
        smallest, largest = _FLOATS
        return (repr(value), 0) if not value or smallest <= abs(value) <= largest else None
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    decimals = len(text.partition(".")[2])
    if len(text.lstrip("-0.").replace(".", "")) > _EXACT_DIGITS or decimals > MOST_DECIMALS:
        return None
    return text, FIRST_NUMBER + decimals


def _moment(value: Value) -> tuple[str, int] | None:
    """The days since Excel's day zero, and the style."""
    if isinstance(value, time):
        return None if value.microsecond % 1_000 else (repr(_seconds(value) / 86_400), TIME)
    if not isinstance(value, date):
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if moment.tzinfo is not None or moment < _FIRST_DAY or moment.microsecond % 1_000:
        return None
    days = (moment - _DAY_ZERO).days
    if not isinstance(value, datetime):
        return str(days), DATE
    return repr(days + _seconds(value) / 86_400), TIMESTAMP_WITH_MILLISECONDS if value.microsecond else TIMESTAMP


def _seconds(value: time | datetime) -> float:
    return value.hour * 3_600 + value.minute * 60 + value.second + value.microsecond / 1_000_000
