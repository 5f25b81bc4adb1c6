"""Rewrites a CSV so that Excel reads it as it is: marked as UTF-8, and without cells that it would run."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path

from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.conversion.nouns import Converted
from sfr.csv_records import encoding_of
from sfr.errors import InvalidReport

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for a formula
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d(?:[eE][+-]?\d+)?%?")
_LARGEST_FIELD = 1 << 30


def for_excel(source: Path, target: Path, delimiter: str, records: int = 0) -> Converted:
    """Rewrite a CSV for Excel: a byte order mark so that it reads UTF-8, and an apostrophe before cells that it would
    run as a formula. Plain numbers such as -5.00 stay; so do line ends and everything else inside the cells.
    That many `records` are known to have as many cells as the header; behind them may be a footer. Raises DeliveryError
    when the disk refuses, InvalidReport for cells whose end is not clear; nothing is left at `target` then.
    """
    try:
        return _converted(source, target, delimiter, records)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise delivery_error(target, error) from error
    except InvalidReport:
        target.unlink(missing_ok=True)
        raise


def _converted(source: Path, target: Path, delimiter: str, records: int) -> Converted:
    csv.field_size_limit(_LARGEST_FIELD)
    encoding = encoding_of(source).replace("utf-8", "utf-8-sig")
    changed = 0
    with (
        source.open("r", encoding=encoding, newline="") as read,
        target.open("x", encoding="utf-8-sig", newline="") as write,
    ):
        line_end = _line_end_of(source, encoding, delimiter)
        writer = csv.writer(write, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=line_end)
        width = number = 0
        for row in csv.reader(read, delimiter=delimiter):
            width = width or len(row)
            number += bool(row) or width == 1
            if row and len(row) != width and number <= records + 1:  # here, a lone carriage return ends a record too
                raise _unclear(width, len(row))
            safe = [_harmless(cell) for cell in row]
            changed += sum(1 for before, after in zip(row, safe, strict=True) if before is not after)
            writer.writerow(safe)
    return Converted(target, target.stat().st_size, sha256_of(target), changed)


def _unclear(width: int, found: int) -> InvalidReport:
    return InvalidReport(
        f"it cannot be rewritten for Excel: one reading of a record gives {found} cells where the header has {width}",
        reason="excel",
        remedy="have the source quote cells with line ends, quotes or spaces before them, or take it as a plain CSV",
    )


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell


def _line_end_of(path: Path, encoding: str, delimiter: str) -> str:
    """The first one outside quotes."""
    with path.open("r", encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=delimiter)
        next(rows, None)
        file.seek(0)
        last_line_of_header = next(itertools.islice(file, max(rows.line_num - 1, 0), None), "")
    return "\r\n" if last_line_of_header.endswith("\r\n") else "\n"
