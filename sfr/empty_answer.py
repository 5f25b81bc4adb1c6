"""Knows which header a report gets when it has no records and its source sent no header either."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sfr.connector import Sink
from sfr.csv_scan import read_header
from sfr.model import Job
from sfr.rows import CsvRows


def write_header(job: Job, into: Sink) -> bool:
    """Write the header that the list prescribes or that the file had the last time, so that readers find their columns;
    False where nobody knows one, or none is wanted."""
    report, columns = job.report, job.previous_columns
    if report.columns and report.other_columns == "drop":
        columns = tuple(name for _, name in report.columns)
    if report.format != "csv" or report.update != "replace" or not columns:
        return False
    if header := _header_there(job.previous_location, columns):
        into.write(header)
    else:
        CsvRows(into, columns).finish()
    return True


def _header_there(place: str, columns: tuple[str, ...]) -> bytes:
    """With its own separator, quotes and line end; b"" where the file of last time has other columns or is gone."""
    with suppress(OSError), Path(place).open("rb") as file:
        found = read_header(file)
        if found.columns == columns:
            file.seek(0)
            return file.read(found.size)
    return b""
