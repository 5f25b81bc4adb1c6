from __future__ import annotations

import sqlite3.dbapi2
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from sfr.connector import Parcel
from sfr.errors import Cancelled, DeliveryError, InvalidReport, SfrError, TransientError
from tests.table_loads import KINDS, Base, base_of

OLD = "id,txt\n" + "".join(f"{n},old\n" for n in range(50))
NEW = "id,txt\n" + "".join(f"{n},new {'x' * 400}\n" for n in range(100, 3100))
KEYED: dict[str, Any] = {"update": "upsert", "identity": ("id",)}
UPDATES: tuple[dict[str, Any], ...] = ({"update": "replace"}, {"update": "append", "job_id": "r2-0001"}, KEYED)
SERVERS = ("postgresql", "mysql")


@pytest.fixture(params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        made.load(OLD, **KEYED)
        yield made


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        made.load(OLD, **KEYED)
        yield made


def is_old(base: Base) -> bool:
    return base.rows("SELECT COUNT(*), MIN(txt), MAX(txt) FROM sales") == [(50, "old", "old")]


def failure(base: Base, kind: type[SfrError], parcel: Parcel, **settings: Any) -> SfrError:
    with pytest.raises(kind) as caught:
        base.table(**settings).deliver([parcel])
    assert type(caught.value) is kind
    return caught.value


def when_half(action: Any) -> Any:
    """A `progress` that does something once, when the first bytes went."""
    done: list[int] = []

    def progress(read_bytes: int) -> None:
        if not done:
            done.append(read_bytes)
            action()

    return progress


def stop() -> None:
    raise Cancelled("the run was stopped")


@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_a_load_that_is_stopped_changes_nothing(base: Base, how: dict[str, Any]) -> None:
    failure(base, Cancelled, base.parcel(NEW, **how, progress=when_half(stop)))
    assert is_old(base)
    assert base.tables() == ["sales"]
    base.load(NEW, **how)
    assert not is_old(base)


@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_a_misfit_at_the_end_changes_nothing(base: Base, how: dict[str, Any]) -> None:
    with pytest.raises(InvalidReport, match=r"record 3,001, column 'txt': 'yyyy.* has 500 characters"):
        base.load(f"{NEW}3100,{'y' * 500}\n", types=(("txt", "text(410)"),), **how)
    assert is_old(base)


@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_a_count_that_is_not_the_reports_takes_everything_back(base: Base, how: dict[str, Any]) -> None:
    error = failure(base, DeliveryError, base.parcel(NEW, **{**how, "records": 3001}))
    assert error.message.startswith("the report has 3,001 records, and 3,000 rows came into the table")
    assert is_old(base)


def test_a_trigger_that_leaves_rows_out_is_noticed(base: Base) -> None:
    if base.dialect == "postgresql":
        base.run(
            "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN IF NEW.id = ''107'' THEN RETURN NULL; END IF; RETURN NEW; END'",
            "CREATE TRIGGER skip BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION skip()",
        )
    elif base.dialect == "sqlite":
        base.run(
            "CREATE TRIGGER skip BEFORE INSERT ON sales WHEN NEW.id = '107' BEGIN SELECT RAISE(IGNORE); END",
        )
    else:
        pytest.skip("its triggers can leave nothing out")
    failure(base, DeliveryError, base.parcel(NEW))
    assert is_old(base)


def test_rows_that_the_table_refuses_are_told(base: Base) -> None:
    base.run("CREATE TABLE strict (id VARCHAR(20) NOT NULL, txt VARCHAR(20), CHECK (txt <> 'bad'))")
    for text, words in (("id,txt\n1,\n,x\n", "null|NULL"), ("id,txt\n1,bad\n", "(?i)check|constraint")):
        with pytest.raises(SfrError, match=words) as caught:
            base.load(text, path="strict", null="", update="append")
        assert caught.value.reason in ("constraint", "type")
        assert base.rows("SELECT * FROM strict") == []


def test_a_key_that_is_there_already_refuses_an_append(base: Base) -> None:
    error = failure(base, DeliveryError, base.parcel("id,txt\n900,x\n7,y\n", update="append"))
    assert error.reason == "constraint"
    assert is_old(base)


def test_readers_see_the_old_rows_until_they_see_the_new_ones(server: Base) -> None:
    seen: list[bool] = []
    early = server.engine.execution_options(isolation_level="REPEATABLE READ").connect()
    counted = "SELECT COUNT(*), MIN(txt), MAX(txt) FROM sales"
    server.load("id,txt\n1,x\n", path="other")
    early.exec_driver_sql("SELECT * FROM other")  # its transaction sees what is there now
    server.load(NEW, progress=when_half(lambda: seen.append(is_old(server))))
    assert seen == [True]
    assert server.rows("SELECT COUNT(*) FROM sales") == [(3000,)]
    if server.dialect == "mysql":  # which says so instead of showing nothing
        with pytest.raises(DBAPIError, match="Table definition has changed"):
            early.exec_driver_sql(counted)
    else:
        assert tuple(early.exec_driver_sql(counted).one()) == (50, "old", "old")
    early.close()


def test_an_sqlite_reader_sees_the_old_rows_while_others_are_written(tmp_path: Path) -> None:
    with base_of("sqlite", tmp_path / "staged") as base:
        base.load(OLD)
        seen: list[bool] = []
        base.load("id,txt\n1,new\n", progress=when_half(lambda: seen.append(is_old(base))))
        assert seen == [True]
        assert base.rows("SELECT txt FROM sales") == [("new",)]


@pytest.mark.parametrize("how", UPDATES, ids=lambda how: how["update"])
def test_a_server_that_goes_away_is_worth_another_try(server: Base, how: dict[str, Any]) -> None:
    def cut() -> None:
        if server.dialect == "postgresql":
            server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                       "AND datname = current_database()")  # fmt: skip
            return
        others = server.rows(
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        server.run(*(f"KILL {number}" for (number,) in others))

    error = failure(server, TransientError, server.parcel(NEW, **how, progress=when_half(cut)))
    assert error.message
    server.engine.dispose()
    assert is_old(server)
    server.load(NEW, **how)
    assert not is_old(server)


def test_a_lock_that_others_hold_is_waited_for_and_then_told(base: Base) -> None:
    lock = {
        "postgresql": ("BEGIN", "LOCK TABLE sales IN EXCLUSIVE MODE"),
        "mysql": ("LOCK TABLES sales READ",),
        "sqlite": ("BEGIN IMMEDIATE",),
    }
    with base.engine.connect() as other:
        for statement in lock[base.dialect]:
            other.exec_driver_sql(statement)
        for how in UPDATES:
            error = failure(base, TransientError, base.parcel(NEW, **how), lock_seconds=0.2)
            assert error.reason == "busy"
        other.invalidate()
    assert is_old(base)
    assert base.tables() == ["sales"]


def test_two_loads_into_one_table_go_one_after_the_other(server: Base) -> None:
    errors: list[SfrError] = []

    def second() -> None:
        errors.append(failure(server, TransientError, server.parcel(OLD), lock_seconds=1))

    server.load(NEW, progress=when_half(second))
    assert [error.reason for error in errors] == ["busy"]
    assert server.rows("SELECT COUNT(*) FROM sales") == [(3000,)]


def test_a_statement_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with base_of("postgresql", tmp_path / "staged") as base:
        base.load(OLD)
        base.run(
            "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'"
        )
        base.run("CREATE TRIGGER rest BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION rest()")
        error = failure(base, TransientError, base.parcel(NEW), statement_seconds=0.3)
        assert (error.reason, error.max_attempts) == ("timeout", 2)
        assert is_old(base)


def test_an_sqlite_database_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    connect = sqlite3.dbapi2.connect
    with base_of("sqlite", tmp_path / "staged") as base:
        base.load(OLD)
        monkeypatch.setattr(sqlite3.dbapi2, "connect", small)
        error = failure(base, DeliveryError, base.parcel(NEW))
        monkeypatch.undo()
        assert error.reason == "database-full"
        assert is_old(base)
