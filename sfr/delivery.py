"""Turns proven files into what was asked for, and delivers them: Excel, names, replace or append."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path, PurePath

from sfr import checks
from sfr.append_journal import Appended, AppendJournal, Joining
from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.connector import Appending, Destination, Staging, Together
from sfr.csv_scan import CsvFacts
from sfr.errors import DeliveryError, ReportError
from sfr.formats import for_excel
from sfr.intake import Intake
from sfr.model import Fetched, Job, Outcome, Proof, Report, Status
from sfr.part_names import part_name
from sfr.staging import StagedFile

_LONGEST_NAME_BYTES = 245  # what file systems hold, with room for a copy called `name (1)`


class Delivery:
    """The last part of a job. `private` is where files grow for a destination that is no folder of this machine;
    `origin` tells two configurations of the source's name apart."""

    def __init__(self, job: Job, destination: Destination, private: Path | None, origin: str = "") -> None:
        self._job, self._report = job, job.report
        self._destination = destination
        self._private, self._origin = private, origin

    def place(self, label: str) -> Path:
        """Where a file of this report may grow; `label` tells a further file. Raises DeliveryError."""
        return self._staging(_named(self._report.name, label))

    def deliver(self, intake: Intake, fetched: Fetched, facts: list[CsvFacts | None]) -> Outcome:
        """Convert all files, then deliver all of them. Raises DeliveryError."""
        if self._report.update == "append":
            self._refuse_to_append(intake)
        elif self._report.keep_footer and fetched.trailer:
            intake.main.append(fetched.trailer)
        made = [_Made(file, found) for file, found in zip(intake.files, facts, strict=True)]
        names = [_named(self._report.name, label) for label in ("", *intake.others)]
        try:
            for each in made:
                self._convert(each)
                _check_size(each.path, each.bytes)
            places = self._put(made, names)
        finally:
            for each in made:  # a destination that is no folder has its copy now
                with suppress(OSError):
                    each.path.unlink(missing_ok=True)
        return self._outcome(fetched, made, places)

    def _outcome(self, fetched: Fetched, made: list[_Made], places: list[str]) -> Outcome:
        report, first = self._report, made[0]
        proven = fetched.proof is not Proof.NONE or first.file.self_evident
        verified = proven and not fetched.doubt
        # What the source knows this version by is of use only for a single file that is proven.
        known = verified and len(made) == 1 and fetched.validator
        also = f"came as {len(places)} files: also {', '.join(PurePath(place).name for place in places[1:])}"
        return Outcome(
            self._job.id,
            Status.DONE if verified else Status.UNVERIFIED,
            location=places[0],
            bytes=first.bytes,
            records=first.facts.records if first.facts else fetched.records,
            columns=first.facts.columns if first.facts else (),
            sha256=first.sha256,
            proof=Proof.LENGTH if fetched.proof is Proof.NONE and proven else fetched.proof,
            error="" if verified else fetched.doubt or "nothing at its end proves it whole; the same bytes came twice",
            warnings=(
                *([also] if len(made) > 1 else []),
                *fetched.warnings,
                *(_blank_lines(first.facts)),
                *(checks.changes_since(self._job, first.facts) if first.facts else _unchecked(report)),
                *(text for each in made for text in each.warnings),
            ),
            others=tuple((place, each.sha256) for place, each in zip(places[1:], made[1:], strict=True)),
            validator=f"{_form_of(report, self._origin)}:{fetched.validator}" if known else "",
        )

    def _convert(self, made: _Made) -> None:
        report = self._report
        made.file.finish_writing()
        if report.excel and made.facts is not None:
            converted = for_excel(made.path, self._staging(report.name), made.facts.delimiter, made.facts.records)
            made.path.unlink(missing_ok=True)
            made.path, made.bytes, made.sha256 = converted.path, converted.bytes, converted.sha256
            if converted.changed_cells:
                made.warnings.append(f"{converted.changed_cells:,} formula cells made harmless for Excel")

    def _put(self, made: list[_Made], names: list[str]) -> list[str]:
        files = [(each.path, name) for each, name in zip(made, names, strict=True)]
        if self._report.update == "append":
            return [self._append(made[0], names[0])]
        if len(files) == 1:
            return [self._destination.put(*files[0])]
        if not isinstance(self._destination, Together):
            raise DeliveryError(
                f"the report came as {len(files)} files, and this destination cannot take them all or none",
                reason="several-files",
                remedy="Deliver this report into a folder, or ask its source for one file.",
            )
        return self._destination.put_all(files)

    def _append(self, made: _Made, name: str) -> str:
        assert isinstance(self._destination, Appending)
        if isinstance(self._destination, Joining) and self._private is not None:
            self._join(self._destination, self._private / "appended", made, name)
            return self._destination.put(made.path, name)
        place = self._destination.append(made.path, name)
        with suppress(OSError):  # no file of this machine: what was added is told
            made.bytes, made.sha256 = Path(place).stat().st_size, sha256_of(Path(place))
        return place

    def _join(self, destination: Joining, journals: Path, made: _Made, name: str) -> None:
        """Join the records and what is there. What this very job has put there before, and died, is taken back."""
        target = destination.place(name)
        journal, records_sha256 = AppendJournal(journals, target), made.sha256
        last = journal.last()
        repeated = last is not None and last.job_id == self._job.id
        begin = destination.join(made.path, name, last.begin if last is not None and repeated else None)
        try:
            made.bytes, made.sha256 = made.path.stat().st_size, sha256_of(made.path)
            journal.write(Appended(self._job.id, records_sha256, begin, made.bytes, made.sha256))
        except OSError as error:
            raise delivery_error(target, error) from error
        if last is not None and not repeated and last.records_sha256 == records_sha256 and begin < made.bytes:
            made.warnings.append(
                "the same records were added last time: if that was this very report, they are doubled"
            )

    def _refuse_to_append(self, intake: Intake) -> None:
        """Raises ReportError for what cannot be appended all or nothing."""
        if not isinstance(self._destination, Appending):
            why = "this destination can only replace files, not append to them"
        elif self._report.format != "csv":
            why = f"records cannot be appended to a file of the format {self._report.format}"
        elif intake.others:
            why = "the report came as several files, which cannot be appended"
        else:
            return
        raise ReportError(why, reason="append", remedy="Write update=replace for this report.")

    def _staging(self, name: str) -> Path:
        if isinstance(self._destination, Staging):
            return self._destination.staging(name)
        if self._private is None:
            raise DeliveryError("there is no place where the file can grow")
        folder = self._private / "staging"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise delivery_error(folder, error) from error
        return folder / part_name(name, os.getpid())


