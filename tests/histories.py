"""What the history tests share: databases of each kind, values to put in, programs for other processes."""

from __future__ import annotations

import functools
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from sfr.history import History
from sfr.model import Attempt, Job, Outcome, Proof, Report, Run, Status
from tests.services import require

SERVERS = {
    "postgresql": os.environ.get(
        "TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres?connect_timeout=5"
    ),
    "mysql": os.environ.get("TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306/test"),
}
SPAWN = multiprocessing.get_context("spawn")
DEADLINE_SECONDS = 60.0


@contextmanager
def own_database(kind: str) -> Iterator[str]:
    """The URL of a new empty database on the server of this kind, dropped at the end."""
    url = make_url(SERVERS[kind])
    name = f"sfr_test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except DBAPIError as error:
        require(available=False, reason=f"a {kind} server: {error.orig}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))
        engine.dispose()


@functools.cache
def _sweeper(url: str) -> Engine:
    History(url, owner="sweeper").close()
    return create_engine(url)


def emptied(url: str) -> str:
    """The same database without rows; its tables stay."""
    with _sweeper(url).begin() as connection:
        for table in ("sfr_attempts", "sfr_jobs", "sfr_runs"):
            connection.execute(text(f"DELETE FROM {table}"))
    return url


def sqlite_url(file: Path) -> str:
    return f"sqlite:///{file.as_posix()}"


def reports(count: int) -> list[Report]:
    return [Report(name=f"sales_{n}.csv", ref=f"00O{n:012d}", template=f"sales_{n}.csv") for n in range(1, count + 1)]


def queued(history: History, run_id: str = "r1", count: int = 3, started_at: float = 100.0) -> str:
    """A run with `count` waiting jobs."""
    history.add_run(Run(run_id, started_at), reports(count))
    return run_id


def good(job: Job, at: float = 200.0, records: int = 7) -> Outcome:
    return Outcome(
        job.id,
        Status.DONE,
        location=f"/reports/{job.report.name}",
        bytes=3_000_000_000,
        records=records,
        columns=("Id", "Name"),
        sha256="ab" * 32,
        proof=Proof.FOOTER,
        attempts=(Attempt(1, at - 2.5, 0.5, reason="transient", error="reset"), Attempt(2, at - 1, 1.0, bytes=5)),
        started_at=at - 2.5,
        finished_at=at,
        warnings=("fewer records",),
    )


def bad(job: Job, error: str = "not found") -> Outcome:
    return Outcome(job.id, Status.FAILED, scope="job", reason="report", error=error, remedy="ask", finished_at=201.0)


@contextmanager
def process(target: Callable[..., None], *arguments: object) -> Iterator[tuple[Any, Pipe]]:
    """Another process that runs `target(pipe, *arguments)`, and our end of its pipe."""
    ours, theirs = SPAWN.Pipe()
    child = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    try:
        yield child, ours
    finally:
        child.kill()
        child.join()
        ours.close()


def heard(pipe: Pipe) -> Any:
    """What the other process says next."""
    assert pipe.poll(DEADLINE_SECONDS), "the other process says nothing"
    return pipe.recv()


def outcomes(history: History, run_id: str = "r1") -> list[Outcome]:
    return [result.outcome for result in history.results(run_id)]


def statuses(history: History, run_id: str = "r1") -> list[Status]:
    return [outcome.status for outcome in outcomes(history, run_id)]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent to any database in this block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
