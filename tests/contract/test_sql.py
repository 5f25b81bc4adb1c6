from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sfr.connector import Session, Tools
from sfr.model import Report
from sfr.sources.sql.source import Sql
from sfr.testing import Case, SourceContract
from sfr.testing.tray import Tray
from tests.sql_databases import config_of, database_of

TABLE = "CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(50), note VARCHAR(50))"
ROWS = "INSERT INTO orders VALUES (1, 'Miller, Smith', NULL), (2, 'Müller', ''), (3, 'a \"b\"', 'x')"
QUERY = "SELECT id, customer, note FROM orders ORDER BY id"
EXPECTED = 'id,customer,note\n1,"Miller, Smith",\n2,Müller,""\n3,"a ""b""",x\n'.encode()
# The time-out of the operating system for connections must not be waited for.
QUICK = {"connect_seconds": 2}


class TestPostgreSql(SourceContract):
    connector = Sql
    kind = "postgresql"

    @pytest.fixture(autouse=True)
    def serve(self, tmp_path: Path) -> Iterator[None]:
        with database_of(self.kind, tmp_path, TABLE, ROWS) as self.url:
            yield

    def case(self, query: str = QUERY, url: str = "", ref: str = "query") -> Case:
        return Case(
            config_of(url or self.url, **QUICK), Report("a.csv", ref, "sql", options={"query": query}), EXPECTED
        )

    def good(self) -> Case:
        return self.case()

    def missing(self) -> Case:
        return self.case("SELECT id FROM nowhere")

    def listing(self) -> Case:
        return self.case()

    def dead_session(self) -> Case | None:
        """An account that is not there, or whose password is wrong."""
        wrong = make_url(self.url).set(username="sfr_nobody", password="a-wrong-5ecret")
        return self.case(url=wrong.render_as_string(hide_password=False))

    def silent(self, url: str) -> Case | None:
        port = int(url.rpartition(":")[2])
        nobody = make_url(self.url).set(port=port, host="127.0.0.1")
        return self.case(url=nobody.render_as_string(hide_password=False))


class TestMySql(TestPostgreSql):
    kind = "pymysql"


class TestMySqlClient(TestMySql):
    kind = "mysqlclient"


class TestSqlite(TestPostgreSql):
    kind = "sqlite"

    def dead_session(self) -> Case | None:
        return None

    def silent(self, url: str) -> Case | None:
        return None


def test_a_table_is_fetched_by_its_name(tmp_path: Path) -> None:
    with database_of("sqlite", tmp_path, TABLE, ROWS) as url:
        tray = Tray()
        source = Sql(config_of(url), Tools("db", lambda: Session("", 1)))
        fetched = source.fetch(Report("a.csv", "table:orders", "sql"), tray)
    assert (fetched.records, bytes(tray.data)) == (3, EXPECTED)
