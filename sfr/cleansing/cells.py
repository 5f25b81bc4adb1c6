"""Knows how a value that a function returned is written as a cell of a CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from sfr.cleansing.stage import Setting

_LONGEST_EXPONENT = 100  # of a number that is written without one


class Column:
    """One column of the answers. `floats` counts its floating point numbers, which may not be what came."""

    def __init__(self, name: str, setting: Setting) -> None:
        self._name, self._null = name, setting.null
        self._is_special = re.compile(f'["\r\n{re.escape(setting.delimiter.decode())}]').search
        self.floats = 0

    def cells(self, values: Sequence[Any], missing: Sequence[bool]) -> list[bytes]:
        """Text as it is; what is missing as the report's mark for no value, or nothing where it has none; true and
        false; numbers without an exponent; dates and times in ISO 8601. Raises TypeError for anything else."""
        nothing = (self._null or "").encode()
        return [
            nothing if no_value else self._cell(value if type(value) is str else self._text_of(value))
            for value, no_value in zip(values, missing, strict=True)
        ]

    def warning(self, label: str) -> str:
        """What is told where there are floating point numbers; `label` names the function."""
        return (
            f"{label}: {self.floats:,} values of {self._name!r} came back as floating point numbers, "
            "which may have lost digits: keep them as text"
        )

    def _cell(self, text: str) -> bytes:
        if self._is_special(text) or text == self._null:
            text = '"' + text.replace('"', '""') + '"'
        return text.encode("utf-8", "replace")

    def _text_of(self, value: Any) -> str:
        if isinstance(value, str):
            return str(value)
        if getattr(type(value), "__module__", "") == "numpy" and getattr(value, "shape", None) == ():
            value = value.item()
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            self.floats += 1
        if isinstance(value, (int, float)):
            return str(value)
        if isinstance(value, Decimal):
            plain = value.is_finite() and abs(value.adjusted()) < _LONGEST_EXPONENT
            return format(value, "f") if plain else str(value)
        if isinstance(value, (date, time)):  # a datetime is a date too
            return value.isoformat()
        raise TypeError(f"returned a {type(value).__name__} in the column {self._name!r}")
