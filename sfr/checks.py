"""Compares a whole file with what was expected of it: enough records, the columns and the size of last time."""

from __future__ import annotations

from sfr.csv_scan import CsvFacts
from sfr.errors import InvalidReport
from sfr.model import Fetched, Job, Report

FALL_WARNED = 0.5
MOST_MISCOUNTS = 5


def check_count(fetched: Fetched, facts: CsvFacts | None) -> None:
    """Raises InvalidReport when the file holds another number of records than the source counted."""
    if facts is None or fetched.records is None:
        return
    if fetched.records not in (facts.records, facts.records + facts.blank_lines):
        raise InvalidReport(
            f"the source counted {fetched.records:,} records, the file has {facts.records:,}",
            reason="count",
            max_attempts=MOST_MISCOUNTS,
            remedy="does the data change while it is read?",
        )


def check_expectations(report: Report, facts: CsvFacts) -> None:
    """Raises InvalidReport when the list asks for more records than came."""
    if report.min_records is not None and facts.records < report.min_records:
        raise InvalidReport(
            f"{facts.records:,} records came, the list wants at least {report.min_records:,}",
            reason="too-few",
            remedy="look at the report, or change min_rows in the list",
        )
    if missing := [name for name in report.expected_columns if name not in facts.columns]:
        raise InvalidReport(
            f"the column {missing[0]} is missing; there are {', '.join(facts.columns)}"[:400],
            reason="columns",
            remedy="look at the report, or change the expected columns in the list",
        )
    if not report.may_be_empty and facts.records == 0:
        raise InvalidReport(
            "no records came, and the list says the report may not be empty",
            reason="no-records",
            remedy="look at the report, or change may_be_empty in the list",
        )


def changes_since(job: Job, facts: CsvFacts) -> tuple[str, ...]:
    """Warnings about what differs from the last good run: columns, and a record count that fell by more than half."""
    warnings = []
    if job.previous_columns and job.previous_columns != facts.columns:
        warnings.append(f"columns changed since the last run: {_difference(job.previous_columns, facts.columns)}")
    before = job.previous_records
    if before and facts.records < before * FALL_WARNED:
        warnings.append(f"{facts.records:,} records, {before:,} in the last run")
    return tuple(warnings)


def _difference(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    parts = [f"gone {', '.join(gone)}"] if gone else []
    parts += [f"new {', '.join(new)}"] if new else []
    return "; ".join(parts) or "their order"
