"""Knows what every step of the way has: batches in, batches out, and what is to be told of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sfr.csv_records import Batches, value_reader


class Stage(Protocol):
    """A part of the way of the records. Its warnings are complete when all of them have gone through."""

    def __call__(self, batches: Batches) -> Batches: ...
    def warnings(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What steps know of their report: `null` is the text without quotes that stands for no value, None where every
    text is one; `types` are those that the list declares, `folder` has room for what memory cannot hold."""

    delimiter: bytes
    null: str | None
    folder: Path
    types: Mapping[str, str] = field(default_factory=dict)
    keep_misfits: bool = False

    @property
    def value(self) -> Callable[[bytes], bytes | None]:
        """Reads a cell; None for no value."""
        return value_reader(self.null)


def left_out(label: str, seen: int, kept: int) -> tuple[str, ...]:
    """What is told of records that a step has left out."""
    return (f"{label}: {seen - kept:,} of {seen:,} records left out",) if kept < seen else ()
