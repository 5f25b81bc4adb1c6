"""Turns a proven CSV into the format that was asked for, in bounded memory, and loses no row and no cell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.conversion.csv_rows import CsvRows
from sfr.conversion.excel import for_excel
from sfr.conversion.nouns import Conversion, Converted
from sfr.conversion.typed_cells import TypedCells
from sfr.csv_records import encoding_of

__all__ = ["FORMATS", "Conversion", "Converted", "convert", "extension_of", "for_excel", "new_file"]

FORMATS = ("csv", "csv.gz", "csv.zst", "parquet", "xlsx", "jsonl")


def extension_of(format_name: str) -> str:
    """What the name of a file of this format ends in: `.csv.gz`."""
    return f".{format_name}"


def convert(source: Path, target: Path, wanted: Conversion, progress: Callable[[int], None]) -> Converted:
    """Write what is `wanted` of `source` to the new file `target`. `progress` is told the bytes read so far, begins
    anew where the file is read again, and may raise to stop.

    Raises InvalidReport: a value that does not fit its type (`type`) or the format (`xlsx`), a type for a column that
    is not there or a name that is there twice (`column`), another number of records than were proven (`count`);
    DeliveryError when the disk refuses, ConfigError when a package is missing. Nothing is left at `target` then.
    """
    with new_file(target) as into:
        try:
            typed, warnings = _write(CsvRows(source, wanted, "utf-8", progress), into, wanted)
        except UnicodeDecodeError:  # nearly every file is UTF-8; whether it is shows while it is read
            into.seek(0)
            into.truncate()
            typed, warnings = _write(CsvRows(source, wanted, encoding_of(source), progress), into, wanted)
    warnings = (*warnings, *typed.warnings(wanted.format))
    return Converted(target, target.stat().st_size, sha256_of(target), typed.changed_cells, warnings)


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A file that was not there, to be written and read; gone again when the block fails. Raises DeliveryError."""
    try:
        into = target.open("x+b")
    except OSError as error:
        raise delivery_error(target, error) from error
    try:
        with into:
            yield into
    except BaseException as error:
        with suppress(OSError):  # the first error is the one to tell
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise delivery_error(target, error) from error
        raise


def _write(csv: CsvRows, into: BinaryIO, wanted: Conversion) -> tuple[TypedCells, tuple[str, ...]]:
    typed = TypedCells(csv.columns, wanted)
    if wanted.format == "parquet":
        from sfr.conversion.parquet import write_parquet

        write_parquet(csv, into, typed)
    elif wanted.format == "xlsx":
        from sfr.conversion.sheets import Workbook

        with Workbook(into) as workbook:
            workbook.add(csv, wanted.sheet, typed)
        return typed, tuple(workbook.warnings)
    elif wanted.format == "jsonl":
        from sfr.conversion.json_lines import write_json_lines

        write_json_lines(csv, into, typed)
    else:
        from sfr.conversion.packed import write_csv

        write_csv(csv, into, wanted.format, typed)
    return typed, ()
