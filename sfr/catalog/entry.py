"""Knows what a list of any kind says about one report: the values as they are written, nothing understood yet."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sfr.model import Window

Cells = dict[str, str]
Pairs = tuple[tuple[str, str], ...]

# As written, before dates: what makes tomorrow's report the same one as today's. An address may hold params.
_IDENTIFYING = ("name", "id", "path")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a JSON or YAML file, and how it is written there: 1.10 may be meant as a text."""

    text: str
    value: int | float


@dataclass(frozen=True, slots=True)
class Entry:
    """A report as it is written in a list.

    `cells` are texts by column (see `columns.ALIASES`). `params` are given where they are no text, `options` are
    values of JSON, with each number as a Number. `window` is one that needs no reading. In a `literal` entry `{today}`
    is no date. `notices` are what its user should be told.
    """

    cells: Cells
    params: Pairs | None = None
    options: dict[str, Any] = field(default_factory=dict)
    columns: Pairs = ()
    other_columns: str = "drop"
    expected_columns: tuple[str, ...] = ()
    window: Window | None = None
    literal: bool = False
    notices: tuple[str, ...] = ()

    def cell(self, column: str) -> str:
        """The text of a column; "" when there is none."""
        return self.cells.get(column, "")

    @property
    def template(self) -> str:
        """What tells that a report of tomorrow is this one: all that is written of what is to be fetched."""
        params = self.cell("params") if self.params is None else "&".join(map("=".join, self.params))
        known_by = [*map(self.cell, _IDENTIFYING), params]
        known_by += [f"window={self.cell('window')}"] if self.cell("window") else []
        if self.options:
            written = json.dumps(plain(self.options), sort_keys=True, ensure_ascii=False, default=str)
            known_by.append(f"options={written}")
        return "\n".join(known_by)


def plain(value: Any) -> Any:
    """A value of JSON with its Numbers as numbers."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value
