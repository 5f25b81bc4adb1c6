"""Where one thread of a worker runs its job: what the job asks of its surroundings, and who watches over it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sfr.connector import Session, Source
from sfr.errors import AuthError, Cancelled, SfrError, TransientError
from sfr.model import Job, Phase, Snapshot
from sfr.pool.shared import SharedParts, needing_the_shared
from sfr.redaction import redact, remember_secret

if TYPE_CHECKING:
    from sfr.pool.worker import Watch

LOOK_AGAIN_SECONDS = 0.2


class Seat:
    """Implements `Surroundings` for the job of one thread."""

    def __init__(self, name: str, shared: SharedParts, stopping: threading.Event, watch: Watch) -> None:
        self.name = name
        self.job: Job | None = None
        self._desk, self._gate = shared.desk, shared.gate
        self._stopping = stopping
        self._watch = watch
        self._source: Source | None = None
        self._sessions: dict[str, Session] = {}
        self._phase, self._note, self._attempt = Phase.WAITING, "", 1
        self._since = time.time()
        self._bytes = 0
        self._moved = time.monotonic()
        self._begun = time.monotonic()
        self._aborted: TransientError | None = None
        self._first_request = False

    def sit_down(self, job: Job, source: Source) -> None:
        self._source, self._aborted = source, None
        self.show(Phase.WAITING, 1)
        self.job = job

    def stand_up(self) -> None:
        self.job = None

    def session(self, source: str) -> Session:
        if source not in self._sessions:
            with needing_the_shared():
                session = self._desk.current(source)
            remember_secret(session.value)
            self._sessions[source] = session
        return self._sessions[source]

    def await_session(self, source: str, lost: Session, why: AuthError) -> None:
        with needing_the_shared():
            self._desk.lose(source, lost.generation, (redact(why.message), redact(why.remedy)))
            while (session := self._desk.current(source)).generation <= lost.generation:
                if gone := self._desk.gone(source):
                    reason, remedy = gone
                    raise AuthError(reason, remedy=remedy or "run `sfr login`, then run again with --failed")
                self.pause(LOOK_AGAIN_SECONDS)
        remember_secret(session.value)
        self._sessions[source] = session

    def enter(self, source: str) -> float:
        self.pause(0)
        with needing_the_shared():
            wait_seconds = self._gate.enter(source, self.name)
        self._first_request = not wait_seconds
        return wait_seconds

    def turn(self) -> None:
        """Wait until the job may send a further request; entering was good for the first one."""
        if self._first_request or self.job is None:
            self._first_request = False
            return
        with needing_the_shared():
            while wait_seconds := self._gate.turn(self.job.report.source):
                self._moved = self._begun = time.monotonic()
                self.pause(min(wait_seconds, 1.0))
        self._phase, self._since = Phase.SERVER, time.time()
        self._moved = self._begun = time.monotonic()

    def say(self, text: str) -> None:
        """What the source tells about the job."""
        self._note = redact(text)

    def leave(self, source: str, error: SfrError | None) -> None:
        slow_down = isinstance(error, TransientError) and error.slow_down
        asked = error.retry_after_seconds if isinstance(error, TransientError) and error.slow_down else None
        with needing_the_shared():
            self._gate.leave(source, self.name, slow_down, asked or 0.0)

    def show(self, phase: Phase, attempt: int, note: str = "") -> None:
        if phase is Phase.SERVER:
            self._begun, self._bytes, self._aborted = time.monotonic(), 0, None
        self._moved = time.monotonic()
        self._phase, self._attempt, self._note, self._since = phase, attempt, note, time.time()

    def progress(self, written_bytes: int) -> None:
        self._bytes = written_bytes
        self._moved = time.monotonic()
        if self._phase is Phase.SERVER:  # a further request is being answered
            self._phase, self._since = Phase.TRANSFER, time.time()
        if self._stopping.is_set():
            raise Cancelled("the run was stopped")

    def pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Cancelled("the run was stopped")

    def why_aborted(self) -> SfrError | None:
        why, self._aborted = self._aborted, None
        return Cancelled("the run was stopped") if self._stopping.is_set() else why

    def snapshot(self) -> Snapshot | None:
        """The job as a watcher sees it; None while there is none."""
        job = self.job
        return Snapshot(job.id, self._phase, self._since, self._bytes, self._attempt, self._note) if job else None

    def break_off_if_stuck(self) -> None:
        """Called by the watching thread: end a transfer that stands still or takes too long."""
        if self.job is None or self._phase not in (Phase.SERVER, Phase.TRANSFER) or self._aborted is not None:
            return
        now = time.monotonic()
        if self._phase is Phase.TRANSFER and now - self._moved > self._watch.stall_seconds:
            self._aborted = TransientError(f"no byte for {self._watch.stall_seconds:.0f} s", reason="stalled")
        elif now - self._begun > self._watch.attempt_seconds:
            self._aborted = TransientError(
                f"not complete after {self._watch.attempt_seconds:.0f} s",
                reason="too-long",
                max_attempts=3,
                remedy="raise SFR_ATTEMPT_SECONDS if this report really takes so long",
            )
        if self._aborted is not None:
            self.break_off()

    def break_off(self) -> None:
        """End what the job is reading, from another thread."""
        if self.job is not None and self._source is not None:
            with suppress(OSError):  # a connection that is gone already
                self._source.abort()
