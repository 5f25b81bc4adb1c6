"""Puts records into the rows that have the same key, and adds the others; also counts what goes in."""

from __future__ import annotations

from collections.abc import Sequence

from sfr.connector import Parcel
from sfr.destinations.table.columns import Column
from sfr.destinations.table.database import RECORD_NUMBER, TableDatabase
from sfr.destinations.table.naming import TableName, listed
from sfr.destinations.table.records import Records
from sfr.errors import DeliveryError, InvalidReport

_EXAMPLES = 3
_LONGEST_SHOWN = 60


def filled(database: TableDatabase, parcel: Parcel, target: TableName, columns: Sequence[Column]) -> int:
    """Add all records of a parcel to `target`; returns how many. Raises DeliveryError unless these are all."""
    records = Records(parcel, columns, database.forms)
    return _all_of(parcel, database.fill(target, records))


def check_identity(parcel: Parcel, columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns whose values tell a row. Raises DeliveryError where there are none, or not all of them."""
    names = {column.name for column in columns}
    if not parcel.identity:
        raise _wrong_identity("update=upsert needs columns that tell one row from another")
    if missing := [repr(name) for name in parcel.identity if name not in names]:
        raise _wrong_identity(f"the report has no column {listed(missing)}, which shall tell one row from another")
    return tuple(dict.fromkeys(parcel.identity))


def upsert(
    database: TableDatabase, parcel: Parcel, target: TableName, columns: Sequence[Column], identity: Sequence[str]
) -> int:
    """Bring the records of a parcel into `target`, by way of a passing table; returns how many.

    Raises InvalidReport, with key and records, where two records have the same key or one has none.
    """
    passing = database.passing(target, columns)
    count = filled(database, parcel, passing, columns)
    _check_keys(database, passing, identity)
    return _all_of(parcel, database.merge(passing, target, columns, identity), count)


def _check_keys(database: TableDatabase, passing: TableName, identity: Sequence[str]) -> None:
    rules = database.rules
    table = rules.table(passing)
    missing = " OR ".join(f"{rules.quoted(name)} IS NULL" for name in identity)
    without = database.run(f"SELECT MIN({RECORD_NUMBER}), COUNT(*) FROM {table} WHERE {missing}")[0]
    if without[1]:
        raise _wrong_key(
            f"record {_record(database, passing, without[0]):,} has no value in {' or '.join(identity)}, "
            f"and so no key to be found by{_more(without[1] - 1, 'record', 'records')}"
        )
    keys = rules.listed(identity)
    twice = database.run(
        f"SELECT {keys}, MIN({RECORD_NUMBER}), MAX({RECORD_NUMBER}) FROM {table} GROUP BY {keys} "
        f"HAVING COUNT(*) > 1 ORDER BY MIN({RECORD_NUMBER}) LIMIT {_EXAMPLES + 1}"
    )
    if twice:
        told = []
        for *values, first, last in twice[:_EXAMPLES]:
            key = ", ".join(
                f"{name}={str(value)[:_LONGEST_SHOWN]!r}" for name, value in zip(identity, values, strict=True)
            )
            told.append(
                f"{key} (records {_record(database, passing, first):,} and {_record(database, passing, last):,})"
            )
        more = " and others" if len(twice) > _EXAMPLES else ""
        raise _wrong_key(f"the same key comes more than once: {'; '.join(told)}{more}")


def _record(database: TableDatabase, passing: TableName, number: int) -> int:
    """Which record of the file has that number: a database may leave some out, but keeps their order."""
    return int(
        database.run(f"SELECT COUNT(*) FROM {database.rules.table(passing)} WHERE {RECORD_NUMBER} <= {int(number)}")[0][
            0
        ]
    )


def _all_of(parcel: Parcel, count: int, expected: int | None = None) -> int:
    expected = parcel.records if expected is None else expected
    if expected is not None and count != expected:
        raise DeliveryError(
            f"the report has {expected:,} records, and {count:,} rows came into the table; all of it was taken back",
            reason="records",
            remedy="Does a trigger or a rule of the table leave rows out?",
        )
    return count


def _more(count: int, one: str, many: str) -> str:
    return f" ({count:,} more {one if count == 1 else many} likewise)" if count else ""


def _wrong_identity(message: str) -> DeliveryError:
    return DeliveryError(message, reason="identity", remedy="Correct `identity` of this place in the list.")


def _wrong_key(message: str) -> InvalidReport:
    return InvalidReport(
        message, reason="key", remedy="Add columns to `identity`, or drop the records (step dedupe, or in the query)."
    )
