"""Keys find each other between a real PostgreSQL and a real MySQL or MariaDB, whatever their columns' types are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from sfr.connector import Session, Tools
from sfr.errors import ReportError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.source import Sql
from tests.histories import own_database
from tests.joining import Kept, Sources

KEYS = ("1", "23", "400", "9007199254740993", "77")  # the fourth is no number of a float
TYPES = {
    "postgresql": ("integer", "bigint", "numeric(20,2)", "varchar(40)", "char(24)", "text"),
    "mysql": ("int", "bigint", "decimal(20,2)", "varchar(40)", "char(24)", "text"),
}


class Servers:
    """A database on each server, with a table for each type of a key."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls
        self.configs = {name: SqlConfig(url=url) for name, url in urls.items()}
        for name, url in urls.items():
            engine = create_engine(url)
            with engine.begin() as connection:
                for number, kind in enumerate(TYPES[name]):
                    keys = [key for key in KEYS if kind not in ("integer", "int") or len(key) < 10]
                    connection.execute(text(f"CREATE TABLE k{number} (k {kind}, v varchar(40))"))
                    values = ", ".join(f"('{key}', '{name} {key}')" for key in keys)
                    connection.execute(text(f"INSERT INTO k{number} VALUES {values}, (NULL, 'nothing')"))
            engine.dispose()

    def fetch(self, own: str, other: str, **options: Any) -> list[tuple[str, ...]]:
        """The rows of a report that begins at `own` and looks up at `other`."""
        sources = Sources.__new__(Sources)
        sources.configs = {"people": self.configs[own], "school": self.configs[other]}
        return sources.fetch(**options).rows


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with own_database("postgresql") as postgresql, own_database("mysql") as mysql:
        yield Servers({"postgresql": postgresql, "mysql": mysql})


@pytest.mark.parametrize(("own", "other"), [("postgresql", "mysql"), ("mysql", "postgresql")])
@pytest.mark.parametrize("own_type", range(6))
@pytest.mark.parametrize("other_type", range(6))
def test_a_key_finds_its_equal_of_another_type(
    servers: Servers, own: str, other: str, own_type: int, other_type: int
) -> None:
    decimals = 2 in (own_type, other_type)  # with two places each
    found = servers.fetch(
        own,
        other,
        query=f"SELECT k, v FROM k{own_type}" + (" WHERE v NOT LIKE '%9007%'" if other_type == 0 else ""),
        lookups=[
            {
                "source": "school",
                "query": f"SELECT k AS id, v AS found FROM k{other_type} WHERE k IN :keys",
                "on": {"k": "id"},
                "match": "number" if decimals else "text",
                "join": "inner",
                "batch": 2,
            }
        ],
    )
    # A key that a column's type cannot hold is an error of PostgreSQL's, so none is asked for.
    keys = [key for key in KEYS if 0 not in (own_type, other_type) or len(key) < 10]
    assert sorted(row[1:] for row in found) == sorted((f"{own} {key}", f"{other} {key}") for key in keys)


def test_a_wrong_password_of_the_other_database_costs_only_this_report(servers: Servers) -> None:
    wrong = make_url(servers.urls["mysql"]).set(username="nobody_here", password="wrong-for-sure")
    configs = {"school": SqlConfig(url=wrong.render_as_string(hide_password=False))}
    tools = Tools("people", lambda: Session("", 1), config_of=configs.__getitem__)
    sources = Sources.__new__(Sources)
    sources.configs = {}
    lookup = {"source": "school", "query": "SELECT k AS id FROM k0 WHERE k IN :keys", "on": {"k": "id"}}
    report = sources.report(query="SELECT k FROM k0", lookups=[lookup])
    with pytest.raises(ReportError, match=r"lookup 1 \(school\)") as raised:
        Sql(servers.configs["postgresql"], tools).fetch(report, Kept())
    assert "wrong-for-sure" not in str(raised.value)
