"""Makes one workbook of several reports: a sheet for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfr.checksum import sha256_of
from sfr.conversion import Conversion, Converted, new_file
from sfr.conversion.csv_rows import CsvRows
from sfr.conversion.sheets import Workbook
from sfr.conversion.typed_cells import TypedCells
from sfr.csv_records import encoding_of
from sfr.csv_scan import read_header
from sfr.record import Record


@dataclass(frozen=True, slots=True)
class Sheet(Record):
    """A delivered CSV that is to be a sheet called `name`: where it lies, what it is known by, and what is wanted of
    its values, as `Conversion` has it. `records` is None where nobody counted them. `proven` is unset for a file that
    nothing proves to be whole."""

    name: str
    path: str
    sha256: str = ""
    records: int | None = None
    types: tuple[tuple[str, str], ...] = ()
    misfits: str = "refuse"
    null: str | None = None
    proven: bool = True


def conversion_of(sheet: Sheet) -> Conversion:
    """What the workbook wants of the file of this sheet. Raises OSError."""
    with Path(sheet.path).open("rb") as file:
        header = read_header(file)
    return Conversion(
        format="xlsx",
        types=sheet.types,
        misfits=sheet.misfits,
        null=sheet.null,
        delimiter=header.delimiter or ",",
        columns=header.columns,
        records=sheet.records,
    )


def build_workbook(
    sheets: Sequence[tuple[str, Path, Conversion]], target: Path, progress: Callable[[int], None]
) -> Converted:
    """Write the records of each CSV as a sheet of that name to the new file `target`, in this order.

    A name that Excel does not take, or that is there twice, is changed, and that is said in the warnings. `progress`
    is told the bytes read so far of all of them, and may raise to stop. Raises what `convert` raises; nothing is left
    at `target` then.
    """
    changed, warnings, before_bytes = 0, [], 0
    with new_file(target) as into, Workbook(into) as workbook:
        for name, source, wanted in sheets:

            def told(read_bytes: int, before_bytes: int = before_bytes) -> None:
                progress(before_bytes + read_bytes)

            csv = CsvRows(source, wanted, encoding_of(source), told)
            typed = TypedCells(csv.columns, wanted)
            workbook.add(csv, name, typed)
            before_bytes += source.stat().st_size
            changed += typed.changed_cells
            warnings += [f"{name}: {text}" for text in typed.warnings("xlsx")]
    found = (*workbook.warnings, *warnings)
    return Converted(target, target.stat().st_size, sha256_of(target), changed, found)
