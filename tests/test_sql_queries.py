"""Queries in real databases: what they may do, what is said of those that fail, and how they are ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.errors import ReportError, SfrError, TransientError
from sfr.model import Window
from sfr.sources.sql.queries import window_values
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Readings
from tests.sql_databases import KINDS, Paper, carry_out, config_of, csv_of, database_of, records_of

WINDOW = Window("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "Europe/Berlin")
SLOW = {
    "postgresql": "SELECT pg_sleep(60) AS a",
    "mysqlclient": "SELECT SLEEP(60) AS a",
    "pymysql": "SELECT SLEEP(60) AS a",
    "sqlite": "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT sum(a) AS a FROM n",
}
ENDLESS = {
    "postgresql": "SELECT n, repeat('x', 1000) AS x FROM (SELECT generate_series(1, 100000000) AS n) numbers",
    "mysqlclient": "SELECT a.n, REPEAT('x', 1000) AS x FROM t a, t b, t c, t d",
    "pymysql": "SELECT a.n, REPEAT('x', 1000) AS x FROM t a, t b, t c, t d",
    "sqlite": "SELECT a.n, hex(zeroblob(500)) AS x FROM t a, t b, t c, t d",
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    many = ", ".join(f"({number})" for number in range(200))
    with database_of(kind, tmp_path, "CREATE TABLE t (n INT PRIMARY KEY)", f"INSERT INTO t VALUES {many}") as found:
        yield found


def error_of(url: str, query: str, **params: object) -> SfrError:
    with pytest.raises(SfrError) as raised:
        csv_of(config_of(url), query, **params)
    return raised.value


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES (1000)",
        "DELETE FROM t",
        "CREATE TABLE u (a INT)",
        "CREATE TEMPORARY TABLE u (a INT)",
        "DROP TABLE t",
        "WITH x AS (SELECT 1 AS a) DELETE FROM t",
        "COMMIT",
        "SELECT 1 AS a; DROP TABLE t",
    ],
)
def test_what_writes_is_refused_and_changes_nothing(url: str, statement: str) -> None:
    assert isinstance(error_of(url, statement), ReportError)
    assert records_of(config_of(url), "SELECT COUNT(*) AS n, MAX(n) AS m FROM t") == [("200", "199")]


def test_a_function_that_writes_is_refused_by_the_transaction(tmp_path: Path) -> None:
    writes = "CREATE FUNCTION w() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING n'"
    with database_of("postgresql", tmp_path, "CREATE TABLE t (n INT)", writes) as url:
        assert error_of(url, "SELECT w() AS a").reason == "read-only"


def test_an_error_says_where_it_is_and_no_value_of_a_parameter(url: str, kind: str) -> None:
    error = error_of(url, "SELECT n FROM t\n  WHERE n IN :many\n  AND nowhere = :v", many=[1, 2, 3], v="geheim-Wert")
    assert isinstance(error, ReportError)
    assert error.reason == "sql"
    assert "nowhere" in error.message
    assert error.message.startswith("input/test.sql")
    if kind == "postgresql":
        assert error.message.startswith("input/test.sql, line 3, column 7: ")
    broken = error_of(url, "SELECT n FROM t WHERE n = :v oops (", v="geheim-Wert")
    assert "geheim" not in broken.message


def test_two_columns_of_one_name_are_refused_by_name(url: str) -> None:
    error = error_of(url, "SELECT n AS a, n AS b, n AS a FROM t")
    assert error.message == "input/test.sql: two columns are called a"


def test_a_parameter_without_a_value_is_told(url: str) -> None:
    assert error_of(url, "SELECT n FROM t WHERE n = :which").message == "input/test.sql: :which has no value"


@pytest.mark.parametrize("whole", [True, False])
def test_a_query_that_takes_too_long_is_ended_and_tried_again_at_most_once(url: str, kind: str, whole: bool) -> None:
    config = config_of(url, statement_seconds=0.3)
    read = csv_of if whole else records_of
    with pytest.raises(TransientError) as raised:
        read(config, SLOW[kind])
    assert raised.value.reason == "timeout"
    assert raised.value.max_attempts == 2
    assert "statement_seconds" in raised.value.remedy


def test_a_waiting_query_ends_when_it_is_aborted(url: str, kind: str) -> None:
    readings = Readings()
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            with readings.open(config_of(url)) as reading:
                reading.write_csv(Query(SLOW[kind]), Paper())
        except SfrError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while thread.is_alive():
        readings.abort()
        thread.join(0.1)
    assert [(type(error), error.reason) for error in ended if isinstance(error, SfrError)] == [
        (TransientError, "aborted")
    ]


def test_a_reading_that_is_left_early_ends_at_once(url: str, kind: str) -> None:
    with Readings().open(config_of(url)) as reading:
        batches = reading.batches(Query(ENDLESS[kind]))
        assert reading.columns == ("n", "x")
        assert next(batches)


def test_a_full_disk_while_rows_come_ends_it_with_that_error(url: str, kind: str) -> None:
    class Full(Paper):
        def write(self, data: bytes) -> int:
            if len(self.data) > 1_000_000:
                raise SfrError("the disk is full", reason="delivery")
            return super().write(data)

    with pytest.raises(SfrError, match="disk is full"), Readings().open(config_of(url)) as reading:
        reading.write_csv(Query(ENDLESS[kind]), Full())


class Killer(Paper):
    """When the first rows have come, an administrator ends the connection with that number."""

    def __init__(self, url: str, number: str | None) -> None:
        super().__init__()
        self._url, self._number, self._rows = url, number, 0

    def write(self, data: bytes) -> int:
        self._rows += len(data) > 1000
        if self._rows == 1:
            end = "SELECT pg_terminate_backend({})" if "postgresql" in self._url else "KILL CONNECTION {}"
            carry_out(self._url, end.format(self._number))
        return len(data)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("kind", ["postgresql", "mysqlclient", "pymysql"])
def test_a_database_that_goes_away_in_the_middle_is_no_end(url: str, kind: str, whole: bool) -> None:
    mine = "SELECT pg_backend_pid() AS id" if kind == "postgresql" else "SELECT CONNECTION_ID() AS id"

    def read_all() -> None:
        with Readings().open(config_of(url)) as reading:
            [[(number,)]] = reading.batches(Query(mine))
            killer = Killer(url, number)
            if whole:
                reading.write_csv(Query(ENDLESS[kind]), killer)
            for batch in reading.batches(Query(ENDLESS[kind])):
                killer.write(str(batch).encode())

    with pytest.raises(TransientError) as raised:
        read_all()
    assert raised.value.reason in ("connection", "cancelled")


def test_all_queries_of_one_reading_see_the_same_state(url: str, kind: str) -> None:
    if kind == "sqlite":
        carry_out(url, "PRAGMA journal_mode = WAL")  # else nobody could write beside a reader
    with Readings().open(config_of(url)) as reading:
        before = list(reading.batches(Query("SELECT COUNT(*) AS n FROM t")))
        carry_out(url, "INSERT INTO t VALUES (1000)")
        assert list(reading.batches(Query("SELECT COUNT(*) AS n FROM t"))) == before


@pytest.mark.parametrize("zone", ["UTC", "+05:30", "-03:00"])
def test_the_ends_of_a_window_are_the_same_moments_in_the_zone_of_the_source(url: str, zone: str) -> None:
    config = config_of(url, timezone=zone)
    query = "SELECT :window_start AS a, :window_start_date AS c, :window_end_date AS d"
    [(start, first, behind)] = records_of(config, query, **window_values(WINDOW, config))
    shown = {"UTC": "2026-03-28 23:00:00", "+05:30": "2026-03-29 04:30:00", "-03:00": "2026-03-28 20:00:00"}
    assert str(start)[:19] == shown[zone]
    assert (first, behind) == ("2026-03-29", "2026-03-30")


def test_a_zone_that_mysql_does_not_know_is_refused_and_not_guessed(tmp_path: Path) -> None:
    """A server without the tables of zones; an offset in their place would be wrong for half of the year."""
    with database_of("pymysql", tmp_path) as url:
        config = config_of(url, timezone="Antarctica/Troll")
        known = records_of(config_of(url), "SELECT CONVERT_TZ('2026-07-01', 'UTC', 'Antarctica/Troll') AS a") != [
            (None,)
        ]
        if known:
            assert records_of(config, "SELECT 1 AS a") == [("1",)]
            return
        with pytest.raises(ReportError) as raised, Readings().open(config):
            pass
    assert raised.value.reason == "timezone"


def test_moments_of_postgresql_keep_their_zone(tmp_path: Path) -> None:
    with database_of("postgresql", tmp_path) as url:
        config = config_of(url, timezone="Europe/Berlin")
        [(start, end)] = records_of(
            config, "SELECT :window_start AS a, :window_end AS b", **window_values(WINDOW, config)
        )
    assert (start, end) == ("2026-03-29 00:00:00+01", "2026-03-30 00:00:00+02")


def test_the_last_day_of_a_window_that_ends_within_a_day_belongs_to_its_dates() -> None:
    window = Window("2026-03-28T12:00:00+00:00", "2026-03-29T12:00:00+00:00", "UTC")
    values = window_values(window, config_of("postgresql://h/d"))
    assert [str(values[f"window_{end}_date"]) for end in ("start", "end")] == ["2026-03-28", "2026-03-30"]
