"""Delivers what is finished to every place that was asked for, and goes on where one of them has refused."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from sfr import checks, wording
from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.connector import Staging
from sfr.csv_scan import CsvFacts
from sfr.errors import ConfigError, DeliveryError, SfrError, TransientError
from sfr.intake import Intake
from sfr.model import Delivered, Expectations, Fetched, Job, Outcome, Place, Proof, Report, Shape, Status
from sfr.part_names import part_name
from sfr.placing import LOGIN_REFUSED, Placing, named
from sfr.redaction import redact
from sfr.shaping import Made, Shaping

log = logging.getLogger("sfr.delivery")


class Delivery:
    """The last part of a job. `shelves` are the destinations of the report's places, opened, in their order. `private`
    is where files grow for destinations that are no folder of this machine; `origin` tells two configurations of the
    source's name apart. `tell` shows a person what is being done.

    What is finished stays until every place has it or has refused it for good, so that a place that refuses costs no
    second download; and it keeps no other place from its file.
    """

    def __init__(
        self,
        job: Job,
        shelves: Sequence[Any],
        *,
        private: Path | None,
        origin: str,
        progress: Callable[[int], None],
        tell: Callable[[str], None],
    ) -> None:
        self._job, self._report = job, job.report
        self._private, self._origin, self._progress, self._tell = private, origin, progress, tell
        # What grows in one of several places could be in none of them when that one is full.
        self._stager = shelves[0] if len(shelves) == 1 and isinstance(shelves[0], Staging) else None
        journals = private / "appended" if private else None
        self._placings = [
            Placing(job, place, shelf, stage=self._staging, journals=journals, progress=progress)
            for place, shelf in zip(job.report.places, shelves, strict=True)
        ]
        self._made: list[Made] = []
        self._fetched = Fetched()
        self._left: list[int] = []
        self._done: dict[int, list[Delivered]] = {}
        self._refused: list[tuple[str, SfrError]] = []

    @property
    def pending(self) -> bool:
        """Whether finished files wait for a place that has refused them."""
        return bool(self._left) and all(each.path.exists() for each in self._made)

    @property
    def deliveries(self) -> tuple[Delivered, ...]:
        """All that was delivered so far, in the order of the places."""
        return tuple(each for number in sorted(self._done) for each in self._done[number])

    def place(self, label: str) -> Path:
        """Where a file of this report may grow; `label` tells a further file. Raises DeliveryError."""
        return self._staging(named(self._report.name, label))

    def deliver(self, intake: Intake, fetched: Fetched, facts: Iterable[CsvFacts | None]) -> Outcome:
        """Finish all files, then deliver all of them to each place. Raises InvalidReport or ReportError for what they
        are not, DeliveryError or TransientError for a place."""
        self.discard()  # of an earlier try, whose files somebody has taken away
        for placing in self._placings:
            placing.refuse(intake)
        shaping = Shaping(
            self._job,
            self._staging,
            self._progress,
            aside=self._private.parent / "quarantine" / self._job.run_id if self._private else None,
            keep_csv=any(placing.takes_records for placing in self._placings),
        )
        self._fetched = fetched
        self._made = shaping.finish(intake, fetched, facts)
        self._left, self._refused = self._in_turn(), []
        return self.go_on()

    def go_on(self) -> Outcome:
        """Deliver to the places that are left, to all of them that take it. Raises TransientError or DeliveryError:
        where another try may help one place, that; else why the first one has refused for good. What the others say
        stands behind it."""
        waited_for: list[tuple[str, SfrError]] = []
        for number in list(self._left):
            placing = self._placings[number]
            self._tell(f"to {placing.name}" if len(self._placings) > 1 or placing.name != "folder" else "")
            try:
                self._done[number] = placing.deliver(self._made, may_consume=self._left == [number])
            except (DeliveryError, TransientError, ConfigError) as error:
                log.warning("%s: not delivered to %s: %s", self._report.name, placing.name, redact(error.message))
                if error.max_attempts != 1:
                    waited_for.append((placing.name, error))
                    continue
                self._refused.append((placing.name, error))
            self._left.remove(number)
        if refused := [*waited_for, *self._refused]:
            raise refused[0][1] if len(refused) == 1 else _told_together(refused)
        outcome = self._outcome(self._fetched, self._made)
        self.discard()
        return outcome

    def _in_turn(self) -> list[int]:
        """Those that only read come first; the last one gets the file itself."""
        return sorted(range(len(self._placings)), key=lambda number: self._placings[number].consumes)

    def discard(self) -> None:
        """Remove what is left of the finished files."""
        for each in self._made:
            each.discard()
        self._made, self._left = [], []

    def _outcome(self, fetched: Fetched, made: list[Made]) -> Outcome:
        report, first, main = self._report, made[0], self._done[0]
        proven = fetched.proof is not Proof.NONE or first.self_evident
        verified = proven and not fetched.doubt
        # What the source knows this version by is of use only for a single file that is proven.
        known = verified and len(made) == 1 and fetched.validator
        also = f"came as {len(main)} files: also {', '.join(PurePath(each.location).name for each in main[1:])}"
        return Outcome(
            self._job.id,
            Status.DONE if verified else Status.UNVERIFIED,
            location=main[0].location,
            bytes=main[0].bytes or first.bytes,
            records=first.records,
            columns=first.facts.columns if first.facts else (),
            sha256=main[0].sha256 or first.sha256,
            proof=Proof.LENGTH if fetched.proof is Proof.NONE and proven else fetched.proof,
            error="" if verified else fetched.doubt or "nothing at its end proves it whole; the same bytes came twice",
            warnings=(
                *([also] if len(main) > 1 else []),
                *fetched.warnings,
                *(_blank_lines(first.facts)),
                *(_changes_since(self._job, first, first.facts) if first.facts else _unchecked(report)),
                *(text for each in made for text in each.warnings),
                *(text for each in self.deliveries for text in each.warnings),
            ),
            others=tuple((each.location, each.sha256) for each in main[1:]),
            validator=f"{_form_of(report, self._origin)}:{fetched.validator}" if known else "",
            deliveries=tuple(replace(each, warnings=()) for each in self.deliveries),
        )

    def _staging(self, name: str) -> Path:
        if self._stager is not None:
            return self._stager.staging(name)
        if self._private is None:
            raise DeliveryError("there is no place where the file can grow")
        folder = self._private / "staging"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise delivery_error(folder, error) from error
        return folder / part_name(PurePath(name).name, os.getpid())


def is_current(job: Job, origin: str = "") -> bool:
    """Whether the file delivered last is still there, unchanged, under the name that this job would give it, and in
    the form that is wanted now, and came from the same server (`origin`)."""
    report, place = job.report, Path(job.previous_location or ".")
    if not job.previous_validator.startswith(f"{_form_of(report, origin)}:") or report.update != "replace":
        return False
    # What was young enough then may be too old now, and nobody knows what a program of the user's would make of it now.
    if report.expect.newest is not None or report.shape.clean:
        return False
    if report.places != (Place(),) or place != Path(report.folder) / report.name:
        return False
    with suppress(OSError):
        return sha256_of(place) == job.previous_sha256
    return False


def validator_of(job: Job) -> str:
    """What the source said about the file delivered last."""
    return job.previous_validator.partition(":")[2]


def _form_of(report: Report, origin: str) -> str:
    """Which conversions a report asks for, and of which server: a file in another form is another file."""
    asked: tuple[object, ...] = (report.excel, report.columns, report.other_columns, report.keep_footer, origin)
    if report.shape != Shape() or report.expect != Expectations():
        asked = (*asked, report.shape, report.expect)
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:8]


def _told_together(refused: Sequence[tuple[str, SfrError]]) -> SfrError:
    """The first of several errors with what the others say, each by the name of its place. A login that is refused is
    the reason whichever it is: it decides how the run ends."""
    together = copy(refused[0][1])
    together.args = ("; ".join(f"{name}: {error.message}" for name, error in refused),)
    together.remedy = " ".join(f"{name}: {wording.sentence(error.remedy)}" for name, error in refused if error.remedy)
    if any(error.reason == LOGIN_REFUSED for _, error in refused):
        together.reason = LOGIN_REFUSED
    return together


def _blank_lines(facts: CsvFacts | None) -> tuple[str, ...]:
    if facts is None or not facts.blank_lines:
        return ()
    return (
        f"its last {facts.blank_lines:,} lines are blank: records without a value, or nothing; they are not counted",
    )


def _changes_since(job: Job, made: Made, facts: CsvFacts) -> tuple[str, ...]:
    return checks.changes_since(job, replace(facts, records=made.records or 0))


def _unchecked(report: Report) -> tuple[str, ...]:
    """What the list expects of records and columns, which are seen in CSV only."""
    if report.min_records is None and report.may_be_empty and not report.expected_columns:
        return ()
    return (f"what the list expects of it was not checked: records and columns of {report.format} are not looked at",)
