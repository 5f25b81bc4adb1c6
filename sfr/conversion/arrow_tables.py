"""Reads the records of a CSV as Arrow tables of text, block by block, and gives typed columns their types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from sfr.conversion.arrow_types import arrow_type, typed_array
from sfr.conversion.csv_rows import CsvRows, has_lone_returns
from sfr.conversion.typed_cells import TypedCells
from sfr.csv_scan import BYTE_ORDER_MARK

_READ_BYTES = 1 << 21  # of these its columns are made by several threads


class ArrowTables:
    """The records of `csv`, with the types of `typed`."""

    def __init__(self, csv: CsvRows, typed: TypedCells) -> None:
        self._csv, self._typed = csv, typed
        text = pa.string()
        self._names = [str(position) for position in range(csv.width)]  # those of the file may be anything
        self._parse = arrow_csv.ParseOptions(
            delimiter=csv.delimiter, newlines_in_values=True, ignore_empty_lines=csv.width > 1
        )
        self._convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(self._names, text),
            null_values=[] if csv.null is None else [csv.null],
            strings_can_be_null=csv.null is not None,
            quoted_strings_can_be_null=False,
        )
        kinds = (typed.kinds.get(position) for position in range(csv.width))
        self._schema = pa.schema(
            [(name, arrow_type(kind) if kind else text) for name, kind in zip(csv.columns, kinds, strict=True)]
        )

    @property
    def misfits(self) -> bool:
        """Whether a column has a value that does not fit its type, and is kept: it stands as nothing here."""
        return bool(self._typed.misfit_positions)

    def groups(self, most_rows: int, most_bytes: int) -> Iterator[pa.Table]:
        """All records, in tables of about so many; at least one table, which may be empty.

        Raises InvalidReport for a record of another width, another number of records, and misfits that are refused.
        """
        waiting, records = [self._schema.empty_table()], 0
        rows = size_bytes = 0
        for block in self._csv.blocks(_READ_BYTES):
            table = self._typed_table(self._table(block, records), records)
            waiting.append(table)
            records, rows, size_bytes = records + table.num_rows, rows + table.num_rows, size_bytes + len(block)
            if rows >= most_rows or size_bytes >= most_bytes:
                yield pa.concat_tables(waiting)
                waiting, rows, size_bytes = [], 0, 0
        self._csv.check_count(records)
        if waiting:
            yield pa.concat_tables(waiting)

    def _table(self, block: bytes, before: int) -> pa.Table:
        """The cells of a block. What pyarrow does not read as it was counted is read in the slow and exact way."""
        text = block if self._csv.encoding == "utf-8" else block.decode(self._csv.encoding).encode()
        lone_returns = self._csv.width == 1 and has_lone_returns(block)  # would be taken for line ends, unnoticed
        if lone_returns or text.startswith(BYTE_ORDER_MARK):  # which would be left out
            return self._exact_table(block, before)
        whole = arrow_csv.ReadOptions(column_names=self._names, block_size=len(text) + 1)
        try:
            return arrow_csv.read_csv(pa.BufferReader(text), whole, self._parse, self._convert)
        except pa.ArrowInvalid:  # a lone carriage return, a blank end, no UTF-8
            return self._exact_table(block, before)

    def _exact_table(self, block: bytes, before: int) -> pa.Table:
        rows = list(self._csv.exact_rows_of(block))
        for number, row in enumerate(rows, before + 1):
            if len(row) != self._csv.width:
                raise self._csv.ragged(number, len(row))
        columns = zip(*rows, strict=True) if rows else [()] * self._csv.width
        return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], names=self._names)

    def _typed_table(self, table: pa.Table, before: int) -> pa.Table:
        columns: list[Any] = list(table.columns)
        for position, kind in self._typed.kinds.items():

            def keep(row: int, text: str, why: ValueError, position: int = position) -> None:
                self._typed.keep(before + row + 1, position, text, why)

            columns[position] = typed_array(columns[position].combine_chunks(), kind, keep)
        return pa.Table.from_arrays(columns, schema=self._schema)
