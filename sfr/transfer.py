"""One job with its attempts: the only retry loop. Turns everything that can happen into an Outcome."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sfr.connector import Session, Source
from sfr.errors import AuthError, Cancelled, InvalidReport, ReportError, SfrError, TransientError
from sfr.fetching import Fetching
from sfr.model import Attempt, Job, Outcome, Phase, Report, Status
from sfr.redaction import redact
from sfr.surroundings import Surroundings

MOST_RENEWALS = 4
TURN_SECONDS = 0.25

log = logging.getLogger("sfr.transfer")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to stop trying, in seconds and tries; None means never. `deadline_at` is in seconds since the epoch."""

    max_attempts: int | None = None
    deadline_at: float | None = None
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    max_report_bytes: int = 20 << 30


def back_off_seconds(policy: RetryPolicy, tries: int, error: SfrError) -> float:
    """The pause after so many failed tries: exponential with full jitter, and never shorter than the server asked."""
    doubled = policy.first_wait_seconds * 2 ** min(tries - 1, 16)
    jittered = random.uniform(0, min(doubled, policy.longest_wait_seconds))  # noqa: S311  no secret
    asked = error.retry_after_seconds if isinstance(error, TransientError) else None
    return max(jittered, asked or 0.0)


def surprise(report: Report, error: BaseException) -> SfrError:
    """Write an error that nobody expected to the log, while it is handled; returns what to tell about it."""
    log.exception("%s: unexpected error", report.name)
    return SfrError(f"unexpected {type(error).__name__}", reason="bug", remedy="the log has the details")


class Transfer:
    """The attempts of one job. `shelves` are the destinations of the report's places, opened. `private` is a folder of
    this output alone, for what no user is to see; `origin` tells two configurations of the source's name apart."""

    def __init__(
        self,
        job: Job,
        source: Source,
        shelves: Sequence[Any],
        policy: RetryPolicy,
        around: Surroundings,
        *,
        private: Path | None = None,
        origin: str = "",
    ) -> None:
        self._job, self._report = job, job.report
        limit_bytes = policy.max_report_bytes
        self._fetching = Fetching(job, source, shelves, limit_bytes, around, private=private, origin=origin)
        self._policy, self._around = policy, around
        self._attempts: list[Attempt] = []
        self._failures: Counter[str] = Counter()
        self._in_a_row = 0
        self._renewals = 0
        self._begun_at, self._idle_since = time.time(), time.monotonic()

    def run(self) -> Outcome:
        """Try until there is an outcome. Never raises."""
        try:
            return self._until_done()
        except Cancelled as error:
            return self._ended(Status.CANCELLED, error)
        except AuthError as error:
            return self._ended(Status.SKIPPED, error)
        except SfrError as error:
            return self._ended(Status.FAILED, error)
        except Exception as error:
            return self._ended(Status.FAILED, surprise(self._report, error))
        finally:
            self._fetching.close()

    def _until_done(self) -> Outcome:
        while True:
            self._enter()
            started_at, started = time.time(), time.monotonic()
            lost = self._around.session(self._report.source)
            try:
                outcome = self._fetching.once(self._number)
            except SfrError as error:
                if isinstance(error, (TransientError, InvalidReport)):  # how a transfer that was broken off may look
                    error = self._around.why_aborted() or error
                self._around.leave(self._report.source, error)
                if isinstance(error, AuthError):
                    self._renew(lost, error)
                    continue
                self._note(started_at, started, error)
                self._wait_or_give_up(error)
            except BaseException:
                self._around.leave(self._report.source, None)
                raise
            else:
                self._around.leave(self._report.source, None)
                self._note(started_at, started, None)
                return replace(
                    outcome, attempts=tuple(self._attempts), started_at=self._begun_at, finished_at=time.time()
                )

    def _enter(self) -> None:
        while wait_seconds := self._around.enter(self._report.source):
            paused = wait_seconds > TURN_SECONDS
            note = "the server asked everybody for a pause" if paused else "its turn comes"
            self._stop_after_deadline(wait_seconds, note if paused else "")
            self._around.show(Phase.WAITING, self._number, note)
            self._around.pause(min(wait_seconds, 1.0))

    @property
    def _number(self) -> int:
        return len(self._attempts) + 1

    def _note(self, started_at: float, started: float, error: SfrError | None) -> None:
        """Write down an attempt, in the list and in the log."""
        now = time.monotonic()
        attempt = Attempt(
            number=self._number,
            started_at=started_at,
            seconds=round(now - started, 3),
            waited_seconds=round(started - self._idle_since, 3),
            server_seconds=round((self._fetching.first_byte_at or now) - started, 3),
            bytes=self._fetching.bytes,
            reason=error.reason if error else "",
            error=redact(error.message) if error else "",
            request_id=error.request_id if error else "",
        )
        self._attempts.append(attempt)
        self._idle_since = now
        what = f"{attempt.reason}: {attempt.error}" if error else "ok"
        log.info(
            "%s: attempt %d, %d bytes in %.1f s, %s",
            self._report.name, attempt.number, attempt.bytes, attempt.seconds, what,
        )  # fmt: skip

    def _wait_or_give_up(self, error: SfrError) -> None:
        """Pause before the next attempt. Raises `error` when there shall be none.

        A try that came further than the one before is no failure in a row.
        """
        if self._fetching.advanced:
            self._failures.clear()
            self._in_a_row = 0
        self._failures[error.reason] += 1
        self._in_a_row += 1
        bounds = (
            (error.max_attempts, self._failures[error.reason]),
            (self._policy.max_attempts, len(self._attempts)),
        )
        if any(bound is not None and tried >= bound for bound, tried in bounds):
            raise error
        wait_seconds = back_off_seconds(self._policy, self._in_a_row, error)
        self._stop_after_deadline(wait_seconds, error.message)
        self._around.show(Phase.WAITING, self._number, redact(error.message))
        self._around.pause(wait_seconds)

    def _stop_after_deadline(self, wait_seconds: float, why: str) -> None:
        """Raise where waiting `wait_seconds` would be in vain; `why` is what is waited for, "" for nothing special."""
        if self._policy.deadline_at is not None and time.time() + wait_seconds > self._policy.deadline_at:
            last = why or (self._attempts[-1].error if self._attempts else "")
            after = f"; last: {last}" if last else ""
            raise ReportError(f"the deadline came before the report{after}", reason="deadline")

    def _renew(self, lost: Session, error: AuthError) -> None:
        """Wait for a new session; costs no attempt. A report that refuses session after session fails alone; one that
        came further with each of them only takes longer than a session lives."""
        self._renewals = 1 if self._fetching.advanced else self._renewals + 1
        if self._renewals > MOST_RENEWALS:
            raise ReportError(
                "the server wants a login again and again for this report",
                reason="session-refused",
                remedy="open the report in the browser; it may need another user or permission",
            ) from error
        self._around.show(Phase.WAITING, self._number, "the session is being renewed")
        self._around.await_session(self._report.source, lost, error)

    def _ended(self, status: Status, error: SfrError) -> Outcome:
        return Outcome(
            self._job.id,
            status,
            attempts=tuple(self._attempts),
            started_at=self._begun_at,
            finished_at=time.time(),
            scope=error.scope.value,
            reason=error.reason,
            error=redact(error.message),
            remedy=redact(error.remedy),
            deliveries=self._fetching.deliveries,
        )
