"""Knows the text of values that a driver gives as Python objects, exact, and the values that any driver takes."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def text_of(value: Any) -> str | None:
    """The text of a value of a database; None for NULL. Decimals keep their digits, floats get the fewest that mean
    the same number, times their offset where they have one, bytes become `\\x` and hexadecimal digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return rf"\x{bytes(value).hex()}"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    return str(value)


def plain(value: Any) -> Any:
    """A parameter's value for a database that has neither dates nor decimals."""
    return text_of(value) if isinstance(value, (date, time, Decimal)) else value
