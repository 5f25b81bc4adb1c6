"""Starts worker processes, hands them jobs over a pipe each, and replaces the ones that die.

No queue is shared and no lock is held across processes, so that a worker killed at any moment costs only the jobs
that it had. (multiprocessing.Pool waits for ever for such jobs, ProcessPoolExecutor fails all others with them.)
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TypeVar

from sfr.connector import Session
from sfr.errors import ConfigError
from sfr.model import Job, Outcome, Snapshot
from sfr.pool import worker
from sfr.pool.shared import SharedState, end_with_parent
from sfr.pool.worker import LogLine, Setup

STILLBORN_LIMIT = 3
GRACE_SECONDS = 2.0
_SHARED_GONE = (OSError, EOFError, AttributeError)

Answer = TypeVar("Answer")

log = logging.getLogger("sfr.pool")


@dataclass(frozen=True, slots=True)
class Died:
    """A worker process ended while it had these jobs. They are `suspects` unless it was ended for another reason."""

    jobs: tuple[Job, ...]
    exit_code: int | None
    suspects: bool = True


@dataclass(slots=True)
class _Hand:
    """A worker process as its parent sees it."""

    name: str
    process: SpawnProcess
    pipe: Connection
    jobs: dict[str, Job] = field(default_factory=dict)
    ready: bool = False


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """How many hands, and what each is told. `paces` is per source: most in flight, requests per second."""

    processes: int
    threads: int
    setup: Setup
    paces: dict[str, tuple[int, float | None]]


class Pool:
    """The workers of one run. Use from one thread only."""

    def __init__(self, plan: PoolPlan) -> None:
        self._plan = plan
        self._context = multiprocessing.get_context("spawn")
        self._hands: list[_Hand] = []
        self._shared: SharedState | None = None
        self._sessions: dict[str, Session] = {}
        self._started = self._stillborn = 0
        self._closing = False
        self._ended_by_us: set[str] = set()

    def start(self) -> None:
        """Start all processes; they come up side by side."""
        self._hands = [self._launch() for _ in range(self._plan.processes)]
        self._share()
        for hand in self._hands:
            self._instruct(hand)

    def publish(self, source: str, session: Session) -> None:
        """Hand out a session; kept here too, so that it survives the loss of the process that shares it."""
        self._sessions[source] = session
        self._ask(lambda shared: shared.desk().publish(source, session))

    def lost_sessions(self) -> dict[str, int]:
        """Sources whose session a worker found dead, with the generation."""
        return self._ask(lambda shared: shared.desk().lost()) or {}

    def give_up(self, source: str, reason: str) -> None:
        """No session will come: the jobs of this source end."""
        self._ask(lambda shared: shared.desk().give_up(source, reason))

    def snapshots(self) -> list[Snapshot]:
        """What all workers are doing."""
        return self._ask(lambda shared: shared.board().snapshots()) or []

    @property
    def free(self) -> int:
        """How many more jobs can be submitted just now."""
        return sum(self._plan.threads - len(hand.jobs) for hand in self._hands)

    @property
    def busy(self) -> int:
        """How many jobs are with the workers."""
        return sum(len(hand.jobs) for hand in self._hands)

    def submit(self, job: Job) -> bool:
        """Hand a job to the least busy worker. A job that has already seen its worker die gets one for itself;
        False when there is none just now."""
        hand = min(self._hands, key=lambda hand: len(hand.jobs))
        if len(hand.jobs) >= (1 if job.deaths else self._plan.threads) or self._guarded(hand):
            return False
        hand.jobs[job.id] = job
        with suppress(OSError):  # it has just died: `wait` will give the job back
            hand.pipe.send(job)
        return True

    def wait(self, timeout_seconds: float) -> list[Outcome | Died]:
        """What has happened; waits at most `timeout_seconds` for something to happen."""
        happened: list[Outcome | Died] = []
        pipes = {hand.pipe: hand for hand in self._hands}
        sentinels = {hand.process.sentinel: hand for hand in self._hands}
        for source in wait([*pipes, *sentinels], timeout_seconds):
            if isinstance(source, Connection):
                self._read(pipes[source], happened)
        if not self._closing and not self._shared_alive():
            self._replace_shared()
        for hand in [hand for hand in self._hands if not hand.process.is_alive()]:
            self._read(hand, happened)
            happened += self._bury(hand)
        return happened

    def stop(self) -> list[Outcome]:
        """End all workers within seconds; returns what they still had to say."""
        self._closing = True
        self._ask(lambda shared: shared.flag().put_up())
        return self._until_gone(GRACE_SECONDS)

    def close(self) -> None:
        """End all workers, which have nothing to do."""
        self._closing = True
        for hand in self._hands:
            hand.pipe.close()
        self._until_gone(GRACE_SECONDS)
        if self._shared is not None:
            self._shared.shutdown()
            self._shared = None

    def _launch(self) -> _Hand:
        self._started += 1
        ours, theirs = self._context.Pipe()
        name = f"worker-{self._started}"
        process = self._context.Process(target=worker.main, args=(theirs,), name=name, daemon=True)
        process.start()
        theirs.close()
        return _Hand(name, process, ours)

    def _share(self) -> None:
        self._shared = SharedState(ctx=self._context)
        self._shared.start(end_with_parent)
        for source, (most, per_second) in self._plan.paces.items():
            self._shared.gate().set_pace(source, most, per_second)
        for source, session in self._sessions.items():
            self._shared.desk().publish(source, session)

    def _instruct(self, hand: _Hand) -> None:
        assert self._shared is not None
        with suppress(OSError):  # it has just died: `wait` will notice
            hand.pipe.send(replace(self._plan.setup, name=hand.name, address=self._shared.address))

    def _guarded(self, hand: _Hand) -> bool:
        """Whether a worker is reserved for a job that is under suspicion."""
        return any(job.deaths for job in hand.jobs.values())

    def _read(self, hand: _Hand, happened: list[Outcome | Died]) -> None:
        try:
            while hand.pipe.poll():
                message = hand.pipe.recv()
                if isinstance(message, Outcome):
                    hand.jobs.pop(message.job_id, None)
                    happened.append(message)
                elif isinstance(message, LogLine):
                    logging.getLogger(message.logger).log(message.level, "%s  %s", message.process, message.text)
                elif message == "ready":
                    hand.ready = True
        except (EOFError, OSError):
            hand.process.join(GRACE_SECONDS)

    def _bury(self, hand: _Hand) -> list[Died]:
        self._hands.remove(hand)
        hand.pipe.close()
        self._ask(lambda shared: shared.gate().forget(hand.name))
        self._ask(lambda shared: shared.board().forget(hand.name))
        if self._closing:
            return []
        log.warning("%s ended with code %s, %d jobs with it", hand.name, hand.process.exitcode, len(hand.jobs))
        self._stillborn = 0 if hand.ready else self._stillborn + 1
        if self._stillborn >= STILLBORN_LIMIT:
            raise ConfigError(
                f"worker processes end before they begin (code {hand.process.exitcode})",
                remedy="the log has the reason; is the installation complete?",
            )
        successor = self._launch()
        self._hands.append(successor)
        self._instruct(successor)
        died = Died(tuple(hand.jobs.values()), hand.process.exitcode, suspects=hand.name not in self._ended_by_us)
        return [died] if hand.jobs else []

    def _shared_alive(self) -> bool:
        process = getattr(self._shared, "_process", None)  # SyncManager offers no public way to ask
        return process is None or process.is_alive()

    def _replace_shared(self) -> None:
        """The process that workers share is gone: start it anew, and with it all workers."""
        log.warning("the process that workers share ended; starting again")
        self._share()
        for hand in self._hands:
            self._ended_by_us.add(hand.name)
            hand.process.kill()
            hand.process.join(GRACE_SECONDS)

    def _ask(self, question: Callable[[SharedState], Answer]) -> Answer | None:
        """Ask the sharing process; None when it is gone, which `wait` will mend."""
        try:
            return question(self._shared) if self._shared is not None else None
        except _SHARED_GONE:
            return None

    def _until_gone(self, seconds: float) -> list[Outcome]:
        happened: list[Outcome | Died] = []
        deadline = time.monotonic() + seconds
        while self._hands and time.monotonic() < deadline:
            for hand in list(self._hands):
                if not hand.pipe.closed:
                    self._read(hand, happened)
                hand.process.join(0.02)
                if not hand.process.is_alive():
                    self._hands.remove(hand)
        for hand in self._hands:
            hand.process.kill()
        self._hands = []
        return [item for item in happened if isinstance(item, Outcome)]
