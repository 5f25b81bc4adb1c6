"""What a conversion is told and what it says: the form that is wanted, and the file that was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is wanted of a proven CSV.

    `types` are pairs of a column and its type; all other columns stay text. `misfits` says what becomes of a value
    that does not fit its type: "refuse" the report, or "keep" the value. `null` is the text without quotes that stands
    for no value in the CSV, None where every text is a value. `delimiter`, `columns` and `records` are what the proof
    found; without `columns` and with `records` None they are not compared. `sheet` is the name of the sheet in a
    workbook.
    """

    format: str
    types: tuple[tuple[str, str], ...] = ()
    misfits: str = "refuse"
    null: str | None = None
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    records: int | None = None
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted file: where it is, its size and hash, how many cells are not what was asked for, and what the user
    must hear of it."""

    path: Path
    bytes: int
    sha256: str
    changed_cells: int = 0
    warnings: tuple[str, ...] = ()
