"""The history's address: servers that drop, lock or refuse, addresses that are wrong, several processes at a start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from sfr.errors import ConfigError
from sfr.history import History, HistoryBusy
from sfr.model import Status
from tests.histories import good, heard, outcomes, own_database, process, queued, sqlite_url
from tests.history_programs import open_new

pytest_plugins = ("tests.history_fixtures",)

PASSWORD = "not-the-password"
CONNECTIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


@pytest.fixture(params=["postgresql", "mysql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str) -> Iterator[str]:
    with own_database(kind) as address:
        yield address


@pytest.fixture
def outside(url: str) -> Iterator[Engine]:
    """Somebody else at the same database."""
    engine = create_engine(url)
    yield engine
    engine.dispose()


def test_a_connection_that_the_server_dropped_is_made_anew(history: History, kind: str, outside: Engine) -> None:
    queued(history)
    with outside.connect() as connection:
        for number in connection.scalars(text(CONNECTIONS[kind])).all():
            connection.execute(text(KILL[kind].format(number)))
    assert len(history.claim("r1", 3, 60, 500.0)) == 3


def test_a_locked_row_says_busy_and_works_after_the_release(url: str, outside: Engine) -> None:
    with closing(History(url, owner="me", busy_timeout_seconds=0.1)) as history:
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        with outside.begin() as connection:
            connection.execute(text("UPDATE sfr_jobs SET deaths = deaths"))
            with pytest.raises(HistoryBusy, match="does not answer as it should"):
                history.settle([good(job)])
        history.settle([good(job)])
        assert outcomes(history) == [good(job)]


def test_a_job_locked_by_somebody_else_is_passed_over(history: History, outside: Engine) -> None:
    queued(history, count=2)
    with outside.begin() as connection:
        connection.execute(text("SELECT id FROM sfr_jobs WHERE id = 'r1-00001' FOR UPDATE"))
        assert [job.number for job in history.claim("r1", 2, 60, 500.0)] == [2]
    assert [job.number for job in history.claim("r1", 2, 60, 500.0)] == [1]


def test_a_migration_that_was_cut_off_is_taken_up_again(url: str, outside: Engine) -> None:
    History(url, owner="me").close()
    with outside.begin() as connection:
        for statement in ("DELETE FROM sfr_schema_version", "DROP TABLE sfr_attempts"):
            connection.execute(text(statement))
    with closing(History(url, owner="me")) as history:
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        history.settle([good(job)])
        assert outcomes(history) == [good(job)]


def test_a_missing_database_is_named_without_the_password(url: str, kind: str) -> None:
    missing = make_url(url).set(database="sfr_never_made", password=PASSWORD if kind == "postgresql" else None)
    with pytest.raises(ConfigError, match="sfr_never_made does not answer as it should") as caught:
        History(missing.render_as_string(hide_password=False), owner="me")
    assert "database in SFR_DATABASE_URL" in caught.value.remedy
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"


def test_a_refused_login_is_told_without_the_password(url: str) -> None:
    refused = make_url(url).set(username="sfr_nobody", password=PASSWORD)
    with pytest.raises(ConfigError, match="sfr_nobody") as caught:
        History(refused.render_as_string(hide_password=False), owner="me")
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"


def test_a_server_that_is_not_there_is_told_without_the_password(kind: str) -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9/reports does not answer as it should") as caught:
        History(f"{kind}://me:{PASSWORD}@127.0.0.1:9/reports?connect_timeout=5", owner="me")
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("address", [f"me:{PASSWORD}@host", f"postgresql://me:{PASSWORD}@host:port/db", ""])
def test_an_address_that_cannot_be_read_is_not_shown(address: str) -> None:
    with pytest.raises(ConfigError, match="SFR_DATABASE_URL is not a database address") as caught:
        History(address, owner="me")
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"


def test_a_missing_driver_says_what_to_install(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, {"postgresql": "psycopg", "mysql": "pymysql"}[kind], None)
    with pytest.raises(ConfigError, match=r"needs the package .* which is not installed") as caught:
        History(f"{kind}://me@host/db", owner="me")
    package = {"postgresql": "psycopg[binary]", "mysql": "pymysql[rsa]"}[kind]
    assert caught.value.remedy == f'Install it: python -m pip install "{package}"'


def test_an_option_that_the_driver_does_not_know_is_named(kind: str) -> None:
    with pytest.raises(ConfigError, match="colour"):
        History(f"{kind}://me@127.0.0.1:9/reports?colour=red", owner="me")


def test_an_unknown_kind_of_database_is_named() -> None:
    with pytest.raises(ConfigError, match="the database driver cobol is not installed"):
        History("cobol://host/db", owner="me")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["sqlite", "postgresql", "mysql"])
def test_processes_that_start_at_once_make_one_history(where: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = sqlite_url(tmp_path / "h.db") if where == "sqlite" else stack.enter_context(own_database(where))
        pipes = [stack.enter_context(process(open_new, url, f"p{number}"))[1] for number in range(6)]
        assert [heard(pipe) for pipe in pipes] == ["ready"] * 6
        for pipe in pipes:
            pipe.send("go")
        assert [heard(pipe) for pipe in pipes] == [None] * 6
        with closing(History(url, owner="me")) as history:
            assert {run.id: counts for run, counts in history.runs()} == {
                f"p{number}": {Status.QUEUED: 1} for number in range(6)
            }
