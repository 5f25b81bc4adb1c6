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

    `cells` are texts by column (see `columns.ALIASES`), `more` what is more than a text, by its key. `params` are given
    where they are no text, `options` are for the source; in these and in `more` each number is a Number. `window` is
    one that needs no reading. In a `literal` entry `{today}` is no date. `notices` are what its user should be told.
    """

    cells: Cells
    params: Pairs | None = None
    options: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
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
        # Each only where it is used: a report of yesterday's list must be the same one today.
        known_by += [f"{column}={self.cell(column)}" for column in ("window", "format") if self.cell(column)]
        if self.options:
            written = json.dumps(plain(self.options), sort_keys=True, ensure_ascii=False, default=str)
            known_by.append(f"options={written}")
        return "\n".join(known_by)


def plain(value: Any, *, as_written: bool = False) -> Any:
    """A value of JSON with its Numbers as numbers, or as the texts that somebody wrote."""
    if isinstance(value, Number):
        return value.text if as_written else value.value
    if isinstance(value, dict):
        return {key: plain(each, as_written=as_written) for key, each in value.items()}
    return [plain(each, as_written=as_written) for each in value] if isinstance(value, list) else value


def is_text(value: Any) -> bool:
    """Whether a value is a text, or a number, which is one as it is written."""
    return isinstance(value, (str, Number))


def text_of(value: Any) -> str:
    """The text of such a value, or of a boolean, without spaces around it."""
    return value.text if isinstance(value, Number) else str(value).lower() if isinstance(value, bool) else value.strip()
