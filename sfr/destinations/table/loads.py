"""Remembers beside the tables which jobs have added their records, so that no job adds them twice."""

from __future__ import annotations

from dataclasses import dataclass

from sfr.destinations.table.database import TableDatabase
from sfr.destinations.table.naming import TableName

NAME = "sfr_loads"


@dataclass(frozen=True, slots=True)
class Loads:
    """The table of loads in the schema of `table`. Its rows are written in the transaction of the records."""

    database: TableDatabase
    table: TableName
    job_id: str

    def prepare(self) -> None:
        """Make the table of loads if it is missing; in a transaction of its own."""
        ours = TableName(NAME, self.table.schema)
        self.database.begin([ours])
        if self.database.columns_of(ours) is None:
            self.database.run(
                f"CREATE TABLE IF NOT EXISTS {self._name} (job_id VARCHAR(190) NOT NULL, table_name VARCHAR(190) NOT "
                f"NULL, records BIGINT NOT NULL, loaded_at {self.database.moment} NOT NULL DEFAULT CURRENT_TIMESTAMP, "
                "PRIMARY KEY (job_id, table_name))"
            )
        self.database.commit()

    def forget_table(self) -> None:
        """The table is not there (any more): what was once added to it is gone with it."""
        self.database.run(self._parametered("DELETE FROM {} WHERE table_name = {mark}"), (self.table.name,))

    def added(self) -> int | None:
        """How many records this very job has added already; None where it has not."""
        rows = self.database.run(
            self._parametered("SELECT records FROM {} WHERE job_id = {mark} AND table_name = {mark}"),
            (self.job_id, self.table.name),
        )
        return int(rows[0][0]) if rows else None

    def note(self, records: int) -> None:
        """This job has added so many."""
        self.database.run(
            self._parametered("INSERT INTO {} (job_id, table_name, records) VALUES ({mark}, {mark}, {mark})"),
            (self.job_id, self.table.name, records),
        )

    @property
    def _name(self) -> str:
        return self.database.rules.table(TableName(NAME, self.table.schema))

    def _parametered(self, statement: str) -> str:
        mark = self.database.mark
        return statement.format(self._name.replace("%", "%%") if "%" in mark else self._name, mark=mark)
