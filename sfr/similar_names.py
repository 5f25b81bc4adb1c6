"""Knows what somebody may have meant who wrote a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(written: str, known: Iterable[str], most: int = 1) -> str:
    """A question with the names nearest to what was written, at most so many; "" when none is near."""
    close = difflib.get_close_matches(written, list(known), n=most)
    return f"Did you mean {' or '.join(close)}?" if close else ""
