"""Knows the workbooks of a run: which reports are their sheets, and when all of these are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sfr.catalog import book_of
from sfr.errors import ReportError
from sfr.model import WORKBOOK, Job, Report, Result, Status
from sfr.workbooks import Sheet

_GOOD = (Status.DONE, Status.UNVERIFIED)


def with_workbooks(reports: Sequence[Report]) -> list[Report]:
    """The reports, and behind them each workbook that one of them names and none of them is: it goes into their
    folder."""
    named = {book_of(report): report for report in reversed(reports) if report.source != WORKBOOK}
    there = {book_of(report) for report in reports if report.source == WORKBOOK}
    return [
        *reports,
        *(
            Report(name=report.shape.workbook, ref="", source=WORKBOOK, format="xlsx", folder=report.folder)
            for book, report in reversed(named.items())
            if book is not None and book not in there
        ),
    ]


def mates(wanted: Sequence[Report], results: Iterable[Result]) -> list[Report]:
    """`wanted`, and beside them the workbooks of these results that one of them belongs to, with all their reports."""
    books = {book_of(report) for report in wanted} - {None}
    names = {(report.folder, report.name) for report in wanted}
    others = [result.job.report for result in results if books and book_of(result.job.report) in books]
    return [*wanted, *(report for report in others if (report.folder, report.name) not in names)]


class Binding:
    """The workbooks among the jobs of a run, which are reports by their ids in list order."""

    def __init__(self, jobs: Mapping[str, Report]) -> None:
        books = {book_of(report): job_id for job_id, report in jobs.items() if report.source == WORKBOOK}
        self._members: dict[str, list[str]] = {job_id: [] for job_id in books.values()}
        for job_id, report in jobs.items():
            if report.source != WORKBOOK and (book := books.get(book_of(report))) is not None:
                self._members[book].append(job_id)
        self._awaited = {job_id for members in self._members.values() for job_id in members}
        self._ended: dict[str, Result] = {}

    def note(self, result: Result) -> None:
        """Remember how a job ended, where a workbook waits for it."""
        if result.job.id in self._awaited:
            self._ended[result.job.id] = result

    def waits(self, job: Job) -> bool:
        """Whether a report of this workbook has not ended yet; False for any other job."""
        return any(member not in self._ended for member in self._members.get(job.id, ()))

    def why_not(self, job: Job) -> ReportError | None:
        """Why a workbook cannot be made: half a workbook would be taken for a whole one."""
        ended = self._of(job) if not self.waits(job) else []
        missing = [each.job.report.name for each in ended if each.outcome.status not in _GOOD]
        if not missing:
            return None
        return ReportError(
            f"it was left as it is: {', '.join(missing)} did not come",
            reason="sheets",
            remedy="Run again with --failed, which fetches all its reports.",
        )

    def bound(self, job: Job) -> Job:
        """The job as it goes to a worker: that of a workbook with its sheets."""
        sheets = [sheet.to_dict() for result in self._of(job) for sheet in _sheets_of(result)]
        return replace(job, report=replace(job.report, options={"sheets": sheets})) if sheets else job

    def _of(self, job: Job) -> list[Result]:
        return [self._ended[member] for member in self._members.get(job.id, ())]


def _sheets_of(result: Result) -> Iterator[Sheet]:
    """The file of a report, and those that came beside it (`name..label.csv`), which are sheets called by their
    labels."""
    report, outcome = result.job.report, result.outcome
    delivered = {each.location: each for each in reversed(outcome.deliveries)}
    for location, sha256 in ((outcome.location, outcome.sha256), *outcome.others):
        known = delivered.get(location)
        is_main = location == outcome.location
        null = known.null if known else None
        yield Sheet(
            name=_sheet_name(report) if is_main else Path(location).stem.rpartition("..")[2],
            path=location,
            sha256=sha256,
            records=outcome.records if is_main else known.records if known else None,
            types=report.shape.types,
            misfits=report.shape.misfits,
            null=null if report.shape.null is None else report.shape.null,
            proven=outcome.status is Status.DONE,
        )


def _sheet_name(report: Report) -> str:
    return report.shape.sheet or Path(report.name).stem
