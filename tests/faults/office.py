"""A folder in which reports of a database go to several places, and what is found at each of these afterwards."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.processes import Child, Finished, start_main
from tests.servers.small_s3 import SmallS3

USERS, BATCH = 300, 20
SECONDS = 240.0  # a machine may have much else to do
LIST = """
- name: users
  source: lms
  query: SELECT id, generation FROM users ORDER BY id
  types: {id: integer, generation: integer}
  format: parquet
  destination: [folder, {destination: archive, path: old/users.parquet}, {destination: warehouse, path: users}%s]
- name: added
  source: lms
  query: SELECT generation, id FROM added ORDER BY id
  update: append
  destination: [folder, {destination: archive, path: added.csv}, {destination: warehouse, path: added}]
"""
LAKE = ", {destination: lake, path: daily/users.parquet}"


@dataclass(frozen=True)
class Row:
    """A row of the ledger."""

    location: str
    destination: str
    records: int
    bytes: int
    sha256: str


@dataclass
class Found:
    """What lies at the places: the generation of each users file, the generations in each file that is appended to,
    and the SHA-256 of every file. A thing that is not whole is not found, but fails."""

    users: dict[str, int] = field(default_factory=dict)
    added: dict[str, list[int]] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)


class Office:
    """A folder with a source of one database, a list of two reports, and places for them: two folders, a table and,
    when there is one, a bucket. Each `begin_generation` changes what the source has."""

    def __init__(self, folder: Path, bucket: SmallS3 | None = None) -> None:
        self.folder, self.bucket = folder, bucket
        self.output, self.archive = folder / "output", folder / "archive"
        self.warehouse, self.history = folder / "warehouse.db", self.output / ".sfr" / "history.db"
        self.generation = 0
        self._children: list[Child] = []
        self.archive.mkdir(parents=True)
        self.write_list(LIST % (LAKE if bucket else ""))
        with closing(sqlite3.connect(folder / "lms.db")) as database, database:
            for table in ("users", "added"):
                database.execute(f"CREATE TABLE {table} (id INTEGER, generation INTEGER)")
        self.begin_generation()

    def write_list(self, text: str) -> None:
        place = self.folder / "input" / "list.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def begin_generation(self) -> None:
        self.generation += 1
        with closing(sqlite3.connect(self.folder / "lms.db")) as database, database:
            for table, count in (("users", USERS), ("added", BATCH)):
                database.execute(f"DELETE FROM {table}")
                rows = [(number, self.generation) for number in range(count)]
                database.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)

    def environment(self, **changes: str) -> dict[str, str]:
        """Nothing of this machine's settings, homes and keyrings. An empty change takes a name out."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPYCACHEPREFIX")
        mine = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), str(home)),
            "PYTHONPATH": str(self.folder / "planted"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "COLUMNS": "200",
            "SFR_LOGIN": "no",
            "SFR_PROCESSES": "1",
            "SFR_CONCURRENCY": "1",
            "SFR_LMS_TYPE": "sql",
            "SFR_LMS_URL": f"sqlite:///{(self.folder / 'lms.db').as_posix()}",
            "SFR_ARCHIVE_TYPE": "folder",
            "SFR_ARCHIVE_DIRECTORY": str(self.archive),
            "SFR_WAREHOUSE_TYPE": "table",
            "SFR_WAREHOUSE_URL": f"sqlite:///{self.warehouse.as_posix()}",
        }
        if self.bucket is not None:
            mine |= {
                "SFR_LAKE_TYPE": "s3",
                "SFR_LAKE_BUCKET": "reports",
                "SFR_LAKE_ENDPOINT_URL": self.bucket.url,
                "SFR_LAKE_ACCESS_KEY_ID": "AKIAOFTHETESTS000001",
                "SFR_LAKE_SECRET_ACCESS_KEY": "a-secret-of-the-tests",
            }
        return {name: value for name, value in {**mine, **changes}.items() if value}

    def plant(self, module: str, source: str) -> None:
        """Let the runs find a module of the test's; one named `sitecustomize` is imported by itself."""
        place = self.folder / "planted" / f"{module}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(source, encoding="utf-8")

    def start(self, *arguments: str, **changes: str) -> Child:
        """Start `python main.py` with these arguments, or with the list."""
        words = arguments or ("input/list.yaml",)
        child = start_main(self.folder, words, self.environment(**changes), len(self._children))
        self._children.append(child)
        return child

    def run(self, *arguments: str, **changes: str) -> Finished:
        return self.start(*arguments, **changes).wait(SECONDS)

    def end(self) -> None:
        """Clear away what a failing test has left running."""
        for child in self._children:
            child.end()

    # What is found

    def found(self) -> Found:
        """Everything at the places, looked at as another program would."""
        found = Found()
        for path in (self.output / "users.parquet", self.archive / "old" / "users.parquet"):
            if path.exists():
                found.users[str(path)] = generation_of(path.read_bytes())
                found.sums[str(path)] = sum_of(path.read_bytes())
        for path in (self.output / "added.csv", self.archive / "added.csv"):
            if path.exists():
                rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
                assert rows.pop(0) == ["generation", "id"]
                found.added[str(path)] = batches([(int(first), int(second)) for first, second in rows])
                found.sums[str(path)] = sum_of(path.read_bytes())
        if self.bucket is not None and (content := self.bucket.content("daily/users.parquet")) is not None:
            found.users["lake"] = generation_of(content)
            found.sums["s3://reports/daily/users.parquet"] = sum_of(content)
        self._look_into_tables(found)
        return found

    def _look_into_tables(self, found: Found) -> None:
        with closing(sqlite3.connect(self.warehouse)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "users" in tables:
                rows = database.execute("SELECT id, generation FROM users ORDER BY rowid").fetchall()
                found.users["warehouse"] = generation_of_rows(rows)
            if "added" in tables:
                rows = database.execute("SELECT generation, id FROM added ORDER BY rowid").fetchall()
                found.added["warehouse"] = batches([(int(first), int(second)) for first, second in rows])

    def tables(self) -> set[str]:
        with closing(sqlite3.connect(self.warehouse)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def names(self) -> set[str]:
        """The names of all files that a person takes for reports, in the folders and in the bucket."""
        folders = (self.output, self.archive)
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        shown = {
            path for path in files if not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        }
        keys = {f"s3://{key}" for key in self.bucket.objects} if self.bucket else set()
        return {path.relative_to(self.folder).as_posix() for path in shown} - {"output/summary.html"} | keys

    def left_over(self) -> list[str]:
        """What is on its way, or was: partial files, files that grow in private, uploads that have not ended."""
        parts = [str(path) for folder in (self.output, self.archive) for path in folder.rglob(".*.part")]
        private = self.output / ".sfr"
        parts += [str(path) for name in ("staging", "unfinished") for path in (private / name).rglob("*")]
        return [*parts, *(self.bucket.uploads if self.bucket else ())]

    def ledger(self) -> dict[str, Row]:
        """The rows of the ledger by location, and "warehouse users" and so on for tables."""
        wanted = "SELECT location, destination, records, bytes, sha256 FROM reports_generated"
        with closing(sqlite3.connect(self.history, timeout=10)) as database:
            return {row[0]: Row(*row) for row in database.execute(wanted)}

    def statuses(self) -> tuple[str, dict[str, str]]:
        """The newest run, and how its reports stand; ("", {}) before there is a history."""
        newest = "SELECT id FROM sfr_runs ORDER BY started_at DESC LIMIT 1"
        try:
            with closing(sqlite3.connect(self.history, timeout=10)) as database:
                (run,) = database.execute(newest).fetchone() or ("",)
                return run, dict(database.execute("SELECT name, status FROM sfr_jobs WHERE run_id = ?", (run,)))
        except sqlite3.OperationalError:
            return "", {}

    def outcome(self, name: str) -> Mapping[str, Any]:
        """What the newest run has written down about a report."""
        with closing(sqlite3.connect(self.history, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            wanted = "SELECT * FROM sfr_jobs WHERE run_id = ? AND name = ?"
            row = dict(database.execute(wanted, (self.statuses()[0], name)).fetchone())
            tries = "SELECT reason, bytes FROM sfr_attempts WHERE run_id = ? AND job_number = ? ORDER BY position"
            row["attempts"] = [tuple(each) for each in database.execute(tries, (row["run_id"], row["number"]))]
            return row | {"deliveries": json.loads(row["deliveries"] or "[]")}


def generation_of(parquet: bytes) -> int:
    """The generation of a users file. Fails where it is not whole, or of two generations."""
    import pyarrow as pa
    from pyarrow import parquet as files

    table = files.read_table(pa.BufferReader(parquet))
    return generation_of_rows(
        list(zip(*(table.column(name).to_pylist() for name in ("id", "generation")), strict=True))
    )


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def generation_of_rows(rows: list[tuple[int, int]]) -> int:
    assert [int(number) for number, _ in rows] == list(range(USERS)), "the rows of one report, each once"
    (generation,) = {int(generation) for _, generation in rows}
    return generation


def batches(rows: list[tuple[int, int]]) -> list[int]:
    """The generations that were appended, in their order. Fails where a batch is not whole."""
    assert len(rows) % BATCH == 0, f"{len(rows)} rows"
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    for batch in batches:
        assert batch == [(batch[0][0], number) for number in range(BATCH)], "a batch in one piece"
    return [batch[0][0] for batch in batches]
