"""A database server whose disk is full while a table is loaded: the old rows stay, and one message says why."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.office import Office
from tests.faults.small_disks import small_disk
from tests.servers.own_postgresql import USER, OwnPostgreSQL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OLD_TABLES = ("replaced", "appended", "upserted")
COUNT = 60_000
# About twelve megabytes.
MANY = (
    f"WITH RECURSIVE n(id) AS (SELECT %s + 1 UNION ALL SELECT id + 1 FROM n WHERE id < %s + {COUNT}) "
    "SELECT id, printf('%%0200d', id) AS words FROM n"
)
LIST = f"""
- name: replaced
  source: lms
  query: "{MANY % (0, 0)}"
  types: {{id: integer}}
  destination: {{destination: warehouse, path: replaced}}
- name: appended
  source: lms
  query: "{MANY % (2, 2)}"
  types: {{id: integer}}
  destination: {{destination: warehouse, path: appended, update: append}}
- name: upserted
  source: lms
  query: "{MANY % (0, 0)}"
  types: {{id: integer}}
  destination: {{destination: warehouse, path: upserted, update: upsert, identity: [id]}}
- name: small
  source: lms
  query: SELECT id, generation FROM added ORDER BY id
  destination: folder
"""
TABLES = ("replaced", "appended", "upserted")


OLD = [(1, "old"), (2, "old")]


class Cramped:
    """A server with tables that have a little in them and little more room; `grow` gives them enough."""

    def __init__(self, server: OwnPostgreSQL, disk: Path) -> None:
        self.url, self._disk = server.url, disk
        shutil.chown(disk, USER, USER)
        self.rows(f"CREATE TABLESPACE small LOCATION '{disk}'")
        for table in OLD_TABLES:
            self.rows(f"CREATE TABLE {table} (id BIGINT PRIMARY KEY, words TEXT) TABLESPACE small")
            self.rows(f"INSERT INTO {table} VALUES (1, 'old'), (2, 'old')")

    def grow(self) -> None:
        subprocess.run(["mount", "-o", "remount,size=200m", str(self._disk)], check=True)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def cramped() -> Iterator[Cramped]:
    # Not below pytest's own folder, into which no server may look.
    with (
        tempfile.TemporaryDirectory(prefix="sfr_full_") as folder,
        small_disk(Path(folder) / "small", megabytes=4) as disk,
        OwnPostgreSQL(Path(folder)) as server,
    ):
        yield Cramped(server, disk)


def test_a_server_without_room_keeps_the_old_rows_and_takes_the_new_ones_when_there_is_some(
    cramped: Cramped, tmp_path: Path
) -> None:
    office = Office(tmp_path)
    office.write_list(LIST)
    finished = office.run(SFR_WAREHOUSE_URL=cramped.url)
    assert finished.code == 1, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    for table in OLD_TABLES:
        told = office.outcome(f"{table}.csv")
        assert (told["status"], told["reason"]) == ("failed", "database-full"), told["error"]
        assert "disk" in told["remedy"]
        assert cramped.rows(f"SELECT id, words FROM {table} ORDER BY id") == OLD
    assert office.outcome("small.csv")["status"] == "done"
    assert set(office.ledger()) == {str(office.output / "small.csv")}

    cramped.grow()
    again = office.run("--failed", SFR_WAREHOUSE_URL=cramped.url)
    assert again.code == 0, again.stdout + again.stderr
    counts = {table: cramped.rows(f"SELECT COUNT(*), COUNT(DISTINCT id) FROM {table}")[0] for table in OLD_TABLES}
    assert counts == {"replaced": (COUNT, COUNT), "appended": (COUNT + 2, COUNT + 2), "upserted": (COUNT, COUNT)}
    assert office.left_over() == []
