"""A worker process: a few threads that run jobs, one thread that reports and watches over them."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import queue
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sfr import plugins
from sfr.connector import Source, Tools
from sfr.errors import ConfigError, SfrError
from sfr.model import Job, Outcome, Status
from sfr.pool.places import Shelves
from sfr.pool.seat import Seat
from sfr.pool.shared import SharedState, needing_the_shared
from sfr.pool.stray_output import StrayOutput
from sfr.redaction import redact, remember_secrets_of
from sfr.source_identity import identity_of
from sfr.transfer import RetryPolicy, Transfer, surprise

log = logging.getLogger("sfr.pool")

TICK_SECONDS = 0.2
LAST_WORDS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Watch:
    """When a transfer is broken off, in seconds: no byte for so long after the first, or so long in all."""

    stall_seconds: float = 120.0
    attempt_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything a worker is told at its start. `sources` and `destinations` map a name to its type and its
    configuration; that of a source is pickled, so that one that cannot be read here costs its own reports only."""

    name: str
    threads: int
    address: Any
    sources: dict[str, tuple[str, bytes]]
    policy: RetryPolicy
    watch: Watch
    output: Path
    private: Path
    destinations: dict[str, tuple[str, Any]] = field(default_factory=dict)
    log_level: int = logging.INFO


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a worker's log, on its way to the one process that writes the file."""

    level: int
    logger: str
    text: str
    process: str


@dataclass(slots=True)
class _Post:
    """The worker's end of the pipe; threads take turns to speak."""

    connection: Connection
    mutex: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[object] = field(default_factory=deque)

    def keep(self, message: object) -> None:
        """Send with the next one; a letter of its own would wake the parent."""
        self.waiting.append(message)

    def send(self, *messages: object) -> None:
        with self.mutex:
            kept = [self.waiting.popleft() for _ in range(len(self.waiting))]
            if kept or messages:
                self.connection.send((*kept, *messages))


class _LogPost(logging.Handler):
    """Sends log lines home, redacted, so that only one process writes the file."""

    def __init__(self, post: _Post, name: str) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._post, self._name = post, name

    def emit(self, record: logging.LogRecord) -> None:
        self._post.keep(LogLine(record.levelno, record.name, redact(self.format(record)), self._name))


def main(connection: Connection) -> None:
    """Entry point of the process. The first message is its Setup; then come jobs, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with needing_the_shared():
        worker = _Worker(connection, connection.recv())
    gc.freeze()  # what was imported lives as long as we do; the collector need not look at it again and again
    worker.run()


def _import_ahead(kind: str, packed: bytes) -> None:
    """Import a source while the parent still opens its history and looks for a session, and know its secrets."""
    import_module("sfr.http")
    try:
        plugins.source_class(kind)
        remember_secrets_of(pickle.loads(packed))  # noqa: S301  our own bytes
    except (Exception, SystemExit) as error:  # a stranger's module; each report that wants it fails by this name
        log.warning("the connector %s cannot be used here: %s", kind, type(error).__name__)


class _Worker:
    def __init__(self, connection: Connection, setup: Setup) -> None:
        for kind, packed in setup.sources.values():
            _import_ahead(kind, packed)
        for _, config in setup.destinations.values():
            remember_secrets_of(config)
        self._setup = setup
        self._connection = connection
        self._post = _Post(connection)
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._origins: dict[str, str] = {}  # which server and account a name stands for
        self._stopping = threading.Event()
        parent = parent_process()
        self._run_pid = parent.pid if parent and parent.pid else os.getpid()
        shared = SharedState(address=setup.address)
        shared.connect()
        self._shared = shared.parts()
        self._seats = [
            Seat(f"{setup.name}/{number}", self._shared, self._stopping, setup.watch) for number in range(setup.threads)
        ]
        logging.basicConfig(level=setup.log_level, handlers=[_LogPost(self._post, setup.name)], force=True)
        logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines name addresses
        self._stray = StrayOutput()

    def run(self) -> None:
        """Take jobs from the pipe; when the pipe ends the parent is gone or done, and so are we."""
        for seat in self._seats:
            threading.Thread(target=self._work, args=(seat,), daemon=True, name=seat.name).start()
        threading.Thread(target=self._tick, daemon=True, name="tick").start()
        self._post.send("ready")
        try:
            while True:
                self._jobs.put(self._connection.recv())
        except (EOFError, OSError):
            self._stop()

    def _work(self, seat: Seat) -> None:
        sources: dict[str, Source] = {}
        shelves = Shelves(self._setup, self._run_pid)
        while True:
            job = self._jobs.get()
            outcome = self._run_job(job, seat, sources, shelves)
            self._stray.settle()
            with suppress(OSError):  # the parent is gone, and in a moment so are we
                self._post.send(outcome)

    def _run_job(self, job: Job, seat: Seat, sources: dict[str, Source], shelves: Shelves) -> Outcome:
        try:
            name = job.report.source
            if name not in sources:
                sources[name] = self._open_source(name, seat)
                self._origins[name] = self._origin_of(name)
            opened = shelves.of(job)
            seat.sit_down(job, sources[name])
            private = self._setup.private
            policy, origin = self._setup.policy, self._origins[name]
            return Transfer(job, sources[name], opened, policy, seat, private=private, origin=origin).run()
        except BaseException as error:  # a thread that ends would take its job along, and the run wait for it for ever
            known = error if isinstance(error, SfrError) else surprise(job.report, error)
            return Outcome(
                job.id,
                Status.FAILED,
                finished_at=time.time(),
                scope=known.scope.value,
                reason=known.reason,
                error=redact(known.message),
                remedy=redact(known.remedy),
            )
        finally:
            seat.stand_up()

    def _origin_of(self, name: str) -> str:
        kind, packed = self._setup.sources[name]
        return identity_of(kind, pickle.loads(packed))  # noqa: S301  our own bytes

    def _open_source(self, name: str, seat: Seat) -> Source:
        kind, packed = self._setup.sources[name]
        config = pickle.loads(packed)  # noqa: S301  our own bytes
        tools = Tools(
            name,
            lambda: seat.session(name),
            self._stopping.is_set,
            seat.turn,
            seat.say,
            logging.getLogger(f"sfr.source.{name}"),
            lambda other: self._config_of(other, kind),
        )
        source: Source = plugins.source_class(kind)(config, tools)
        return source

    def _config_of(self, name: str, kind: str) -> Any:
        """The configuration of a further source; a connector sees those of its own type only."""
        found, packed = self._setup.sources.get(name, ("", b""))
        if found != kind:
            raise ConfigError(f"there is no other source {name!r} of type {kind}", remedy="Look at the report's steps.")
        return pickle.loads(packed)  # noqa: S301  our own bytes

    def _tick(self) -> None:
        board, flag = self._shared.board, self._shared.flag
        with needing_the_shared():
            while not flag.is_up():
                self._post.send()
                board.post(self._setup.name, [shot for seat in self._seats if (shot := seat.snapshot())])
                for seat in self._seats:
                    seat.break_off_if_stuck()
                time.sleep(TICK_SECONDS)
        self._stop()

    def _stop(self) -> None:
        """Give every job a moment to end by itself; what it leaves behind then is the parent's to clear away."""
        self._stopping.set()
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while any(seat.job for seat in self._seats) and time.monotonic() < deadline:
            for seat in self._seats:
                seat.break_off()
            time.sleep(0.02)
        os._exit(0)  # a thread that waits for a server's first byte cannot be asked to end
