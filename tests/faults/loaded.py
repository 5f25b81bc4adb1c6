"""An office whose reports go into tables of a database server, and what is found in these afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url

from tests.faults.office import Office, batches, generation_of_rows
from tests.faults.processes import until

TABLES = {"replaced", "upserted", "added", "sfr_loads"}
# Rows so long that they do not go in one piece.
LIST = """
- name: replaced
  source: lms
  query: SELECT id, generation, printf('%01200d', id) AS words FROM users ORDER BY id
  types: {id: integer, generation: integer}
  destination: {destination: warehouse, path: replaced}
- name: upserted
  source: lms
  query: SELECT id, generation, printf('%01200d', id) AS words FROM users ORDER BY id
  types: {id: integer, generation: integer}
  destination: {destination: warehouse, path: upserted, update: upsert, identity: [id]}
- name: added
  source: lms
  query: SELECT id, generation FROM added ORDER BY id
  types: {id: integer, generation: integer}
  destination: {destination: warehouse, path: added, update: append}
"""
OTHERS = {
    "postgresql": "SELECT COUNT(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
NAMES = {
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
}


@dataclass(frozen=True)
class Loaded:
    """The generations in the tables. A table with more than one of them, or with half of one, is not found, but
    fails."""

    replaced: int
    upserted: int
    added: list[int]


class Loading(Office):
    """An office with a table of each kind of update, in the database at `url`, which has its kind's name first."""

    def __init__(self, folder: Path, kind: str, url: str) -> None:
        super().__init__(folder)
        self._kind, self._url = kind, url
        self._engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
        self.write_list(LIST)

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**{"SFR_WAREHOUSE_URL": self._url.replace("+psycopg", ""), **changes})

    def end(self) -> None:
        super().end()
        self._engine.dispose()

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def quiet(self) -> None:
        """Wait until the server has noticed the end of everybody who was connected."""
        self._engine.dispose()
        until(lambda: self._rows(OTHERS[self._kind]) == [(0,)], "the end of all sessions")

    def loaded(self) -> Loaded:
        replaced = generation_of_rows(self._rows("SELECT id, generation FROM replaced ORDER BY id"))
        upserted = generation_of_rows(self._rows("SELECT id, generation FROM upserted ORDER BY id"))
        added = batches(self._rows("SELECT generation, id FROM added ORDER BY generation, id"))
        return Loaded(replaced, upserted, added)

    def tables(self) -> set[str]:
        return {name for (name,) in self._rows(NAMES[self._kind])}

    # What must hold

    def check_all_new(self, generations: list[int]) -> None:
        """Each table has what it is to have, once; the ledger has a row for each; nothing else is left."""
        assert self.loaded() == Loaded(self.generation, self.generation, generations)
        assert self.tables() == TABLES
        ledger = self.ledger()
        records = {location.rpartition("/")[2].rpartition(".")[2]: row.records for location, row in ledger.items()}
        assert records == {"replaced": 300, "upserted": 300, "added": 20}
        assert self.left_over() == []

    def check_nothing_half(self, generations: list[int]) -> None:
        """Each table has the old or the new, and no report is called done whose table has the old."""
        found, statuses = self.loaded(), self.statuses()[1]
        known = {"replaced": found.replaced, "upserted": found.upserted, "added": found.added[-1]}
        assert set(known.values()) <= {self.generation - 1, self.generation}
        assert found.added in (generations, [*generations, self.generation])
        done = [name.removesuffix(".csv") for name, status in statuses.items() if status == "done"]
        assert all(known[name] == self.generation for name in done), statuses
