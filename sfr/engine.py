"""Many jobs: takes them from the history, gives them to the pool, writes down how they ended."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from sfr.connector import Session
from sfr.errors import AuthError, HistoryBusy, SfrError, TransientError
from sfr.interruption import Interruption
from sfr.model import Job, Outcome, Result, Run, Status
from sfr.pool.hand import Died
from sfr.pool.supervisor import Pool
from sfr.watcher import Watcher

if TYPE_CHECKING:
    from sfr.history import History

LEASE_SECONDS = 900.0
RENEW_SECONDS = 60.0
LOOK_SECONDS = 0.2
CLAIM_AHEAD = 64
DEADLINE_GRACE_SECONDS = 5.0
MOST_DEATHS = 2

log = logging.getLogger("sfr.engine")


class Renewer(Protocol):
    """Gets a new session for a source; `dead` is the value that no longer works. Raises AuthError without one."""

    def __call__(self, source: str, dead: str) -> str: ...


@dataclass(slots=True)
class Ending:
    """Why a run ended before its jobs did, if it did."""

    interrupted: bool = False
    login_needed: bool = False


class Engine:
    """Runs the jobs of one run with a pool that was started. `sessions` are the first ones of each source."""

    def __init__(
        self, history: History, pool: Pool, watcher: Watcher, sessions: dict[str, Session], renew: Renewer
    ) -> None:
        self._history, self._pool, self._watcher = history, pool, watcher
        self._sessions, self._renew = sessions, renew
        self._ready: deque[Job] = deque()
        self._known: dict[str, Job] = {}
        self._unwritten: list[Outcome] = []
        self._gone: dict[str, AuthError] = {}
        self._looked_at = self._renewed_at = time.monotonic()
        self._exhausted = self._history_waits = False

    def drain(self, run: Run, interruption: Interruption, deadline_at: float | None = None) -> Ending:
        """Work until no job of the run is open, somebody interrupts, or the deadline (epoch seconds) has passed."""
        for source, session in self._sessions.items():
            self._pool.publish(source, session)

        def over() -> bool:
            late = deadline_at is not None and time.time() > deadline_at + DEADLINE_GRACE_SECONDS
            return late or interruption.asked

        while not over() and self._fill(run, deadline_at):
            self._take(self._pool.wait(LOOK_SECONDS / 2))
            self._look(run, interruption)
        ending = Ending(interrupted=interruption.asked, login_needed=bool(self._gone))
        self._close(run, ending, over)
        return ending

    def _fill(self, run: Run, deadline_at: float | None) -> bool:
        """Keep the pool busy. False when nothing is left to do."""
        if not self._ready and not self._exhausted and self._pool.free:
            self._claim(run)
        while self._ready and self._pool.free:
            job = self._ready[0]
            if (end := self._why_not(job, deadline_at)) is not None:
                self._settled(end)
            elif not self._pool.submit(job):
                break
            self._ready.popleft()
        return bool(self._ready or self._pool.busy or not self._exhausted)

    def _claim(self, run: Run) -> None:
        with self._patience():
            claimed = self._history.claim(run.id, CLAIM_AHEAD + self._pool.free, LEASE_SECONDS, time.time())
            self._exhausted = not claimed
            self._ready.extend(claimed)
            self._known.update({job.id: job for job in claimed})

    def _why_not(self, job: Job, deadline_at: float | None) -> Outcome | None:
        """The outcome of a job that need not be started any more."""
        if (gone := self._gone.get(job.report.source)) is not None:
            return _unstarted(job, Status.SKIPPED, gone)
        if deadline_at is not None and time.time() > deadline_at:
            return _unstarted(job, Status.FAILED, TransientError("the deadline came first", reason="deadline"))
        return None

    def _take(self, happened: list[Outcome | Died]) -> None:
        for item in happened:
            if isinstance(item, Outcome):
                self._settled(item)
            else:
                self._mourn(item)

    def _mourn(self, died: Died) -> None:
        """Run again what a worker had when it died; a report that did this twice is not given to a third."""
        self._watcher.notice(f"a worker process ended (code {died.exit_code}); its {len(died.jobs)} reports run again")
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
                self._ready.appendleft(suspect)

    def _settled(self, outcome: Outcome) -> None:
        self._unwritten.append(outcome)
        job = self._known.pop(outcome.job_id)
        what = f"{outcome.reason}: {outcome.error}" if outcome.error else f"{outcome.records} records"
        log.info("%s: %s, %d attempts, %s", job.report.name, outcome.status.value, len(outcome.attempts), what)
        self._watcher.settled(Result(job, outcome))

    def _write(self) -> None:
        if self._unwritten:
            with self._patience():
                self._history.settle(self._unwritten)
                self._unwritten = []

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Around what is written into the history: while it is locked, say so once and let the caller come again."""
        try:
            yield
            self._history_waits = False
        except HistoryBusy as error:
            log.warning("%s; trying again", error)
            if not self._history_waits:
                self._watcher.notice(f"{error.message}; what ends is written down as soon as that is over")
            self._history_waits = True

    def _look(self, run: Run, interruption: Interruption) -> None:
        """Now and then: write down what ended, show progress, renew sessions and leases."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        self._write()
        self._watcher.update(self._pool.snapshots())
        for source in self._pool.lost_sessions():
            self._renew_session(source, interruption)
        if now - self._renewed_at > RENEW_SECONDS:
            self._renewed_at = now
            with self._patience():
                self._history.renew(run.id, LEASE_SECONDS, time.time())

    def _renew_session(self, source: str, interruption: Interruption) -> None:
        old = self._sessions[source]
        self._watcher.notice("the session has ended; getting a new one")
        self._watcher.pause()
        try:
            with interruption.suspended():
                value = self._renew(source, old.value)
        except AuthError as error:
            self._gone[source] = error
            self._pool.give_up(source, error.message)
            self._watcher.notice(f"no new session: {error.message}")
        except TransientError as error:
            self._watcher.notice(f"no new session yet: {error.message}")
        except KeyboardInterrupt:
            interruption.asked = True
        else:
            self._sessions[source] = Session(value, old.generation + 1)
            self._pool.publish(source, self._sessions[source])
            self._watcher.notice("the session was renewed; the reports go on")
        finally:
            self._watcher.resume()

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
        while self._unwritten and not over():
            time.sleep(LOOK_SECONDS)
            self._write()
        if self._unwritten:
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
        error=error.message,
        remedy=error.remedy,
    )
