"""Knows what a query is: its text, the values of its parameters, and where people find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Query:
    """One statement that reads. `params` are the values of its `:names`; a list stands for several values, as in
    `IN :names`. `place` is what people know it by, such as `input/active.sql`."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    place: str = "query"
