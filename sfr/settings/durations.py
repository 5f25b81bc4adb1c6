"""Knows how people write spans of time: `2h`, `1h30m`, `45s`, `5400`."""

from __future__ import annotations

import re

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([dhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern}\s*)+")


def parse_duration(text: str) -> float:
    """Turn a span of time into seconds; a number alone is seconds. Raises ValueError."""
    cleaned = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", cleaned):
        return float(cleaned)
    if not _WHOLE.fullmatch(cleaned):
        raise ValueError("is no span of time; write 2h, 90m, 1h30m, 45s or a number of seconds")
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(cleaned))
