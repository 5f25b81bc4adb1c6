"""What a load asks of a database; each kind of database answers in its own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sfr.destinations.table.columns import Column
from sfr.destinations.table.forms import Forms
from sfr.destinations.table.naming import NameRules, TableName
from sfr.destinations.table.records import Records

RECORD_NUMBER = "sfr_record"  # the column of a passing table that numbers its rows in the order of the file


class TableDatabase(Protocol):
    """An open connection. Everything between `begin` and `commit` happens or does not; `close` without `commit`
    leaves what was there. The errors are those of the driver."""

    rules: NameRules
    forms: Forms
    mark: str  # where a parameter stands in a statement
    moment: str  # the type of a moment, for tables of ours
    schema: str  # the default one, "" where there are none

    def begin(self, tables: Iterable[TableName]) -> None:
        """Start, as the only load of ours into any of these tables; waits for others."""

    def columns_of(self, table: TableName) -> Mapping[str, Column] | None:
        """The table's columns by their names; None where there is no such table. Raises DeliveryError for what is there
        and is no table."""

    def create(self, table: TableName, columns: Sequence[Column], identity: Sequence[str]) -> TableName:
        """Make a table that is not there, with a unique index on `identity`; returns what to fill. Nobody else sees the
        table before `commit`."""

    def emptied(self, table: TableName) -> TableName:
        """What to fill, so that `commit` puts it in the place of all rows of the table. Until then everybody else sees
        these. Raises DeliveryError where that would harm other tables."""

    def passing(self, table: TableName, columns: Sequence[Column]) -> TableName:
        """A new table with these columns of `table` and RECORD_NUMBER, gone at the end."""

    def fill(self, table: TableName, records: Records) -> int:
        """Add all records to a table; returns how many rows that were."""

    def merge(self, source: TableName, target: TableName, columns: Sequence[Column], identity: Sequence[str]) -> int:
        """Put the rows of `source` into `target`, in place of those with the same identity; returns how many."""

    def unique_keys(self, table: TableName) -> list[frozenset[str]]:
        """The sets of columns that no two rows have the same values in."""

    def refuse_rollback_less(self, table: TableName) -> None:
        """Raises DeliveryError for a table whose changes cannot be taken back."""

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives; with parameters, a % stands twice in it where the mark is one."""

    def commit(self) -> None:
        """Make everything since `begin` so, at once."""

    def check(self, shown: str, schema: str, *, create: bool) -> None:
        """Raises DeliveryError where tables could not be delivered; `shown` is how people are told of the database."""

    def close(self) -> None: ...
