"""Compares sfr with bare loops of the databases' own drivers, from one query to one CSV file.

    python benchmarks/sql.py [--rows 5000000] [--rounds 3] [--only postgresql,mariadb,sqlite] [--peers all]

It makes a table of its own in new databases of the servers that the tests use (TEST_POSTGRESQL_URL, TEST_MYSQL_URL),
and drops them at the end. Nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import Measurement, adopt_orphans, measure
from peers import CHECKOUT, environment_with
from sql_data import QUERY, fill

from tests.histories import own_database

TIMEOUT_SECONDS = 1800.0
PEERS = {
    "postgresql": ("copy", "sqlalchemy"),
    "mariadb": ("mysqlclient", "pymysql", "sqlalchemy"),
    "sqlite": ("sqlite3", "sqlalchemy"),
}
FLAT_ROWS = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--peers", default="first", help="all: also those that are slower")
    arguments = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="sfr-sql-") as scratch:
        for kind in arguments.only.split(","):
            with database(kind, Path(scratch)) as url:
                Bench(kind, url, Path(scratch)).run(arguments.rows, arguments.rounds, arguments.peers == "all")


@contextmanager
def database(kind: str, scratch: Path) -> Iterator[str]:
    """A new one, as SQLAlchemy's address."""
    if kind == "sqlite":
        yield f"sqlite:///{scratch / 'benchmark.db'}"
        return
    with own_database({"mariadb": "mysql"}.get(kind, kind)) as url:
        yield url


class Bench:
    """Runs each tool on one database into an empty folder, and measures all of its processes together."""

    def __init__(self, kind: str, url: str, scratch: Path) -> None:
        self._kind, self._scratch = kind, scratch
        self._url = url.replace("mysql+pymysql://", "mysql+mysqldb://")

    def run(self, rows: int, rounds: int, every_peer: bool) -> None:
        tools = ["sfr", *(PEERS[self._kind] if every_peer else PEERS[self._kind][:1])]
        fill(self._kind, self._url, rows)
        walls: dict[str, list[float]] = {tool: [] for tool in tools}
        for number in range(rounds + 1):
            for tool in tools:
                found = self._measured(tool)
                if number:  # round 0 warms the server
                    walls[tool].append(found.wall_seconds)
                self._tell(f"round {number}", tool, found, rows)
        best = PEERS[self._kind][0]
        ratios = [peer / own for own, peer in zip(walls["sfr"], walls[best], strict=True)]
        print(f"{self._kind}: sfr is {statistics.median(ratios):.2f} times as fast as {best}")
        if rows > FLAT_ROWS:
            fill(self._kind, self._url, FLAT_ROWS)
            self._tell("flat   ", "sfr", self._measured("sfr"), FLAT_ROWS)

    def _tell(self, title: str, tool: str, found: Measurement, rows: int) -> None:
        fetched = f"  fetching alone {self._fetching:6.2f} s" if tool == "sfr" else ""
        print(
            f"{self._kind:10} {title}  {tool:11} {found.wall_seconds:6.2f} s  {rows / found.wall_seconds / 1e3:5.0f} k "
            f"rows/s  {found.cpu_seconds:6.2f} s of processors  {found.peak_pss_bytes / 1e6:4.0f} MB PSS  "
            f"{found.peak_rss_bytes / 1e6:4.0f} MB RSS{fetched}",
            flush=True,
        )

    def _measured(self, tool: str) -> Measurement:
        folder = self._scratch / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        os.sync()
        command, settings = self._sfr(folder) if tool == "sfr" else (self._peer(tool, folder), {})
        log = self._scratch / "log"
        found = measure(
            command, environment=environment_with(settings), folder=folder, log=log, timeout_seconds=TIMEOUT_SECONDS
        )
        if found.exit_code:
            raise SystemExit(f"{tool} ended with {found.exit_code}:\n{log.read_text('utf-8', 'replace')}")
        if tool == "sfr":
            self._fetching = _attempt_seconds(folder)
        return found

    def _sfr(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        report = {"name": "orders", "source": "db", "query": QUERY}
        (folder / "list.json").write_text(json.dumps([report]), encoding="utf-8")
        settings = {"SFR_DB_TYPE": "sql", "SFR_DB_URL": self._url.partition("?")[0]}
        return [sys.executable, str(CHECKOUT / "main.py"), "list.json", "--quiet"], settings

    def _peer(self, tool: str, folder: Path) -> list[str]:
        url = self._url.replace("postgresql+psycopg://", "postgresql://") if tool == "copy" else self._url
        peer = str(CHECKOUT / "benchmarks" / "sql_peer.py")
        return [sys.executable, peer, tool, url, QUERY, str(folder / "orders.csv")]


def _attempt_seconds(folder: Path) -> float:
    """How long the one attempt took, from the connection to the proven file."""
    import sqlite3

    file = next((folder / "output" / ".sfr").glob("*.db"))
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as history:
        return float(history.execute("SELECT seconds FROM sfr_attempts").fetchone()[0])


if __name__ == "__main__":
    main()
