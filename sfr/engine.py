"""Many jobs: takes them from the history, gives them to the pool, writes down how they ended."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sfr.atomic import sync_folders_of
from sfr.binding import Binding
from sfr.errors import AuthError, HistoryBusy, SfrError, TransientError
from sfr.interruption import Interruption
from sfr.model import Job, Outcome, Result, Run, Status
from sfr.pool.hand import Died
from sfr.pool.supervisor import Pool
from sfr.redaction import redact
from sfr.session_keeper import SessionKeeper
from sfr.watcher import Watcher

if TYPE_CHECKING:
    from sfr.history import History

LEASE_SECONDS = 900.0
RENEW_SECONDS = 60.0
LOOK_SECONDS = 0.2
CLAIM_AHEAD = 64
DEADLINE_GRACE_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
MOST_DEATHS = 2

log = logging.getLogger("sfr.engine")


@dataclass(slots=True)
class Ending:
    """Why a run ended before its jobs did, if it did."""

    interrupted: bool = False
    login_needed: bool = False


class Engine:
    """Runs the jobs of one run with a pool that was started.

    `sessions` has the first one of each source, or is looking for it. A slow source fills its own places in the pool
    and leaves the others theirs.
    """

    def __init__(
        self, history: History, pool: Pool, watcher: Watcher, sessions: SessionKeeper, binding: Binding
    ) -> None:
        self._history, self._pool, self._watcher, self._sessions = history, pool, watcher, sessions
        self._binding = binding
        self._limits = pool.limits
        self._ready: dict[str, deque[Job]] = {source: deque() for source in self._limits}
        self._suspects: deque[Job] = deque()
        self._known: dict[str, Job] = {}
        self._looked_at, self._renewed_at = time.monotonic(), time.time()
        self._exhausted = not self._limits
        self._history_waits_since: float | None = None
        self.unwritten: dict[str, Outcome] = {}

    def drain(self, run: Run, interruption: Interruption, deadline_at: float | None = None) -> Ending:
        """Work until no job of the run is open, somebody interrupts, the deadline (epoch seconds) has passed, or the
        history has been locked for too long. What could not be written down is left in `unwritten`."""
        self._sessions.publish(self._pool)

        def over() -> bool:
            late = deadline_at is not None and time.time() > deadline_at + DEADLINE_GRACE_SECONDS
            return late or interruption.asked or self._history_is_lost()

        while not over() and self._fill(run, deadline_at):
            self._take(self._pool.wait(LOOK_SECONDS / 2))
            self._look(run, interruption)
        ending = Ending(interrupted=interruption.asked, login_needed=self._sessions.login_needed)
        self._close(run, ending, over)
        return ending

    def _history_is_lost(self) -> bool:
        """Locked for long, and nothing left to do meanwhile."""
        since = self._history_waits_since
        return since is not None and time.monotonic() - since > PATIENCE_SECONDS and not self._pool.busy

    def _fill(self, run: Run, deadline_at: float | None) -> bool:
        """Keep the pool busy. False when nothing is left to do."""
        in_flight = self._pool.in_flight()
        if not self._exhausted and self._pool.free and self._wants_more(in_flight):
            self._claim(run)
        self._settle_unstarted(deadline_at)
        while self._suspects and self._pool.submit(self._suspects[0]):
            in_flight[self._suspects.popleft().report.source] += 1
        while self._pool.free and (source := self._next_source(in_flight)) is not None:
            job = self._binding.bound(self._ready[source][0])
            if not self._pool.submit(job, sparing=bool(self._suspects)):
                break
            self._ready[source].popleft()
            in_flight[source] += 1
        return bool(any(self._ready.values()) or self._suspects or self._pool.busy or not self._exhausted)

    def _wants_more(self, in_flight: Counter[str]) -> bool:
        return any(not jobs and in_flight[source] < self._limits[source] for source, jobs in self._ready.items())

    def _next_source(self, in_flight: Counter[str]) -> str | None:
        """Whose job is next: of the sources that may have one more in flight, the one with the fewest."""
        able = [
            source
            for source, jobs in self._ready.items()
            if jobs and in_flight[source] < self._limits[source] and self._sessions.has(source)
            if not self._binding.waits(jobs[0])
        ]
        return min(able, key=lambda source: in_flight[source], default=None)

    def _settle_unstarted(self, deadline_at: float | None) -> None:
        """End the jobs at the head of each queue that need not be started any more."""
        for jobs in self._ready.values():
            while jobs and (end := self._why_not(jobs[0], deadline_at)) is not None:
                jobs.popleft()
                self._settled(end)

    def _claim(self, run: Run) -> None:
        with self._patience():
            claimed = self._history.claim(run.id, CLAIM_AHEAD + self._pool.free, LEASE_SECONDS, time.time())
            # Our own come back when a lease is over because this computer slept.
            new = [job for job in claimed if job.id not in self._known and job.id not in self.unwritten]
            self._exhausted = not new
            for job in new:
                self._ready[job.report.source].append(job)
            self._known.update({job.id: job for job in new})

    def _why_not(self, job: Job, deadline_at: float | None) -> Outcome | None:
        """The outcome of a job that need not be started any more."""
        if (gone := self._sessions.gone.get(job.report.source)) is not None:
            return _unstarted(job, Status.SKIPPED if isinstance(gone, AuthError) else Status.FAILED, gone)
        if (missing := self._binding.why_not(job)) is not None:
            return _unstarted(job, Status.FAILED, missing)
        if deadline_at is not None and time.time() > deadline_at:
            why = self._sessions.why_missing(job.report.source)
            message = f"the deadline came first; no session: {why}" if why else "the deadline came first"
            return _unstarted(job, Status.FAILED, TransientError(message, reason="deadline"))
        return None

    def _take(self, happened: list[Outcome | Died]) -> None:
        for item in happened:
            if isinstance(item, Outcome):
                self._settled(item)
            else:
                self._mourn(item)

    def _mourn(self, died: Died) -> None:
        """Run again what a worker had when it died; a report that did this twice is not given to a third."""
        self._watcher.notice(f"a worker process ended (code {died.exit_code}) with {len(died.jobs)} reports")
        for job in died.jobs:
            suspect = replace(job, deaths=job.deaths + died.suspects)
            if suspect.deaths >= MOST_DEATHS:
                error = SfrError(
                    "its worker process died twice",
                    reason="killed-worker",
                    remedy="the machine may be out of memory; the log has the exit codes",
                )
                self._settled(_unstarted(job, Status.FAILED, error))
            else:
                self._known[job.id] = suspect
                (self._suspects if suspect.deaths else self._ready[job.report.source]).appendleft(suspect)

    def _settled(self, outcome: Outcome) -> None:
        job = self._known.pop(outcome.job_id, None)
        if job is None:
            log.warning("a second outcome of %s is dropped", outcome.job_id)
            return
        self.unwritten[outcome.job_id] = outcome
        what = f"{outcome.reason}: {outcome.error}" if outcome.error else f"{outcome.records} records"
        log.info("%s: %s, %d attempts, %s", job.report.name, outcome.status.value, len(outcome.attempts), what)
        result = Result(job, outcome)
        self._binding.note(result)
        self._watcher.settled(result)

    def _write(self) -> None:
        if self.unwritten:
            # The files are on the disk already; now their names are too, before the history calls them done.
            delivered = [each.location for outcome in self.unwritten.values() for each in outcome.deliveries]
            sync_folders_of(location for location in delivered if "://" not in location)
            with self._patience():
                self._history.settle(list(self.unwritten.values()))
                self.unwritten.clear()

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Around what is written into the history: while it is locked, say so once and let the caller come again."""
        try:
            yield
            self._history_waits_since = None
        except HistoryBusy as error:
            log.warning("%s; trying again", error)
            if self._history_waits_since is None:
                self._history_waits_since = time.monotonic()
                self._watcher.notice(f"{error.message}; what ends is written down as soon as that is over")

    def _look(self, run: Run, interruption: Interruption) -> None:
        """Now and then: write down what ended, show progress, renew sessions and leases."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        self._write()
        self._watcher.update(self._pool.snapshots())
        self._sessions.tend(self._pool, interruption)
        if time.time() - self._renewed_at > RENEW_SECONDS:  # by the wall clock, which goes on while a computer sleeps
            self._renewed_at = time.time()
            with self._patience():
                self._history.renew(run.id, LEASE_SECONDS, time.time())

    def _close(self, run: Run, ending: Ending, over: Callable[[], bool]) -> None:
        """End the workers, then every job that is still open, and write it all down."""
        if ending.interrupted:
            status, reason, why = Status.CANCELLED, "interrupted", "the run was stopped"
        else:
            status, reason, why = Status.FAILED, "deadline", "the deadline came first"
        for outcome in self._pool.stop() if self._pool.busy else ():
            broken_off = outcome.status is Status.CANCELLED
            self._settled(replace(outcome, status=status, reason=reason, error=why) if broken_off else outcome)
        self._pool.dismiss()
        self._write()
        while self.unwritten and not over():
            time.sleep(LOOK_SECONDS)
            self._write()
        if self.unwritten:
            return  # the history is locked: what it still calls running is for `--failed`
        with self._patience():
            for outcome in self._history.close_open(run.id, status, reason, why, time.time()):
                if outcome.job_id in self._known:
                    self._watcher.settled(Result(self._known.pop(outcome.job_id), outcome))


def _unstarted(job: Job, status: Status, error: SfrError) -> Outcome:
    return Outcome(
        job.id,
        status,
        finished_at=time.time(),
        scope=error.scope.value,
        reason=error.reason,
        error=redact(error.message),
        remedy=redact(error.remedy),
    )
