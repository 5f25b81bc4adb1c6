"""Delivers records into tables: replaces, appends or upserts all of them, or changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from sfr.connector import Parcel
from sfr.database_address import DatabaseAddress, read_database_address
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.database import TableDatabase
from sfr.destinations.table.errors import table_error
from sfr.destinations.table.loading import Loading
from sfr.destinations.table.naming import TableName
from sfr.destinations.table.records import header_of
from sfr.errors import DeliveryError
from sfr.model import Delivered


class Table:
    """A table in PostgreSQL, MySQL, MariaDB or SQLite: replaced, appended to, or updated by a key."""

    Config = TableConfig
    updates: ClassVar[frozenset[str]] = frozenset(("replace", "append", "upsert"))
    takes_records: ClassVar[bool] = True

    def __init__(self, config: TableConfig) -> None:
        self._config = config
        self._address = read_database_address(config.url.get_secret_value())

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        """All records of all parcels, or none. Raises AuthError, DeliveryError, InvalidReport for values that do not
        fit their types, TransientError where another try may help."""
        for parcel in parcels:
            _check_format(parcel)
        shown = parcels[0].path if parcels else ""
        with self._opened(shown) as database:
            loading = Loading(database, self._config, parcels)
            return [self._delivered(parcel, table, *found) for parcel, table, found in loading.run()]

    def put(self, staged: Path, name: str) -> str:
        """As `deliver` for a CSV of which nothing is known but what stands in it."""
        header = header_of(staged)
        parcel = Parcel(staged, name, columns=header.columns, delimiter=header.delimiter or ",")
        return self.deliver([parcel])[0].location

    def check(self) -> None:
        """Raises AuthError, DeliveryError or TransientError where it does not let us in or may not be written to."""
        with self._opened("") as database:
            schema = self._config.schema_name or database.schema
            database.check(self._address.shown, schema, create=self._config.create)

    def close(self) -> None:
        """Nothing is held open."""

    @contextmanager
    def _opened(self, table: str) -> Iterator[TableDatabase]:
        """A connection of its own, so that a server which was restarted since costs no try."""
        module, positional, named = self._address.connect_arguments()
        database: TableDatabase | None = None
        try:
            database = _kind_of(self._address)(module, (positional, named), self._config)
            yield database
        except (module.Error, OSError) as error:
            raise table_error(error, self._address, table) from error
        finally:
            if database is not None:
                with suppress(module.Error, OSError):  # it is gone already; that error is being told
                    database.close()

    def _delivered(self, parcel: Parcel, table: TableName, records: int, warnings: tuple[str, ...]) -> Delivered:
        return Delivered(
            _location(self._address, table),
            kind="table",
            key=table.shown,
            bytes=parcel.bytes,
            records=records,
            sha256=parcel.sha256,
            warnings=warnings,
        )


def _kind_of(address: DatabaseAddress) -> Callable[..., TableDatabase]:
    """The class for a database; imported only when used."""
    if address.dialect == "postgresql":
        from sfr.destinations.table.postgresql import PostgreSQL

        return PostgreSQL
    if address.dialect == "mysql":
        from sfr.destinations.table.mysql import MySQL

        return MySQL
    from sfr.destinations.table.sqlite import SQLite

    return SQLite


def _location(address: DatabaseAddress, table: TableName) -> str:
    """Where a table is, without the account that wrote it."""
    if address.file is not None:
        return f"sqlite:{address.file.as_posix()}#{table.name}"
    url = address.parsed()
    host = url.host or str(url.query.get("host") or url.query.get("unix_socket") or "")
    port = f":{url.port}" if url.port else ""
    shown = table.name if table.schema == url.database else table.shown
    return f"{address.dialect}://{host}{port}/{url.database or ''}/{shown}"


def _check_format(parcel: Parcel) -> None:
    if parcel.format != "csv":
        raise DeliveryError(
            f"a table takes the records of a CSV, and this is {parcel.format}",
            reason="format",
            remedy="Ask the source for CSV; `format` in the list does not matter for tables.",
        )
