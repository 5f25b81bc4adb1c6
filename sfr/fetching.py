"""One try at one job: fetch into a staged file, prove it, convert it, deliver it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from sfr import checks
from sfr.atomic import delivery_error
from sfr.connector import Destination, Session, Source
from sfr.csv_scan import CsvFacts
from sfr.errors import DeliveryError, SfrError, TransientError
from sfr.formats import for_excel
from sfr.model import Fetched, Job, Outcome, Phase, Proof, Status
from sfr.staging import StagedFile

MOST_UNPROVEN = 6


class Surroundings(Protocol):
    """What a job needs of the process that it runs in."""

    def session(self, source: str) -> Session: ...

    def await_session(self, source: str, lost: Session) -> None:
        """Return when a newer session than `lost` is there. Raises AuthError when there will be none."""
        ...

    def enter(self, source: str) -> float:
        """Ask to talk to the source: 0 = go ahead, else the seconds after which to ask again."""
        ...

    def leave(self, source: str, error: SfrError | None) -> None: ...
    def show(self, phase: Phase, attempt: int, note: str = "") -> None: ...
    def progress(self, written_bytes: int) -> None:
        """How much of the report has come. Raises Cancelled when the run is being stopped."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait. Raises Cancelled when the run is being stopped."""
        ...

    def why_aborted(self) -> SfrError | None:
        """The reason, if the process itself broke the transfer off (a stall, too long); asking forgets it."""
        ...


class Fetching:
    """The tries of one job share this: an answer that nothing proves complete is kept until the next one comes.

    `bytes` and `first_byte_at` (by the monotonic clock) describe the try that ran last.
    """

    def __init__(
        self, job: Job, source: Source, destination: Destination, limit_bytes: int, around: Surroundings
    ) -> None:
        self._job, self._report = job, job.report
        self._source, self._destination = source, destination
        self._limit_bytes = limit_bytes
        self._around = around
        self._number = 1
        self._candidate: StagedFile | None = None
        self.bytes = 0
        self.first_byte_at: float | None = None

    def once(self, number: int) -> Outcome:
        """Try number `number`. Raises our errors; an outcome means that the report is delivered."""
        self._number, self.bytes, self.first_byte_at = number, 0, None
        self._around.show(Phase.SERVER, self._number)
        path = self._destination.staging(self._report.name)
        staged = StagedFile(path, self._report.format, self._limit_bytes, self._on_bytes)
        try:
            fetched = self._source.fetch(self._report, staged)
            self._around.show(Phase.FINISHING, self._number)
            facts = staged.finish()
            if facts is not None and fetched.proof is Proof.NONE:
                self._compare(staged)
            if facts is not None:
                checks.check_expectations(self._report, facts)
            return self._deliver(staged, fetched, facts)
        except BaseException:
            if self._candidate is not staged:
                staged.discard()
            raise

    def _on_bytes(self, written_bytes: int) -> None:
        if self.first_byte_at is None:
            self.first_byte_at = time.monotonic()
            self._around.show(Phase.TRANSFER, self._number)
        self.bytes = written_bytes
        self._around.progress(written_bytes)

    def _compare(self, staged: StagedFile) -> None:
        """A file without proof is good enough when the same bytes come twice; of two the longer one is kept.

        Raises the reason where the bytes end because the transfer was broken off: they prove nothing.
        """
        if why := self._around.why_aborted():
            raise why
        kept = self._candidate
        if kept is not None and kept.sha256 == staged.sha256:
            return
        if kept is None or staged.bytes > kept.bytes:
            self.close()
            staged.close()
            self._candidate = staged
        raise TransientError(
            "no footer at its end: asked again to compare" if kept is None else "no footer, and two answers differ",
            reason="unproven",
            max_attempts=MOST_UNPROVEN,
            remedy="is the footer switched off in this org, while the data changes all the time?",
        )

    def close(self) -> None:
        """Forget an answer that was kept for comparison."""
        if self._candidate is not None:
            self._candidate.discard()
            self._candidate = None

    def _deliver(self, staged: StagedFile, fetched: Fetched, facts: CsvFacts | None) -> Outcome:
        report = self._report
        warnings = checks.changes_since(self._job, facts) if facts else ()
        if report.keep_footer and fetched.trailer:
            staged.append(fetched.trailer)
        staged.finish_writing()
        path, size, sha256 = staged.path, staged.bytes, staged.sha256
        if report.excel and facts is not None:
            converted = for_excel(path, self._destination.staging(report.name), facts.delimiter)
            staged.discard()
            path, size, sha256 = converted.path, converted.bytes, converted.sha256
            if converted.changed_cells:
                warnings += (f"{converted.changed_cells:,} formula cells made harmless for Excel",)
        _check_size(path, size)
        location = self._destination.put(path, report.name)
        verified = facts is None or fetched.proof is not Proof.NONE
        return Outcome(
            self._job.id,
            Status.DONE if verified else Status.UNVERIFIED,
            location=location,
            bytes=size,
            records=facts.records if facts else fetched.records,
            columns=facts.columns if facts else (),
            sha256=sha256,
            proof=fetched.proof if facts else Proof.LENGTH,
            error="" if verified else "no footer at its end; the same bytes came twice",
            warnings=warnings,
        )


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
