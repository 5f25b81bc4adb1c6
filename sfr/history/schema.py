"""Knows the tables of the history, and how an older history becomes today's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.mysql import LONGTEXT

from sfr.errors import ConfigError
from sfr.history import ledger

LAST_GOOD_INDEX = "sfr_jobs_last_good"

_metadata = MetaData()
_long = Text().with_variant(LONGTEXT(), "mysql")  # TEXT ends at 64 kB there
_mysql: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _text(name: str) -> Column[str]:
    return Column(name, _long, nullable=False)


# The prefix keeps out of the way of others in a shared database.
schema_version = Table(
    "sfr_schema_version",
    _metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Double, nullable=False),
    **_mysql,
)

runs = Table(
    "sfr_runs",
    _metadata,
    Column("id", String(100), primary_key=True),
    Column("started_at", Double, nullable=False),
    _text("list_name"),
    _text("output"),
    Column("pid", BigInteger, nullable=False),
    _text("host"),
    Column("finished_at", Double),
    Column("exit_code", Integer),
    Index("sfr_runs_by_start", "started_at"),
    **_mysql,
)

jobs = Table(
    "sfr_jobs",
    _metadata,
    Column("id", String(120), primary_key=True),
    Column("run_id", String(100), nullable=False),
    Column("number", Integer, nullable=False),
    # What the report was, whole; name, ref and source once more for people who ask in SQL.
    _text("report"),
    _text("name"),
    _text("ref"),
    _text("source"),
    # Hash of what makes tomorrow's report the same one as today's.
    Column("report_key", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    # Who has the job; empty while nobody ever had it or it was given back.
    Column("owner", String(200), nullable=False),
    # May be claimed from this moment on: 0 while queued, a time while running, NULL when it has ended.
    Column("lease_until", Double),
    Column("deaths", Integer, nullable=False),
    # When the job ended well; NULL when it did not.
    Column("good_at", Double),
    _text("location"),
    Column("bytes", BigInteger, nullable=False),
    Column("records", BigInteger),
    _text("columns"),
    Column("sha256", String(64), nullable=False),
    Column("proof", String(20), nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    _text("scope"),
    _text("reason"),
    _text("error"),
    _text("remedy"),
    _text("warnings"),
    # Since schema 3, so without a value in older rows.
    Column("others", _long),
    Column("validator", _long),
    # Since schema 4.
    Column("deliveries", _long),
    Index("sfr_jobs_in_order", "run_id", "number", unique=True),
    Index("sfr_jobs_by_lease", "run_id", "lease_until", "number"),
    Index(LAST_GOOD_INDEX, "report_key", "good_at"),
    **_mysql,
)

attempts = Table(
    "sfr_attempts",
    _metadata,
    Column("run_id", String(100), primary_key=True),
    Column("job_number", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("waited_seconds", Double, nullable=False),
    Column("server_seconds", Double, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    _text("reason"),
    _text("error"),
    _text("request_id"),
    **_mysql,
)


def _create_tables(connection: Connection) -> None:
    _metadata.create_all(connection)
    for table in _metadata.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _index_last_good(connection: Connection) -> None:
    next(index for index in jobs.indexes if index.name == LAST_GOOD_INDEX).create(connection, checkfirst=True)


def _add_others_and_validator(connection: Connection) -> None:
    _add_to_jobs(connection, jobs.c.others, jobs.c.validator)


def _add_deliveries_and_ledger(connection: Connection) -> None:
    _add_to_jobs(connection, jobs.c.deliveries)
    ledger.create(connection)


def _add_to_jobs(connection: Connection, *columns: Column[Any]) -> None:
    there = {column["name"] for column in inspect(connection).get_columns(jobs.name)}
    for column in columns:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {jobs.name} ADD COLUMN {column.name} {kind}"))


# Append only. The tables above are today's; each step makes sure that what it adds is there, whether the database
# is new, old, or was left half-way (MariaDB commits every CREATE by itself). Nothing is ever dropped or renamed.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _create_tables,
    _index_last_good,
    _add_others_and_validator,
    _add_deliveries_and_ledger,
)


def is_current(connection: Connection, place: str) -> bool:
    """Whether nothing has to be migrated; ConfigError where a newer sfr has been at it."""
    return _version(connection, place) == len(MIGRATIONS)


def migrate(connection: Connection, place: str) -> None:
    """Carry the database forward to today's tables, within the caller's write transaction."""
    with _one_at_a_time(connection):
        version = _version(connection, place)
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            step(connection)
            connection.execute(insert(schema_version).values(version=number, applied_at=time.time()))


def _version(connection: Connection, place: str) -> int:
    if not inspect(connection).has_table(schema_version.name):
        return 0
    version = int(connection.scalar(select(func.max(schema_version.c.version))) or 0)
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"history {place} has schema {version}, this sfr knows schemas up to {len(MIGRATIONS)}",
            remedy="update sfr, or choose another place with SFR_DATABASE_URL",
        )
    return version


@contextmanager
def _one_at_a_time(connection: Connection) -> Iterator[None]:
    """Two processes that start at once must not both create the tables; SQLite's write transaction sees to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('sfr history'))"))
    if connection.dialect.name != "mysql":
        yield
        return
    connection.execute(text("SELECT GET_LOCK('sfr history', 30)"))
    try:
        yield
        connection.execute(text("COMMIT"))  # the next one must see it before this lock is gone
    finally:
        connection.execute(text("SELECT RELEASE_LOCK('sfr history')"))
