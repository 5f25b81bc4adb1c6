"""Loads whose process is killed with -9 at each step: the old rows stay, or all of the new ones are there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfr.connector import Parcel
from sfr.destinations.table.destination import Table, TableConfig
from tests.histories import DEADLINE_SECONDS, heard, process
from tests.table_loads import Base, base_of

pytestmark = pytest.mark.slow

OLD = "id,txt\n" + "".join(f"{n},old\n" for n in range(50))
NEW = "id,txt\n" + "".join(f"{n},new {'x' * 400}\n" for n in range(100, 3100))
UPDATES: tuple[dict[str, Any], ...] = (
    {"update": "replace"},
    {"update": "append", "job_id": "r2-0001"},
    {"update": "upsert", "identity": ("id",)},
)
AFTER = {"replace": 3000, "append": 3050, "upsert": 3050}
COUNT = "SELECT COUNT(*) FROM sales"


def load_until(pipe: Any, config: TableConfig, parcels: list[Parcel], stop_at: int) -> None:
    """In a process of its own: tells the pipe when `progress` was called so often, and waits there to be killed."""
    calls: list[int] = []

    def progress(read_bytes: int) -> None:
        calls.append(read_bytes)
        if len(calls) == stop_at:
            pipe.send("at it")
            pipe.recv()

    Table(config).deliver([replace(each, progress=progress) for each in parcels])
    pipe.send("done")
    pipe.recv()


@pytest.fixture(params=("postgresql", "mysql", "sqlite"))
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        made.load(OLD, update="upsert", identity=("id",))
        yield made


def killed(base: Base, parcels: list[Parcel], stop_at: int) -> str:
    """What the process said last before it was killed."""
    with process(load_until, base.config(lock_seconds=60.0), parcels, stop_at) as (child, pipe):
        said = str(heard(pipe))
        child.kill()
        child.join()
    return said


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.05)


def rows_of(base: Base) -> int:
    return int(base.rows(COUNT)[0][0])


@pytest.mark.parametrize("stop_at", [1, 5])
@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_killed_while_records_go_the_old_rows_stay_and_the_next_load_clears_up(
    base: Base, how: dict[str, Any], stop_at: int
) -> None:
    parcel = base.parcel(NEW, **how)
    assert killed(base, [parcel], stop_at) == "at it"
    assert rows_of(base) == 50
    base.table(lock_seconds=30.0).deliver([parcel])
    assert rows_of(base) == AFTER[how["update"]]
    assert base.tables() == ["sales"]


@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_killed_when_all_was_done_the_same_job_changes_nothing_more(base: Base, how: dict[str, Any]) -> None:
    parcel = base.parcel(NEW, **how)
    assert killed(base, [parcel], stop_at=99) == "done"
    assert rows_of(base) == AFTER[how["update"]]
    (again,) = base.table(lock_seconds=30.0).deliver([parcel])
    assert again.records == 3000
    assert rows_of(base) == AFTER[how["update"]]


def test_killed_between_two_tables_neither_is_changed(base: Base) -> None:
    parcels = [base.parcel(NEW), base.parcel(NEW, path="other")]
    assert killed(base, parcels, stop_at=7) == "at it"
    assert (rows_of(base), base.tables().count("other")) == (50, 0)
    base.table(lock_seconds=30.0).deliver(parcels)
    assert (rows_of(base), base.tables()) == (3000, ["other", "sales"])


@pytest.mark.parametrize("update", ["replace", "append"])
def test_killed_while_a_new_table_is_filled_there_is_none(base: Base, update: str) -> None:
    parcel = base.parcel(NEW, path="fresh", update=update)
    assert killed(base, [parcel], stop_at=4) == "at it"
    assert "fresh" not in base.tables()
    base.table(lock_seconds=30.0).deliver([parcel])
    assert base.tables() == ["fresh", "sales"]
    assert base.rows("SELECT COUNT(*) FROM fresh") == [(3000,)]


def waits_at_the_end(base: Base) -> bool:
    """Whether a load is done but for the step that it cannot take while somebody reads."""
    if base.dialect == "mysql":
        waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata%%'"
        return base.rows(waiting) != [(0,)]
    if base.dialect == "postgresql":
        return base.rows("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") != [(0,)]
    # SQLite lets no other process in any more.
    look = f"import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute({COUNT!r})"
    command = [sys.executable, "-c", look, str(base.engine.url.database)]
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_killed_while_it_waits_for_its_last_step_the_rows_are_whole(base: Base) -> None:
    parcel = base.parcel(NEW)
    reader = base.engine.execution_options(isolation_level="SERIALIZABLE").connect()
    read = reader.exec_driver_sql("SELECT id FROM sales" + (" FOR UPDATE" if base.dialect == "postgresql" else ""))
    assert read.fetchone()
    with process(load_until, base.config(lock_seconds=60.0), [parcel], 99) as (child, _pipe):
        eventually(lambda: waits_at_the_end(base))
        child.kill()
        child.join()
    read.close()
    reader.invalidate()
    reader.close()
    base.engine.dispose()
    # A server that got its order carries it out though nobody waits for the answer.
    assert rows_of(base) in (50, 3000)
    base.table(lock_seconds=30.0).deliver([parcel])
    assert (rows_of(base), base.tables()) == (3000, ["sales"])
