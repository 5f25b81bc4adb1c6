"""Tables in every format, read back by readers that are not ours."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import zstandard

from sfr.conversion import Conversion, Converted, convert, extension_of
from sfr.csv_scan import CsvFacts, CsvScan

Cell = str | None
Rows = Sequence[Sequence[Cell]]
_ESCAPED = re.compile(r"_x([0-9A-F]{4})_")


def csv_of(
    rows: Rows, null: str | None = None, *, delimiter: str = ",", line_end: str = "\n", quote_all: bool = False
) -> bytes:
    """RFC 4180, with the header in quotes; None is written as `null`, and a text of these letters in quotes then."""

    def field(cell: Cell, header: bool) -> str:
        if cell is None:
            return str(null)
        odd = cell == null or any(char in cell for char in f'"\r\n{delimiter}') or len(rows[0]) == 1
        return '"' + cell.replace('"', '""') + '"' if quote_all or header or odd else cell

    lines = (delimiter.join(field(cell, not number) for cell in row) + line_end for number, row in enumerate(rows))
    return "".join(lines).encode()


def scanned(content: bytes) -> CsvFacts:
    scan = CsvScan()
    scan.feed(content)
    return scan.finish()


def converted(content: bytes, folder: Path, format_name: str, **wanted: Any) -> Converted:
    """A proven CSV in another format, in a file of the folder that is new each time."""
    source, target = folder / "in.csv", folder / f"out{extension_of(format_name)}"
    target.unlink(missing_ok=True)
    source.write_bytes(content)
    facts = scanned(content)
    found = {"delimiter": facts.delimiter, "columns": facts.columns, "records": facts.records}
    return convert(source, target, Conversion(format_name, **{**found, **wanted}), lambda _bytes: None)


def read_back(path: Path, format_name: str) -> list[list[Any]]:
    """The header and all records of a file that is no CSV; the header is missing where JSON has no record."""
    if format_name == "parquet":
        table = pyarrow.parquet.read_table(path)
        return [table.column_names, *map(list, zip(*(column.to_pylist() for column in table.columns), strict=True))]
    if format_name == "jsonl":
        return _rows_of_lines(path.read_bytes().decode())
    return next(iter(sheets_of(path).values()))


def unpacked(path: Path, format_name: str) -> bytes:
    """The bytes of a CSV, which may be packed."""
    content = path.read_bytes()
    if format_name == "csv.gz":
        return gzip.decompress(content)
    return zstandard.ZstdDecompressor().decompress(content) if format_name == "csv.zst" else content


def _rows_of_lines(text: str) -> list[list[Any]]:
    assert text.endswith("\n") or not text
    records = [json.loads(line) for line in text.split("\n")[:-1]]
    return [*([list(records[0])] if records else []), *(list(record.values()) for record in records)]


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """The cells of each sheet, an empty one as "". Texts are read as Excel does it: _x0041_ is the letter A."""
    book = openpyxl.load_workbook(path)
    found = {}
    for sheet in book.worksheets:
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type in ("f", "e")]
        found[sheet.title] = [[_shown(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    book.close()
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    return "" if value is None else value
