"""What databases hold comes out exactly, the same by the quickest way and by the one that every database can go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.sources.sql.other_databases import OtherDatabase
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Reading
from tests.sql_databases import KINDS, Paper, config_of, csv_of, database_of, execute, general_csv_of, records_of

TEXTS = (
    "plain",
    "",
    "a,b",
    'say "hi"',
    "two\nlines",
    "\r",
    " x ",
    "\\N",
    "\\.",
    "'; --",
    "%s %",
    "é😀漢",
    "a\tb",
    "\\n",
    ":x",
)

POSTGRESQL = """
SELECT 1.10::numeric AS d, 1e-7::numeric AS small, 'NaN'::numeric AS nan, 123456789012345678901234567890.123::numeric AS
large, 0.1::float8 + 0.2 AS f8, 0.1::real AS f4, 'infinity'::float8 AS inf, 9223372036854775807 AS big, true AS yes,
'\\xdeadbeef'::bytea AS bytes, '{"b": 1,  "a": null}'::json AS j, '{"b": 1, "a": [1.0]}'::jsonb AS jb,
ARRAY['a,b', NULL, 'NULL', '"'] AS list, TIMESTAMPTZ '2026-03-29 00:59:59.5+00' AS at, TIMESTAMP '0044-03-15 BC' AS bc,
DATE '9999-12-31' AS far, 'infinity'::timestamp AS never, INTERVAL '1 mon -2 days 03:04:05.6' AS span, TIME '24:00' AS
midnight, '10.0.0.1/8'::inet AS ip, int4range(1, 5) AS range, point(1, 2) AS p, 'a'::"char" AS c,
'x '::char(3) AS padded, NULL::int AS missing, '' AS empty, B'101' AS bits, '{}'::int[] AS none,
ROW(1, 'a b', NULL) AS record
"""
MYSQL = """
SELECT CAST(1.10 AS DECIMAL(12, 2)) AS d, CAST(12345678901234567890.123456789 AS DECIMAL(40, 9)) AS large,
CAST(0.1 AS DOUBLE) + CAST(0.2 AS DOUBLE) AS f, 18446744073709551615 AS big, x'deadbeef' AS bytes, b'101' + 0 AS five,
TIMESTAMP '2026-03-29 00:59:59.500000' AS at, DATE '9999-12-31' AS far, TIME '-838:59:59' AS span,
JSON_OBJECT('a', 1) AS j, NULL AS missing, '' AS empty, _utf8mb4'é😀' COLLATE utf8mb4_bin AS bin, TRUE AS yes
"""
SQLITE = """
SELECT 9223372036854775807 AS big, 0.1 + 0.2 AS f, 1e300 * 10 AS large, 1.0 AS one, x'deadbeef' AS bytes,
NULL AS missing, '' AS empty, 'a,b' AS comma
"""


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    create = "CREATE TABLE t (n INT PRIMARY KEY, a VARCHAR(200), b VARCHAR(200))"
    if request.param in ("mysqlclient", "pymysql"):
        create += " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    with database_of(request.param, tmp_path, create) as found:
        yield found


def test_texts_and_nulls_come_out_as_they_are(url: str) -> None:
    values: list[str | None] = [*TEXTS, None]
    for number, value in enumerate(values):
        execute(url, "INSERT INTO t VALUES (:n, :a, :b)", n=number, a=value, b=None)
    config = config_of(url)
    query = "SELECT n, a, b FROM t ORDER BY n"
    assert records_of(config, query) == [(str(number), value, None) for number, value in enumerate(values)]
    for null in ("", "\\N"):
        assert csv_of(config, query, null) == general_csv_of(config, query, null)
        assert csv_of(config, "SELECT a FROM t ORDER BY n", null) == general_csv_of(
            config, "SELECT a FROM t ORDER BY n", null
        )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=st.none() | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12))
def test_a_parameter_comes_back_as_it_went(url: str, a: str | None) -> None:
    config = config_of(url)
    query = "SELECT :a AS a, 1 AS b"
    assert records_of(config, query, a=a) == [(a, "1")]
    assert csv_of(config, query, "\\N", a=a).count(b"\\N") == (a is None or (a or "").count("\\N"))


def test_the_general_way_by_sqlalchemy_writes_the_same_of_common_values(url: str) -> None:
    for number, value in enumerate([*TEXTS, None]):
        execute(url, "INSERT INTO t VALUES (:n, :a, :b)", n=number, a=value, b="b")
    execute(url, "CREATE TABLE u (d DECIMAL(30, 10), big BIGINT, day DATE)")
    execute(url, "INSERT INTO u VALUES (0, 9223372036854775807, '2026-02-28'), (NULL, -1, NULL)")
    config = config_of(url)
    queries = ["SELECT n, a, b FROM t ORDER BY n"] + ["SELECT d, big, day FROM u ORDER BY big"] * ("sqlite" not in url)
    for query in queries:
        paper = Paper()
        reading = Reading(OtherDatabase(config), config)
        reading.write_csv(Query(query), paper, "")
        reading.close()
        assert paper.data == csv_of(config, query, "")


def test_postgresql_writes_every_type_itself(tmp_path: Path) -> None:
    with database_of("postgresql", tmp_path) as url:
        config = config_of(url, timezone="Europe/Berlin")
        found = csv_of(config, POSTGRESQL)
        assert found == general_csv_of(config, POSTGRESQL)
    values = dict(zip(found.decode().splitlines()[0].split(","), records_of_line(found), strict=True))
    assert values["d"] == "1.10"
    assert values["f8"] == "0.30000000000000004"
    assert values["f4"] == "0.1"
    assert values["at"] == "2026-03-29 01:59:59.5+01"
    assert values["bytes"] == "\\xdeadbeef"
    assert values["list"] == '{"a,b",NULL,"NULL","\\""}'
    assert values["bc"] == "0044-03-15 00:00:00 BC"
    assert values["never"] == "infinity"


def records_of_line(data: bytes) -> list[str]:
    import csv
    import io

    return list(csv.reader(io.StringIO(data.decode(), newline="")))[1]


@pytest.mark.parametrize("kind", ["mysqlclient", "pymysql"])
def test_mysql_writes_every_type_itself_whatever_the_driver(kind: str, tmp_path: Path) -> None:
    columns = "CREATE TABLE v (bits BIT(9), z INT(5) ZEROFILL, e ENUM('a,b', ''), s SET('x', 'y'), t TINYBLOB, g POINT)"
    values = (
        "INSERT INTO v VALUES (b'100000001', 42, 'a,b', 'x,y', x'00ff', POINT(1, 2)), (NULL, NULL, '', '', '', NULL)"
    )
    with database_of(kind, tmp_path, columns, values) as url:
        config = config_of(url)
        line = dict(
            zip(
                csv_of(config, MYSQL).decode().split("\n")[0].split(","),
                records_of_line(csv_of(config, MYSQL)),
                strict=True,
            )
        )
        types = csv_of(config, "SELECT bits, z, e, s, t, HEX(g) AS g FROM v").decode().splitlines()
    assert line["d"] == "1.10"
    assert line["large"] == "12345678901234567890.123456789"
    assert line["f"] == "0.30000000000000004"
    assert line["big"] == "18446744073709551615"
    assert line["bytes"] == "\\xdeadbeef"
    assert line["at"] == "2026-03-29 00:59:59.500000"
    assert line["span"] == "-838:59:59"
    assert line["bin"] == "é😀"
    assert types[1].startswith('257,00042,"a,b","x,y",\\x00ff,')
    assert types[2] == ',,"","",\\x,'


def test_sqlite_writes_numbers_that_mean_the_same_again(tmp_path: Path) -> None:
    with database_of("sqlite", tmp_path) as url:
        found = csv_of(config_of(url), SQLITE).decode()
    assert found == (
        "big,f,large,one,bytes,missing,empty,comma\n"
        '9223372036854775807,0.30000000000000004,1e+301,1.0,\\xdeadbeef,,"","a,b"\n'
    )


def test_no_records_leave_a_header(url: str) -> None:
    config = config_of(url)
    assert csv_of(config, "SELECT n, a FROM t") == general_csv_of(config, "SELECT n, a FROM t") == b"n,a\n"
    assert records_of(config, "SELECT n, a FROM t") == []


def test_more_than_one_batch_arrives_in_order(url: str) -> None:
    many = 1700
    rows = ", ".join(f"({number}, '{number}', NULL)" for number in range(many))
    execute(url, f"INSERT INTO t VALUES {rows}")
    config = config_of(url)
    assert [record[0] for record in records_of(config, "SELECT n FROM t ORDER BY n")] == [str(n) for n in range(many)]
    assert csv_of(config, "SELECT n FROM t ORDER BY n").split() == [b"n", *(b"%d" % n for n in range(many))]
