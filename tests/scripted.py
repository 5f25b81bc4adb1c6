"""A source that does in each try what a test wrote down, and whole transfers with it inside the test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfr.connector import Sink
from sfr.destinations.folder import Folder, FolderConfig
from sfr.errors import SfrError
from sfr.model import Fetched, Job, Outcome, Proof, Report
from sfr.transfer import RetryPolicy, Transfer
from tests.surroundings import QUICK, Room

_NUMBERS = itertools.count(1)
HEADER = b"id,name\n"
Step = Callable[[Sink], Fetched]


def rows(first: int, last: int) -> bytes:
    """Records without a header."""
    return b"".join(b"%d,name %d\n" % (number, number) for number in range(first, last + 1))


def whole(data: bytes, **told: Any) -> Step:
    """A try that brings these bytes, proven unless told otherwise."""

    def step(into: Sink) -> Fetched:
        into.write(data)
        return Fetched(**{"proof": Proof.LENGTH, **told})

    return step


DATA = HEADER + rows(1, 6)


def until_row(number: int, error: SfrError) -> Step:
    """A try that writes up to a row, keeps it, writes half a record more, and fails."""

    def step(into: Sink) -> Fetched:
        begun = int(into.point or 0)
        into.write((b"" if begun else HEADER) + rows(begun + 1, number))
        into.keep(str(number))
        into.write(b"999,half a rec")
        raise error

    return step


def the_rest(into: Sink) -> Fetched:
    begun = int(into.point or 0)
    into.write((b"" if begun else HEADER) + rows(begun + 1, 6))
    return Fetched(records=6, proof=Proof.COUNT)


class Scripted:
    """Its tries in order; the last one again and again. `points` and `validators` are what each was given."""

    Config: Any = None

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.points: list[str] = []
        self.validators: list[str] = []

    def check(self) -> None:
        """It is there."""

    def fetch(self, report: Report, into: Sink) -> Fetched:
        self.points.append(into.point)
        self.validators.append(into.validator)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return step(into)

    def abort(self) -> None:
        """Nothing is read from outside."""

    def close(self) -> None:
        """Nothing is open."""


def bring(
    folder: Path,
    source: Any,
    /,
    *,
    destination: Any = None,
    policy: RetryPolicy = QUICK,
    room: Room | None = None,
    after: Outcome | None = None,
    job_id: str = "",
    origin: str = "",
    **wanted: Any,
) -> Outcome:
    """Run a job for `sales.csv`; `source` may be the only step of one. `after` is how the last good run of it ended,
    `wanted` are fields of Report. Each call is another job unless `job_id` is given; `origin` is that of the source."""
    source = Scripted(source) if callable(source) else source
    report = Report(**{"name": "sales.csv", "ref": "1", "source": "made-up", "folder": str(folder), **wanted})
    job = Job(job_id or f"job{next(_NUMBERS)}", "run1", 1, report)
    if after is not None:
        job = replace(
            job,
            previous_records=after.records,
            previous_columns=after.columns,
            previous_location=after.location,
            previous_sha256=after.sha256,
            previous_validator=after.validator,
        )
    shelf: Any = destination or Folder(FolderConfig(directory=folder, may_create=True))
    shelves = shelf if isinstance(shelf, list) else [shelf]
    private = folder.parent / f"{folder.name}-private"
    return Transfer(job, source, shelves, policy, room or Room(), private=private, origin=origin).run()


def kept(folder: Path) -> list[str]:
    """The files that are kept of unfinished reports."""
    place = folder.parent / f"{folder.name}-private" / "unfinished"
    return sorted(path.name for path in place.rglob("*") if path.is_file())


def left(folder: Path) -> list[str]:
    """Everything that lies in the folder."""
    return sorted(path.name for path in folder.iterdir())
