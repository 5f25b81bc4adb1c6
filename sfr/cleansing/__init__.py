"""Cleanses the records of a proven CSV before they are delivered: steps that a list names, then a function."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from sfr.atomic import delivery_error
from sfr.cleansing.layout import Layout
from sfr.cleansing.plan import Problem, check_steps
from sfr.cleansing.stage import Setting
from sfr.cleansing.steps import stages_of
from sfr.cleansing.user_code import check_clean, loaded
from sfr.csv_records import Batches, CsvRecords, Rows
from sfr.csv_scan import CsvFacts
from sfr.model import Report
from sfr.raw_records import CellPicker
from sfr.staging import StagedFile

__all__ = ["Cleansed", "Problem", "check_clean", "check_steps", "cleanse"]


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A cleansed file: UTF-8, with the delimiter, line ends and quotes of the one that it was made of. `warnings` say
    how many records each step has left out."""

    path: Path
    bytes: int
    sha256: str
    facts: CsvFacts
    warnings: tuple[str, ...]


def cleanse(  # noqa: PLR0917
    source: Path,
    target: Path,
    report: Report,
    facts: CsvFacts,
    null: str | None,
    progress: Callable[[int], None],
    log: logging.Logger,
) -> Cleansed:
    """Apply the steps of `report`, then its function, to the CSV at `source`, and write the outcome to `target`, which
    must not be there; beside it lies what memory cannot hold, in files without a name.

    `facts` are what a scan found in `source`, `null` the text without quotes that stands for no value in it (None
    where every text is a value). `progress` is told how many bytes were read so far, and may raise to stop. What the
    function prints goes to `log`, and so does the traceback when it fails.

    Raises InvalidReport for columns that are not there and values that do not fit their type, ReportError for a
    function that fails, DeliveryError when the disk refuses; nothing is left at `target` then.
    """
    file = StagedFile(target, "csv", sys.maxsize, lambda _: None)
    try:
        # Where nothing came, not even a header, there is nothing that anything could be applied to.
        records = CsvRecords(source, facts, progress) if facts.columns else None
        written, warnings = _cleanse(records, file, report, null, log) if records is not None else (0, ())
        file.finish_writing()
        found = file.finish() if facts.columns else facts
        assert found is not None
        if found.blank_lines and found.records + found.blank_lines == written:  # all of them are records
            found = replace(found, records=written, blank_lines=0)
        return Cleansed(target, file.bytes, file.sha256, found, warnings)
    except OSError as error:
        file.discard()
        raise delivery_error(target, error) from error
    except BaseException:
        file.discard()
        raise


def _cleanse(
    records: CsvRecords, into: StagedFile, report: Report, null: str | None, log: logging.Logger
) -> tuple[int, tuple[str, ...]]:
    """How many records were written, and what is to be told."""
    layout = Layout(records.columns, records.header)
    shape = report.shape
    setting = Setting(records.delimiter, null, into.path.parent, dict(shape.types), shape.misfits == "keep")
    stages = stages_of(shape, layout, setting)
    with ExitStack() as open_now:
        if shape.clean:
            from sfr.cleansing.frames import Clean

            function = open_now.enter_context(loaded(shape.clean, log))
            stages.append(Clean(function, report, layout, setting, log))
        batches = records.batches()
        for stage in stages:
            batches = stage(batches)
        written = _write(into, open_now.enter_context(closing(batches)), layout, records, null)
    return written, tuple(text for stage in stages for text in stage.warnings())


def _write(into: StagedFile, batches: Batches, layout: Layout, records: CsvRecords, null: str | None) -> int:
    """The header is known when the first records are there: it may be a function that makes them."""
    delimiter, line_end = records.delimiter, records.line_end
    rows: Rows | None = next(batches, [])
    into.write(records.mark + layout.line(delimiter) + line_end)
    lone = CellPicker([0], 1, delimiter, null).of_record if len(layout.columns) == 1 else None
    written = 0
    while rows is not None:
        if rows:
            written += len(rows)
            lines = map(delimiter.join, rows) if lone is None else (lone(row[0]) for row in rows)
            into.write(line_end.join(lines) + line_end)
        rows = next(batches, None)
    return written
