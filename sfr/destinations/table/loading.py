"""Knows the steps of a load into tables, the same ones for every database."""

from __future__ import annotations

from collections.abc import Sequence

from sfr.connector import Parcel
from sfr.destinations.table.columns import Column, declared_columns, matched
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.database import TableDatabase
from sfr.destinations.table.loads import NAME as LOADS
from sfr.destinations.table.loads import Loads
from sfr.destinations.table.naming import TableName, check_columns, table_name
from sfr.destinations.table.records import header_of
from sfr.destinations.table.upsert import check_identity, filled, upsert
from sfr.errors import DeliveryError

Loaded = tuple[int, tuple[str, ...]]  # how many records, and what the user must hear


class Loading:
    """Loads each parcel into its table, all in one step. Raises DeliveryError and InvalidReport, and the errors of the
    driver."""

    def __init__(self, database: TableDatabase, config: TableConfig, parcels: Sequence[Parcel]) -> None:
        self._database, self._config = database, config
        schema = config.schema_name or database.schema
        self._parcels = [(each, table_name(each.path, schema, database.rules)) for each in parcels]
        tables = [table for _, table in self._parcels]
        for number, table in enumerate(tables):
            if table.name == LOADS:
                raise _refused(f"{LOADS} is the table in which loads are remembered", "Name another table.")
            if table in tables[:number]:
                raise _refused(
                    f"more than one file of this report would go into the table {table.shown}",
                    "Give the report's parts names of their own, or ask its source for one file.",
                )

    def run(self) -> list[tuple[Parcel, TableName, Loaded]]:
        """Each parcel with its table and what was loaded."""
        for parcel, table in self._parcels:
            if parcel.update == "append" and parcel.job_id:
                Loads(self._database, table, parcel.job_id).prepare()
        self._database.begin([table for _, table in self._parcels])
        done = [(parcel, table, self._load(parcel, table)) for parcel, table in self._parcels]
        self._database.commit()
        return done

    def _load(self, parcel: Parcel, table: TableName) -> Loaded:
        database = self._database
        wanted = declared_columns(_names_of(parcel), parcel.types)
        check_columns([column.name for column in wanted], database.rules)
        identity = check_identity(parcel, wanted) if parcel.update == "upsert" else ()
        there = database.columns_of(table)
        loads = Loads(database, table, parcel.job_id) if parcel.update == "append" and parcel.job_id else None
        if there is None:
            return self._load_new(parcel, table, wanted, identity, loads)
        columns = matched(table.shown, wanted, there, database.rules)
        if parcel.update == "replace":
            return filled(database, parcel, database.emptied(table), columns), ()
        database.refuse_rollback_less(table)
        if parcel.update == "upsert":
            names = [column.name for column, old in zip(columns, wanted, strict=True) if old.name in identity]
            return self._upsert(parcel, table, columns, names), ()
        if loads is not None and (added := loads.added()) is not None:
            return added, (f"this job had added its {added:,} records to {table.shown} already: nothing was added",)
        return self._append(parcel, table, columns, loads), ()

    def _load_new(
        self, parcel: Parcel, table: TableName, columns: Sequence[Column], identity: Sequence[str], loads: Loads | None
    ) -> Loaded:
        if not self._config.create:
            raise DeliveryError(
                f"there is no table {table.shown}",
                reason="no-table",
                remedy="Make it, correct its name in the list, or allow it to be made (create=yes).",
            )
        if loads is not None:
            loads.forget_table()
        target = self._database.create(table, columns, identity)
        if identity:
            return upsert(self._database, parcel, target, columns, identity), ()
        return self._append(parcel, target, columns, loads), ()

    def _append(self, parcel: Parcel, target: TableName, columns: Sequence[Column], loads: Loads | None) -> int:
        added = filled(self._database, parcel, target, columns)
        if loads is not None:
            loads.note(added)
        return added

    def _upsert(self, parcel: Parcel, table: TableName, columns: Sequence[Column], identity: Sequence[str]) -> int:
        if frozenset(identity) not in self._database.unique_keys(table):
            raise DeliveryError(
                f"table {table.shown} has no unique index on {', '.join(identity)}, so that no row can be told by it",
                reason="no-unique-index",
                remedy="Make a unique index on exactly these columns, or correct `identity` in the list.",
            )
        return upsert(self._database, parcel, table, columns, identity)


def _names_of(parcel: Parcel) -> Sequence[str]:
    return parcel.columns or header_of(parcel.staged).columns


def _refused(message: str, remedy: str) -> DeliveryError:
    return DeliveryError(message, reason="table-name", remedy=remedy)
