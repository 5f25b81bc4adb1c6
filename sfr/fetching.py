"""One try at one job: fetch into a staged file, prove it, convert it, deliver it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfr import checks
from sfr.column_mapping import MappedSink
from sfr.connector import Expanding, MarkingNull, Source
from sfr.csv_scan import CsvFacts
from sfr.delivery import Delivery, is_current, validator_of
from sfr.empty_answer import write_header
from sfr.errors import InvalidReport, ReportError, TransientError
from sfr.intake import Intake
from sfr.model import Delivered, Fetched, Job, Outcome, Phase, Proof, Status
from sfr.staging import MOST_CUT, StagedFile
from sfr.surroundings import Surroundings
from sfr.unfinished import Unfinished, key_of

MOST_UNPROVEN = 6


class Fetching:
    """The tries of one job share this: an answer that nothing proves complete is kept until the next one comes.

    `bytes` and `first_byte_at` (by the monotonic clock) describe the try that ran last, `advanced` whether the next
    one may go on further than it did.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        shelves: Sequence[Any],
        limit_bytes: int,
        around: Surroundings,
        *,
        private: Path | None = None,
        origin: str = "",
    ) -> None:
        self._job, self._report = job, job.report
        self._source = source
        self._origin = origin
        self._delivery = Delivery(
            job, shelves, private=private, origin=origin, progress=around.progress, tell=self._tell_of_delivery
        )
        self._limit_bytes = limit_bytes
        self._around = around
        self._unfinished = Unfinished(private / "unfinished" / key_of(job.report, origin)) if private else None
        self._number = 1
        self._candidate: Intake | None = None
        self._answered = False
        self.advanced = False
        self.bytes = 0
        self.first_byte_at: float | None = None

    def once(self, number: int) -> Outcome:
        """Try number `number`. Raises our errors; an outcome means that the report is delivered."""
        self._number, self.bytes, self.first_byte_at = number, 0, None
        self._answered = self.advanced = False
        if self._delivery.pending:
            self.first_byte_at = time.monotonic()
            return self._delivery.go_on()
        intake = Intake(self._stage, self._unfinished, self._validator)
        self.first_byte_at = None  # what was kept of an earlier try is no answer of the server
        self._around.show(Phase.SERVER, self._number)
        try:
            return self._take_in(intake)
        except BaseException as error:
            self._let_go(intake, error)
            raise

    def _let_go(self, intake: Intake, error: BaseException) -> None:
        """Keep of a failed try what the next one may go on from, unless that may be what is wrong.

        An answer that is to be compared with the next one proves nothing if both have the same beginning.
        """
        if isinstance(error, ReportError) or (self._answered and isinstance(error, TransientError)):
            intake.forget()
        else:
            intake.save()
            self.advanced = intake.advanced
        if self._candidate is not intake and not self._delivery.pending:
            intake.discard()

    def _take_in(self, intake: Intake) -> Outcome:
        report = self._report
        if report.many:
            self._tell_why_unexpanded()
        mapped = self._mapped(intake) if report.columns else None
        fetched = self._source.fetch(report, mapped or intake)
        self._answered = True
        (mapped or intake).begin_anew_if_unread()
        if mapped is not None and not fetched.unchanged and not _is_nothing(fetched, intake.size):
            mapped.finish()
        self._around.show(Phase.FINISHING, self._number)
        if fetched.unchanged:
            return self._unchanged(intake)
        if _is_nothing(fetched, intake.size) and write_header(self._job, intake):
            intake.has_known_header = not (report.columns and report.other_columns == "drop")
            fetched = replace(
                fetched, warnings=(*fetched.warnings, "nothing came, not even a header: it has the one that is known")
            )
        facts = [_facts_of(file, fetched) for file in intake.files]
        if mapped is not None:
            facts = [sink.counted(found) for sink, found in zip(mapped.files, facts, strict=True)]
        checks.check_count(fetched, facts[0])
        facts[0] = _counted(fetched, facts[0])
        if fetched.proof is Proof.NONE and not all(file.self_evident for file in intake.files):
            self._compare(intake)
        outcome = self._delivery.deliver(intake, fetched, facts)
        intake.forget()
        return outcome

    def _mapped(self, intake: Intake) -> MappedSink:
        report, source = self._report, self._source
        null = report.shape.null
        if null is None and isinstance(source, MarkingNull):
            null = source.null
        return MappedSink(intake, report.columns, report.other_columns, null)

    def _tell_why_unexpanded(self) -> None:
        """What stands for several reports comes here only when it could not be expanded as the run began; asking again
        raises the reason."""
        if isinstance(self._source, Expanding):
            parts = list(self._source.expand(self._report))
            raise ReportError(
                f"it could not be expanded when the run began; now it stands for {len(parts)} reports",
                reason="many",
                remedy="Run again with --failed.",
            )

    def _stage(self, label: str) -> StagedFile:
        path = self._delivery.place(label)
        return StagedFile(path, self._report.format, self._limit_bytes, self._on_bytes)

    def _on_bytes(self, written_bytes: int) -> None:
        if self.first_byte_at is None:
            self.first_byte_at = time.monotonic()
            self._around.show(Phase.TRANSFER, self._number)
        self.bytes = written_bytes
        self._around.progress(written_bytes)

    def _tell_of_delivery(self, note: str) -> None:
        self._around.show(Phase.FINISHING, self._number, note)

    @property
    def deliveries(self) -> tuple[Delivered, ...]:
        """All that was delivered so far, also where a later place has refused."""
        return self._delivery.deliveries

    def _validator(self) -> str:
        return validator_of(self._job) if is_current(self._job, self._origin) else ""

    def _unchanged(self, intake: Intake) -> Outcome:
        """The file of last time is still the right one."""
        if not intake.validator:
            raise InvalidReport("the source calls a file unchanged that is not there", reason="unchanged")
        intake.discard()
        intake.forget()
        job = self._job
        if self._report.format == "csv":  # the list may expect more of it than it did then
            checks.check_expectations(self._report, CsvFacts(job.previous_columns, job.previous_records or 0, ","))
        return Outcome(
            job.id,
            Status.DONE,
            location=job.previous_location,
            bytes=Path(job.previous_location).stat().st_size,
            records=job.previous_records,
            columns=job.previous_columns,
            sha256=job.previous_sha256,
            proof=Proof.LENGTH,
            warnings=("unchanged since the last run, so it was not downloaded again",),
            validator=job.previous_validator,
        )

    def _compare(self, intake: Intake) -> None:
        """A file without proof is good enough when the same bytes come twice; of two the longer one is kept.

        Raises the reason where the bytes end because the transfer was broken off: they prove nothing.
        """
        if why := self._around.why_aborted():
            raise why
        kept = self._candidate
        if kept is not None and kept.fingerprint == intake.fingerprint:
            return
        if kept is None or intake.size > kept.size:
            self.close()
            intake.close()
            self._candidate = intake
        raise TransientError(
            "nothing at its end proves it whole: asked again to compare"
            if kept is None
            else "nothing proves it whole, and two answers differ",
            reason="unproven",
            max_attempts=MOST_UNPROVEN,
            remedy="does the data change all the time? Salesforce: is the footer switched off in this org?",
        )

    def close(self) -> None:
        """Forget an answer that was kept for comparison, and files that no place has taken."""
        self._delivery.discard()
        if self._candidate is not None:
            self._candidate.discard()
            self._candidate = None


def _facts_of(file: StagedFile, fetched: Fetched) -> CsvFacts | None:
    """What the scan found; a source that counted no records may write no header either."""
    if _is_nothing(fetched, file.bytes):
        return CsvFacts((), 0, ",")
    try:
        return file.finish()
    except InvalidReport as error:
        if error.reason == "cut" and fetched.proof is Proof.LENGTH:  # all of it came, so that it is cut where it lies
            error.max_attempts = min(error.max_attempts or MOST_CUT, MOST_CUT)
        raise


def _counted(fetched: Fetched, facts: CsvFacts | None) -> CsvFacts | None:
    """Where the source has counted, nobody need guess what blank lines are."""
    if facts is None or fetched.records is None:
        return facts
    return replace(facts, records=fetched.records, blank_lines=0)


def _is_nothing(fetched: Fetched, written_bytes: int) -> bool:
    return fetched.records == 0 and written_bytes == 0
