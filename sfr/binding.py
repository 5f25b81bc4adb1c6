"""Binds the records of several reports of a run into workbooks, a sheet each, when all of them are there."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sfr.atomic import delivery_error, move_into_place
from sfr.csv_scan import read_header
from sfr.errors import SfrError
from sfr.model import Report, Result, Status
from sfr.part_names import part_name
from sfr.redaction import redact

if TYPE_CHECKING:
    from sfr.conversion import Conversion

_GOOD = (Status.DONE, Status.UNVERIFIED)

log = logging.getLogger("sfr.binding")


def workbook_of(report: Report) -> Path | None:
    """The workbook that gets the records of this report, beside its own file; None where there is none."""
    return Path(report.folder) / report.shape.workbook if report.shape.workbook else None


def bind_workbooks(results: Sequence[Result]) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Make the workbooks that these results belong to: those that were made, by name, and what kept others from it.

    A workbook with a report that is not there stays as it is: half a workbook would be taken for a whole one.
    """
    made, problems = {}, []
    for path, members in _members(results).items():
        missing = [each.job.report.name for each in members if each.outcome.status not in _GOOD]
        if missing:
            problems.append(f"{path} was left as it is: {', '.join(missing)} did not come")
            continue
        try:
            warnings = _bind(path, members)
        except SfrError as error:
            log.warning("%s: %s", path, redact(error.message))
            problems.append(f"{path}: {redact(error.message)}. {redact(error.remedy)}".rstrip(". ") + ".")
        else:
            made[path.name] = path
            for text in warnings:
                log.info("%s: %s", path, text)
    return made, tuple(problems)


def mates(wanted: Sequence[Report], results: Iterable[Result]) -> list[Report]:
    """`wanted`, and beside them the reports of these results that stand in a workbook with one of them."""
    books = {workbook_of(report) for report in wanted} - {None}
    names = {(report.folder, report.name) for report in wanted}
    others = [result.job.report for result in results if books and workbook_of(result.job.report) in books]
    return [*wanted, *(report for report in others if (report.folder, report.name) not in names)]


def _members(results: Iterable[Result]) -> dict[Path, list[Result]]:
    found: dict[Path, list[Result]] = {}
    for result in sorted(results, key=lambda each: each.job.number):
        if (path := workbook_of(result.job.report)) is not None:
            found.setdefault(path, []).append(result)
    return found


def _bind(path: Path, members: Sequence[Result]) -> tuple[str, ...]:
    from sfr.workbooks import build_workbook

    partial = path.parent / part_name(path.name, os.getpid())
    try:
        sheets = [(_sheet_name(each.job.report), Path(each.outcome.location), _wanted(each)) for each in members]
        done = build_workbook(sheets, partial, lambda _bytes: None)
        move_into_place(partial, path)
    except OSError as error:
        raise delivery_error(path, error) from error
    finally:
        with suppress(OSError):  # in place already
            partial.unlink(missing_ok=True)
    return done.warnings


def _sheet_name(report: Report) -> str:
    return report.shape.sheet or Path(report.name).stem


def _wanted(result: Result) -> Conversion:
    from sfr.conversion import Conversion

    shape = result.job.report.shape
    with Path(result.outcome.location).open("rb") as file:
        header = read_header(file)
    return Conversion(
        format="xlsx",
        types=shape.types,
        misfits=shape.misfits,
        null=shape.null,
        delimiter=header.delimiter or ",",
        columns=header.columns,
        records=result.outcome.records or 0,
    )
