"""Compares a whole file with what was expected of it: how many records and which columns, also beside last time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that is not met: a sentence without its full stop, a short code, what the list calls it."""

    message: str
    reason: str
    key: str


def check_expectations(report: Report, facts: CsvFacts) -> None:
    """Raises InvalidReport when the list wants more records than came, or fewer, or columns that are not there."""
    refuse(failures(report, facts))


def refuse(found: Sequence[Failure]) -> None:
    """Raise InvalidReport for all expectations that are not met, if there are any; the reason is that of the first."""
    if found:
        told = dict.fromkeys(failure.message for failure in found)
        keys = " and ".join(dict.fromkeys(failure.key for failure in found))
        remedy = f"Look at the report, or change {keys} in the list."
        raise InvalidReport("; ".join(told), reason=found[0].reason, remedy=remedy, max_attempts=1)


def failures(report: Report, facts: CsvFacts) -> list[Failure]:
    """The expectations that are not met, as far as columns and the number of records tell."""
    return [*_failed_counts(report, facts.records), *_missing_columns(report, facts.columns)]


def _failed_counts(report: Report, records: int) -> Iterator[Failure]:
    least, most = report.min_records, report.expect.max_records
    if least is not None and records < least:
        message = f"{records:,} records came, the list wants at least {least:,}"
        yield Failure(message, "too-few", "min_rows")
    elif not report.may_be_empty and records == 0:
        message = "no records came, and the list says the report may not be empty"
        yield Failure(message, "no-records", "may_be_empty")
    if most is not None and records > most:
        message = f"{records:,} records came, the list wants at most {most:,}"
        yield Failure(message, "too-many", "max_rows")


def _missing_columns(report: Report, columns: Sequence[str]) -> Iterator[Failure]:
    expect = report.expect
    key = "the expected columns"
    content = [*expect.unique, *(column for column, _ in expect.types), *([expect.newest[0]] if expect.newest else [])]
    missing = [name for name in dict.fromkeys([*report.expected_columns, *content]) if name not in columns]
    if missing:
        they_are = f"the column {missing[0]} is" if len(missing) == 1 else f"the columns {', '.join(missing)} are"
        yield Failure(f"{they_are} missing; there are {', '.join(columns) or 'none'}"[:400], "columns", key)
    for name in dict.fromkeys(content):
        if columns.count(name) > 1:
            yield Failure(f"there are {columns.count(name)} columns called {name}", "columns", key)


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
