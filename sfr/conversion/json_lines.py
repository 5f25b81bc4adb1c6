"""Writes JSON lines: an object for each record, in UTF-8, the keys in the order of the columns."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import BinaryIO

from sfr.conversion.csv_rows import Cells, CsvRows
from sfr.conversion.refusals import refuse_equal_names
from sfr.conversion.typed_cells import TypedCells

_string = json.JSONEncoder(ensure_ascii=False).encode


def write_json_lines(csv: CsvRows, into: BinaryIO, typed: TypedCells) -> None:
    """Numbers keep all their digits; dates and times are strings, as they came. Raises InvalidReport for two columns
    of one name, and for a misfit that is refused."""
    refuse_equal_names(csv.columns, "an object of JSON")
    keys = [f"{_string(column)}: " for column in csv.columns]
    for number, row in enumerate(csv.rows(), 1):
        cells = _typed(number, row, typed) if typed.kinds else map(_text, row)
        into.write(f"{{{', '.join(map(str.__add__, keys, cells))}}}\n".encode())


def _typed(number: int, row: Cells, typed: TypedCells) -> list[str]:
    return [
        _text(text) if text is None or position not in typed.kinds else _value(number, position, text, typed)
        for position, text in enumerate(row)
    ]


def _text(text: str | None) -> str:
    return "null" if text is None else _string(text)


def _value(number: int, position: int, text: str, typed: TypedCells) -> str:
    value = typed.value(number, position, text)
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return _string(text)
