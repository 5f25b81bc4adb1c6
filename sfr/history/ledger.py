"""Knows the ledger: one row for every file that lies at a place, written with the outcome that put it there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Double,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    bindparam,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from sfr.model import Delivered, Outcome, Report

NAME = "reports_generated"

_long = Text().with_variant(LONGTEXT(), "mysql")
# The first six are those of the report generators that people had before, and their programs read them.
ledger = Table(
    NAME,
    MetaData(),
    Column("report_id", Uuid(as_uuid=True), primary_key=True),
    Column("s3_object_key", _long, nullable=False),
    Column("s3_bucket", String(255), nullable=False),
    Column("report_date", Date, nullable=False),
    Column("report_type", String(255), nullable=False),
    Column("download_link", _long, nullable=False),
    # Without a value in rows of those programs.
    Column("link_expires_at", Double),
    Column("location", _long),
    Column("destination", String(255)),
    Column("report_name", _long),
    Column("source", String(255)),
    Column("run_id", String(100)),
    Column("job_id", String(120)),
    Column("records", BigInteger),
    Column("bytes", BigInteger),
    Column("sha256", String(64)),
    Column("delivered_at", Double),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)


def create(connection: Connection) -> None:
    """Make sure that the table is there with all its columns, also where somebody else's of that name was before."""
    ledger.create(connection, checkfirst=True)
    there = {column["name"] for column in inspect(connection).get_columns(NAME)}
    for column in ledger.columns:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {NAME} ADD COLUMN {column.name} {kind}"))


def report_id(delivered: Delivered) -> uuid.UUID:
    """The same for whatever is delivered to that very place, so that a run that replaces it updates its row.

    Two servers may each have a bucket of one name, which only the names of the destinations tell apart."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{delivered.destination}\n{delivered.location}")


def write(connection: Connection, ended: Iterable[tuple[str, Report, Outcome]], zone: str) -> None:
    """A row for each file that these jobs (run, report, outcome) delivered, in the transaction that writes down their
    outcomes: the file is there before its row is. `zone` is that of the day the report is of."""
    rows = {row["report_id"]: row for run_id, report, outcome in ended for row in _rows(run_id, report, outcome, zone)}
    if not rows:
        return
    values = list(rows.values())
    changing = [column.name for column in ledger.columns if column.name != "report_id"]
    if connection.dialect.name == "mysql":
        adding = mysql_insert(ledger)
        connection.execute(adding.on_duplicate_key_update({name: adding.inserted[name] for name in changing}), values)
        return
    upsert: Any = (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(ledger)
    replacing = {name: upsert.excluded[name] for name in changing}
    connection.execute(upsert.on_conflict_do_update(index_elements=["report_id"], set_=replacing), values)


def renew_links(connection: Connection, renewed: Iterable[Delivered]) -> None:
    """Write down new links of files that are known."""
    rows = [{"its_id": report_id(each), "new_link": each.link, "new_end": each.link_expires_at} for each in renewed]
    if rows:
        new: dict[str, Any] = {"download_link": bindparam("new_link"), "link_expires_at": bindparam("new_end")}
        connection.execute(update(ledger).where(ledger.c.report_id == bindparam("its_id")).values(new), rows)


def replaced(connection: Connection, outcome: Outcome) -> frozenset[str]:
    """Where files of this outcome lay that a later job has replaced."""
    ids = {report_id(each): each.location for each in outcome.deliveries}
    found = connection.execute(select(ledger.c.report_id, ledger.c.job_id).where(ledger.c.report_id.in_(ids)))
    return frozenset(ids[row.report_id] for row in found if row.job_id not in (None, outcome.job_id))


def _rows(run_id: str, report: Report, outcome: Outcome, zone: str) -> Iterator[dict[str, Any]]:
    ended_at = outcome.finished_at or 0.0
    kind = report.type if report.type != "report" else PurePath(report.name).stem
    for each in outcome.deliveries:
        yield {
            "report_id": report_id(each),
            "s3_object_key": each.key or each.location,
            "s3_bucket": each.bucket[:255],
            "report_date": datetime.fromtimestamp(ended_at, ZoneInfo(zone)).date(),
            "report_type": kind[:255],
            "download_link": each.link,
            "link_expires_at": each.link_expires_at,
            "location": each.location,
            "destination": each.destination[:255],
            "report_name": report.name,
            "source": report.source[:255],
            "run_id": run_id,
            "job_id": outcome.job_id,
            "records": each.records,
            "bytes": each.bytes,
            "sha256": each.sha256,
            "delivered_at": ended_at,
        }
