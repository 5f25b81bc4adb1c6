"""What the tests of SQL sources share: databases of each kind with each driver, and what is read out of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Readings, Record
from tests.histories import own_database
from tests.services import require

KINDS = (
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("postgresql", "mysqlclient", "pymysql")),
    pytest.param("sqlite"),
)
NULL = "\\N"


@contextmanager
def database_of(kind: str, folder: Path, *statements: str) -> Iterator[str]:
    """The address of a new database of that kind, in which the statements were carried out."""
    if kind == "mysqlclient":
        require(available=has_mysqlclient(), reason="the package mysqlclient")
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'test.db'}"
        Path(folder / "test.db").touch()
        carry_out(url, *statements)
        yield url
        return
    with own_database("postgresql" if kind == "postgresql" else "mysql") as server:
        carry_out(server, *statements)
        driver = {"postgresql": "postgresql", "mysqlclient": "mysql+mysqldb", "pymysql": "mysql+pymysql"}[kind]
        yield make_url(server).set(drivername=driver, query={}).render_as_string(hide_password=False)


def has_mysqlclient() -> bool:
    try:
        import MySQLdb  # noqa: F401
    except ImportError:
        return False
    return True


def carry_out(url: str, *statements: str) -> None:
    """As somebody who may write."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def execute(url: str, statement: str, **values: Any) -> None:
    """One statement with values, as somebody who may write."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def config_of(url: str, **settings: Any) -> SqlConfig:
    return SqlConfig.model_validate({"url": url, **settings})


class Paper:
    """Something to write into."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def csv_of(config: SqlConfig, query: str, null: str = "", **params: Any) -> bytes:
    """What is written the quickest way."""
    paper = Paper()
    with Readings().open(config) as reading:
        records = reading.write_csv(Query(query, params, "input/test.sql"), paper, null)
    assert records >= 0
    return paper.data


def general_csv_of(config: SqlConfig, query: str, null: str = "") -> bytes:
    """What is written in the way that every database can go."""
    paper = Paper()
    with Readings().open(config) as reading:
        reading._run(Query(query))
        reading._write(Query(query), paper, null)
    return paper.data


def records_of(config: SqlConfig, query: str, **params: Any) -> list[Record]:
    with Readings().open(config) as reading:
        return [record for batch in reading.batches(Query(query, params, "input/test.sql")) for record in batch]
