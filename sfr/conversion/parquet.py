"""Writes Parquet with pyarrow: row groups of bounded size, packed with zstd, every column text unless it has a type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from sfr.conversion.csv_rows import CsvRows
from sfr.conversion.refusals import refuse_equal_names
from sfr.conversion.typed_cells import TypedCells
from sfr.errors import DeliveryError
from sfr.missing_package import missing_package

if TYPE_CHECKING:
    from sfr.conversion.arrow_tables import ArrowTables

_GROUP_ROWS = 1 << 17
_GROUP_BYTES = 1 << 26
_RARELY_EQUAL = 0.5  # of the values in a column: then a dictionary of them only costs time


def write_parquet(csv: CsvRows, into: BinaryIO, typed: TypedCells) -> None:
    """Write all records to an open file that can also be read. A column with a value that does not fit its type, and
    is kept, is text as a whole; the file is read a second time then.

    Raises InvalidReport for two columns of one name and for a misfit that is refused, ConfigError without pyarrow.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise missing_package("the format parquet", "pyarrow", "sfr[parquet]") from None
    from sfr.conversion.arrow_tables import ArrowTables

    refuse_equal_names(csv.columns, "a Parquet file")
    records = _write(ArrowTables(csv, typed), into)
    if typed.misfit_positions:
        typed.leave_misfits_as_text()
        into.seek(0)
        into.truncate()
        records = _write(ArrowTables(csv, typed), into)
    _check(into, records)


def _write(tables: ArrowTables, into: BinaryIO) -> int:
    """The number of records. After the first misfit that is kept the rest is only looked at: all is written again."""
    records, writer = 0, None
    try:
        for group in tables.groups(_GROUP_ROWS, _GROUP_BYTES):
            records += group.num_rows
            if tables.misfits:
                continue
            writer = writer or _writer(into, group)
            writer.write_table(group, _GROUP_ROWS)
    finally:
        if writer is not None:
            writer.close()
    return records


def _writer(into: BinaryIO, first: Any) -> Any:
    from pyarrow import compute
    from pyarrow.parquet import ParquetWriter

    often_equal = [
        name
        for name in first.column_names
        if compute.count_distinct(first[name]).as_py() <= first.num_rows * _RARELY_EQUAL
    ]
    return ParquetWriter(into, first.schema, compression="zstd", use_dictionary=often_equal)


def _check(into: BinaryIO, records: int) -> None:
    """What the file says of itself. Raises DeliveryError."""
    from pyarrow.parquet import read_metadata

    into.flush()
    into.seek(0)
    if (found := read_metadata(into).num_rows) != records:
        raise DeliveryError(
            f"{records:,} records were written as parquet and {found:,} are there",
            reason="damaged",
            remedy="See whether the disk or network share of this folder is sound.",
            max_attempts=3,
        )
