"""Knows how dates are filled into the cells and options of a list, and how a wrong one is told."""

from __future__ import annotations

from typing import Any

from sfr.catalog.dates import Moment, fill, fill_values
from sfr.catalog.options import BadOption
from sfr.catalog.problems import BadCell


def fill_cell(text: str, seen: Moment, *, keep: tuple[str, ...] = (), in_name: bool = False) -> str:
    """A cell with its dates filled in. Raises BadCell."""
    try:
        return fill(text, seen, keep=keep, in_name=in_name)
    except ValueError as error:
        raise BadCell(str(error)) from error


def filled_options(options: dict[str, Any], seen: Moment) -> dict[str, Any]:
    """Options with the dates filled in in all their texts. Raises BadOption."""
    filled = {}
    for name, value in options.items():
        try:
            filled[name] = fill_values(value, seen)
        except ValueError as error:
            raise BadOption(name, "", str(error), "") from error
    return filled
