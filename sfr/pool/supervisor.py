"""Starts worker processes, hands them jobs over a pipe each, and replaces the ones that die.

No queue is shared and no lock is held across processes, so that a worker killed at any moment costs only the jobs
that it had. (multiprocessing.Pool waits for ever for such jobs, ProcessPoolExecutor fails all others with them.)
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import Self, TypeVar

from sfr.connector import Session
from sfr.model import Job, Outcome, Snapshot
from sfr.pool import allow_open_files, stillborn
from sfr.pool.hand import GRACE_SECONDS, Died, Hand, launch
from sfr.pool.shared import SHARED_GONE_CODE, SharedParts, SharedState
from sfr.pool.worker import Setup

STILLBORN_LIMIT = 3
_SHARED_GONE = (OSError, EOFError, AttributeError)

Answer = TypeVar("Answer")

log = logging.getLogger("sfr.pool")


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """How many hands, and what each is told. `paces` is per source: most in flight, requests per second, jitter in
    seconds."""

    processes: int
    threads: int
    setup: Setup
    paces: dict[str, tuple[int, float | None, float]]


class Pool:
    """The workers of one run. Use from one thread only."""

    def __init__(self, plan: PoolPlan) -> None:
        self._plan = plan
        self._context = multiprocessing.get_context("spawn")
        self._hands: list[Hand] = []
        self._shared: SharedState | None = None
        self._parts: SharedParts | None = None
        self._sessions: dict[str, Session] = {}
        self._started = self._stillborn = 0
        self._farewell: threading.Thread | None = None
        self._closing = False
        self._ended_by_us: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Start all processes; they come up side by side."""
        allow_open_files()
        self._hands = [self._launch() for _ in range(self._plan.processes)]
        self._share()
        for hand in self._hands:
            self._instruct(hand)

    def publish(self, source: str, session: Session) -> None:
        """Hand out a session; kept here too, so that it survives the loss of the process that shares it."""
        self._sessions[source] = session
        self._ask(lambda shared: shared.desk.publish(source, session))

    def lost_sessions(self) -> dict[str, int]:
        """Sources whose session a worker found dead, with the generation."""
        return self._ask(lambda shared: shared.desk.lost()) or {}

    def why_lost(self, source: str) -> tuple[str, str]:
        """What the worker that found a session dead was told, and the remedy."""
        return self._ask(lambda shared: shared.desk.why_lost(source)) or ("", "")

    def give_up(self, source: str, reason: str, remedy: str = "") -> None:
        """No session will come: the jobs of this source end."""
        self._ask(lambda shared: shared.desk.give_up(source, reason, remedy))

    def snapshots(self) -> list[Snapshot]:
        """What all workers are doing."""
        return self._ask(lambda shared: shared.board.snapshots()) or []

    @property
    def limits(self) -> dict[str, int]:
        """How many jobs of each source may be with the workers at once."""
        return {source: pace[0] for source, pace in self._plan.paces.items()}

    @property
    def free(self) -> int:
        """How many more jobs can be submitted just now."""
        return sum(self._plan.threads - len(hand.jobs) for hand in self._hands)

    def in_flight(self) -> Counter[str]:
        """How many jobs of each source are with the workers."""
        return Counter(job.report.source for hand in self._hands for job in hand.jobs.values())

    @property
    def busy(self) -> int:
        """How many jobs are with the workers."""
        return sum(len(hand.jobs) for hand in self._hands)

    def submit(self, job: Job, *, sparing: bool = False) -> bool:
        """Hand a job to the least busy worker; False when none has room just now.

        A job whose worker died before gets a worker for itself; `sparing` leaves the least busy one to such a job.
        """
        free = sorted((hand for hand in self._hands if not hand.guarded), key=lambda hand: len(hand.jobs))
        hand = next(iter(free[1 if sparing else 0 :]), None)
        if hand is None or len(hand.jobs) >= (1 if job.deaths else self._plan.threads):
            return False
        hand.jobs[job.id] = job
        with suppress(OSError):  # it has just died: `wait` will give the job back
            hand.pipe.send(job)
        return True

    def wait(self, timeout_seconds: float) -> list[Outcome | Died]:
        """What has happened; waits at most `timeout_seconds` for something to happen."""
        happened: list[Outcome | Died] = []
        pipes: dict[object, Hand] = {hand.pipe: hand for hand in self._hands}
        sentinels = [hand.process.sentinel for hand in self._hands]
        for source in wait([*(hand.pipe for hand in self._hands), *sentinels], timeout_seconds):
            if source in pipes:
                happened += pipes[source].outcomes()
        if not self._closing and self._shared is not None and self._shared.has_ended():
            self._replace_shared()
        for hand in [hand for hand in self._hands if not hand.process.is_alive()]:
            happened += hand.outcomes()
            happened += self._bury(hand)
        return happened

    def stop(self) -> list[Outcome]:
        """End all workers within seconds; returns what they still had to say."""
        self._closing = True
        self._ask(lambda shared: shared.flag.put_up())
        return self._until_gone(GRACE_SECONDS)

    def dismiss(self) -> None:
        """Let the workers go, which have nothing to do; `close` waits until they have gone."""
        self._closing = True
        for hand in self._hands:
            hand.pipe.close()
        if self._shared is not None and self._farewell is None:
            self._farewell = threading.Thread(target=self._shared.shutdown, name="farewell")
            self._farewell.start()

    def close(self) -> None:
        """End all processes."""
        self.dismiss()
        self._until_gone(GRACE_SECONDS)
        if self._farewell is not None:
            self._farewell.join()
        self._shared = self._parts = None

    def _launch(self) -> Hand:
        self._started += 1
        return launch(self._context, f"worker-{self._started}")

    def _share(self) -> None:
        self._shared = SharedState(ctx=self._context)
        self._shared.begin()
        with suppress(*_SHARED_GONE):  # ended already: `wait` will notice
            self._parts = self._shared.parts()
            self._furnish(self._parts)

    def _furnish(self, shared: SharedParts) -> None:
        """Tell a new sharing process what it must know."""
        for source, pace in self._plan.paces.items():
            shared.gate.set_pace(source, *pace)
        for source, session in self._sessions.items():
            shared.desk.publish(source, session)

    def _instruct(self, hand: Hand) -> None:
        assert self._shared is not None
        with suppress(OSError):  # it has just died: `wait` will notice
            hand.pipe.send(replace(self._plan.setup, name=hand.name, address=self._shared.address))

    def _bury(self, hand: Hand) -> list[Died]:
        self._hands.remove(hand)
        hand.pipe.close()
        self._ask(lambda shared: shared.gate.forget(hand.name))
        self._ask(lambda shared: shared.board.forget(hand.name))
        if self._closing:
            return []
        log.warning("%s ended with code %s, %d jobs with it", hand.name, hand.process.exitcode, len(hand.jobs))
        self._stillborn = 0 if hand.ready else self._stillborn + 1
        if self._stillborn >= STILLBORN_LIMIT:
            raise stillborn(hand.process.exitcode)
        successor = self._launch()
        self._hands.append(successor)
        self._instruct(successor)
        code = hand.process.exitcode
        suspects = hand.name not in self._ended_by_us and code != SHARED_GONE_CODE
        return [Died(tuple(hand.jobs.values()), code, suspects)] if hand.jobs else []

    def _replace_shared(self) -> None:
        """The process that workers share is gone: start it anew, and with it all workers."""
        log.warning("the process that workers share ended; starting again")
        self._share()
        for hand in self._hands:
            self._ended_by_us.add(hand.name)
            hand.process.kill()
            hand.process.join(GRACE_SECONDS)

    def _ask(self, question: Callable[[SharedParts], Answer]) -> Answer | None:
        """Ask the sharing process; None when it is gone, which `wait` will mend."""
        try:
            return question(self._parts) if self._parts is not None else None
        except _SHARED_GONE:
            return None

    def _until_gone(self, seconds: float) -> list[Outcome]:
        happened: list[Outcome | Died] = []
        deadline = time.monotonic() + seconds
        while self._hands and time.monotonic() < deadline:
            for hand in list(self._hands):
                if not hand.pipe.closed:
                    happened += hand.outcomes()
                hand.process.join(0.02)
                if not hand.process.is_alive():
                    self._hands.remove(hand)
        for hand in self._hands:
            hand.process.kill()
        self._hands = []
        return [item for item in happened if isinstance(item, Outcome)]