class _Made:
    """A proven file and what became of it so far."""

    def __init__(self, file: StagedFile, facts: CsvFacts | None) -> None:
        self.file, self.facts = file, facts
        self.path, self.bytes, self.sha256 = file.path, file.bytes, file.sha256
        self.warnings: list[str] = []


def is_current(job: Job, origin: str = "") -> bool:
    """Whether the file delivered last is still there, unchanged, under the name that this job would give it, and in
    the form that is wanted now, and came from the same server (`origin`)."""
    report, place = job.report, Path(job.previous_location or ".")
    if not job.previous_validator.startswith(f"{_form_of(report, origin)}:") or report.update != "replace":
        return False
    if place != Path(report.folder) / report.name:
        return False
    with suppress(OSError):
        return sha256_of(place) == job.previous_sha256
    return False


def validator_of(job: Job) -> str:
    """What the source said about the file delivered last."""
    return job.previous_validator.partition(":")[2]


def _form_of(report: Report, origin: str) -> str:
    """Which conversions a report asks for, and of which server: a file in another form is another file."""
    form = repr((report.excel, report.columns, report.other_columns, report.keep_footer, origin))
    return hashlib.sha256(form.encode()).hexdigest()[:8]


def _blank_lines(facts: CsvFacts | None) -> tuple[str, ...]:
    if facts is None or not facts.blank_lines:
        return ()
    return (
        f"its last {facts.blank_lines:,} lines are blank: records without a value, or nothing; they are not counted",
    )


def _unchecked(report: Report) -> tuple[str, ...]:
    """What the list expects of records and columns, which are seen in CSV only."""
    if report.min_records is None and report.may_be_empty and not report.expected_columns:
        return ()
    return (f"what the list expects of it was not checked: records and columns of {report.format} are not looked at",)


def _named(name: str, label: str) -> str:
    """The name of a further file, short enough for every file system.

    No list may name a report with two dots in a row, and no label has a dot: so it is never another report's file.
    """
    if not label:
        return name
    path = PurePath(name)
    end = f"..{label}{path.suffix}"
    room_bytes = _LONGEST_NAME_BYTES - len(end.encode())
    stem = path.stem.encode()
    if len(stem) > room_bytes:
        told_apart = f"-{hashlib.sha256(stem).hexdigest()[:8]}"
        return stem[: max(room_bytes - len(told_apart), 1)].decode(errors="ignore").rstrip(". ") + told_apart + end
    return f"{path.stem}{end}"


def _check_size(path: Path, size_bytes: int) -> None:
    """What lies there is what was written, and nobody took it away or wrote into it. Raises DeliveryError."""
    try:
        found_bytes = path.stat().st_size
    except OSError as error:
        raise delivery_error(path, error) from error
    if found_bytes != size_bytes:
        raise DeliveryError(
            f"{path}: {size_bytes:,} bytes were written and {found_bytes:,} are there",
            reason="changed-on-disk",
            remedy="See what else writes into this folder, and whether its disk or network share is sound.",
            max_attempts=3,
        )
