"""Knows what is still to be fetched after a run that may have fetched only some of what an earlier one lacked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sfr.binding import mates
from sfr.model import Report, Run

if TYPE_CHECKING:
    from sfr.history import History

_NAMED = "run "


def list_name_of(run: Run) -> str:
    """What stands in the place of a list's name for a run that fetches what `run` did not bring."""
    return f"{_NAMED}{run.id}"


def still_wanted(history: History, run: Run, *, unverified: bool) -> list[Report]:
    """What `run` did not bring, with what stands in a workbook with that; and of the runs that it was begun for, what
    no later one was asked for (`--failed --only sales`). Their jobs are continued."""
    wanted: list[Report] = []
    asked: set[str] = set()
    for each in _with_those_before(history, run):
        results = list(history.results(each.id))
        jobs = {result.job.report: result.job.id for result in results}
        left = mates(history.unfinished(each.id, unverified=unverified), results)
        continued = [replace(report, continues=report.continues or jobs[report]) for report in left]
        wanted += [report for report in continued if report.continues not in asked]
        asked |= {report.continues or job for report, job in jobs.items()}
    return wanted


def _with_those_before(history: History, run: Run) -> Iterator[Run]:
    """This run, the one whose lacking reports it was to fetch, and so on, the newest first."""
    found: Run | None = run
    while found is not None:
        yield found
        earlier = history.run(found.list_name.removeprefix(_NAMED)) if found.list_name.startswith(_NAMED) else None
        named = earlier is not None and list_name_of(earlier) == found.list_name
        found = earlier if named and earlier is not None and earlier.started_at < found.started_at else None
