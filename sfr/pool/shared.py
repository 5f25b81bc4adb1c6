"""What all workers share, held by one small process: sessions, the pace per source, progress and the stop flag.

Every method is short and holds no lock for its caller: a worker that is killed in the middle of a call leaves nothing
behind that others would wait for.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.managers import SyncManager
from typing import TYPE_CHECKING, Any

from sfr.connector import Session
from sfr.model import Snapshot
from sfr.pool import start_unhearing, stillborn
from sfr.pool.gate import Gate

SHARED_GONE_CODE = 3
_END_SECONDS = 2.0


class SessionDesk:
    """The session of each source, its generation, and whether somebody found it dead."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lost: dict[str, int] = {}
        self._why: dict[str, tuple[str, str]] = {}
        self._gone: dict[str, tuple[str, str]] = {}

    def publish(self, source: str, session: Session) -> None:
        """There is a new session; whoever waits may go on."""
        self._sessions[source] = session
        self._lost.pop(source, None)

    def current(self, source: str) -> Session:
        return self._sessions[source]

    def lose(self, source: str, generation: int, why: tuple[str, str] = ("", "")) -> None:
        """Say that a session is dead, and what the server said with the remedy; saying it of one that was replaced
        already has no effect."""
        if self._sessions[source].generation == generation:
            self._lost[source] = generation
            self._why[source] = why

    def why_lost(self, source: str) -> tuple[str, str]:
        """What the server said to the worker that found it dead, and the remedy."""
        return self._why.get(source, ("", ""))

    def lost(self) -> dict[str, int]:
        """Sources whose session is dead and not replaced yet, with the generation that died."""
        return {name: age for name, age in list(self._lost.items()) if name not in self._gone}

    def give_up(self, source: str, reason: str, remedy: str = "") -> None:
        """There will be no other session."""
        self._gone[source] = (reason, remedy)

    def gone(self, source: str) -> tuple[str, str] | None:
        """Why there will be no other session, and the remedy; None while there may be one."""
        return self._gone.get(source)


class ProgressBoard:
    """What each worker is doing just now."""

    def __init__(self) -> None:
        self._boards: dict[str, Sequence[Snapshot]] = {}

    def post(self, worker: str, snapshots: Sequence[Snapshot]) -> None:
        self._boards[worker] = snapshots

    def forget(self, worker: str) -> None:
        self._boards.pop(worker, None)

    def snapshots(self) -> list[Snapshot]:
        return [snapshot for board in list(self._boards.values()) for snapshot in board]


class StopFlag:
    """Whether the run is being stopped."""

    def __init__(self) -> None:
        self._raised = False

    def put_up(self) -> None:
        self._raised = True

    def is_up(self) -> bool:
        return self._raised


_desk, _gate, _board, _flag = SessionDesk(), Gate(), ProgressBoard(), StopFlag()


def _the_desk() -> SessionDesk:
    return _desk


def _the_gate() -> Gate:
    return _gate


def _the_board() -> ProgressBoard:
    return _board


def _the_flag() -> StopFlag:
    return _flag


@dataclass(frozen=True, slots=True)
class SharedParts:
    """The four as one process reaches them: made once, since making each takes several round trips."""

    desk: SessionDesk
    gate: Gate
    board: ProgressBoard
    flag: StopFlag


class SharedState(SyncManager):
    """The process that holds the four; everybody who knows its address and key reaches the same ones."""

    if TYPE_CHECKING:

        def desk(self) -> SessionDesk: ...
        def gate(self) -> Gate: ...
        def board(self) -> ProgressBoard: ...
        def flag(self) -> StopFlag: ...

    def begin(self) -> None:
        """Start the process. Raises ConfigError when it ends at once."""
        try:
            start_unhearing(lambda: self.start(_end_with_parent))
        except EOFError:
            process = self._process_or_none()
            process.join(_END_SECONDS)
            raise stillborn(process.exitcode) from None

    def parts(self) -> SharedParts:
        """What may be asked of the process, for all threads of the caller."""
        return SharedParts(self.desk(), self.gate(), self.board(), self.flag())

    def has_ended(self) -> bool:
        """Was it started here, and is it gone?"""
        process = self._process_or_none()
        return process is not None and not process.is_alive()

    def _process_or_none(self) -> Any:
        return getattr(self, "_process", None)  # the base class offers no public way to ask


@contextmanager
def needing_the_shared() -> Iterator[None]:
    """Around a worker's calls: without what workers share it ends at once, and the parent starts new ones."""
    try:
        yield
    except (OSError, EOFError):
        os._exit(SHARED_GONE_CODE)


SharedState.register("desk", _the_desk, exposed=("publish", "current", "lose", "lost", "why_lost", "give_up", "gone"))
SharedState.register("gate", _the_gate, exposed=("set_pace", "enter", "turn", "leave", "forget"))
SharedState.register("board", _the_board, exposed=("post", "forget", "snapshots"))
SharedState.register("flag", _the_flag, exposed=("put_up", "is_up"))


def _end_with_parent() -> None:
    """Run in the holding process: it must outlive a signal to the whole group, but never the run."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(0)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
