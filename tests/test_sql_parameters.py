"""Long lists of values, values that fit no query, texts that no encoding can read: one message each, or all rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sfr.connector import ReferenceProblem, Wanted
from sfr.errors import ReportError
from sfr.sources.sql.source import Sql
from tests.sql_databases import KINDS, config_of, csv_of, database_of, records_of

TABLE = (
    "CREATE TABLE t (id int, name varchar(20))",
    "INSERT INTO t VALUES (1, 'one'), (99999, 'last'), (100001, 'no')",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [int, str])
def test_a_list_of_a_hundred_thousand_values_finds_its_rows(kind: str, form: type, tmp_path: Path) -> None:
    with database_of(kind, tmp_path, *TABLE) as url:
        query = "SELECT name FROM t WHERE id IN :ids AND name <> :other AND id IN (:ids) ORDER BY id"
        ids = [form(number) for number in range(100_000)]
        assert records_of(config_of(url), query, ids=ids, other="x") == [("one",), ("last",)]


@pytest.mark.parametrize("kind", ["mysqlclient", "pymysql"])
def test_more_than_the_server_takes_is_told_and_not_tried_again(kind: str, tmp_path: Path) -> None:
    with database_of(kind, tmp_path, *TABLE) as url:
        [(most,)] = records_of(config_of(url), "SELECT @@max_allowed_packet AS most")
        names = ["x" * 1_000_000] * (int(most or "") // 1_000_000 + 1)
        with pytest.raises(ReportError, match=r"the server at most [\d,]+ \(max_allowed_packet\)"):
            records_of(config_of(url), "SELECT id FROM t WHERE name IN :names", names=names)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "ids is an empty list"),
        ({"a": 1}, "ids is no text, number, true or false, nor a list of such values"),
        ([[1], [2]], "ids is no text, number, true or false, nor a list of such values"),
    ],
)
@pytest.mark.parametrize("in_lookup", [False, True])
def test_a_value_that_no_query_can_take_is_told_once_when_the_list_is_read(
    value: Any, words: str, in_lookup: bool
) -> None:
    query: dict[str, Any] = {"query": "SELECT id FROM t WHERE id IN :ids", "params": {"ids": value}}
    if in_lookup:
        query = {"query": "SELECT 1 AS id", "lookups": [{**query, "on": {"id": "id"}}]}
    with pytest.raises(ReferenceProblem) as raised:
        Sql.read_reference(Wanted("", options=query))
    assert raised.value.message == words or raised.value.message.startswith(f"{words},")


def test_a_text_that_is_not_utf_8_is_refused_with_its_column(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("CREATE TABLE t (a text)")
        database.execute("INSERT INTO t VALUES (CAST(x'61ff62' AS text))")
    config = config_of(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(ReportError, match="UTF-8 column 'a'"):
        csv_of(config, "SELECT a FROM t")
    assert csv_of(config, "SELECT CAST(a AS blob) AS a FROM t") == b"a\n\\x61ff62\n"
