"""Measures the report of examples/active_users in the ways there are to write it, all processes of a command together.

    python benchmarks/joined.py [--rounds 3] [--users 200000] [--lessons 5000000 10000000] [--days 30 60]

It fills databases of its own on the servers of the tests (TEST_POSTGRESQL_URL, TEST_MYSQL_URL) for each number of
lessons, asks for the last days of them, and drops them at the end. `bare` is joined_peer.py, which proves and warns of
nothing. Nothing is written.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import statistics
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "examples" / "active_users")]

import make_data  # noqa: E402
from measure import Measurement, adopt_orphans, measure  # noqa: E402
from peers import environment_with  # noqa: E402
from sqlalchemy import make_url  # noqa: E402

from tests.histories import own_database  # noqa: E402

TIMEOUT_SECONDS = 900.0
USERS = "SELECT user_id, user_name FROM mindtickle_users WHERE active_status = 'active' ORDER BY user_id"
OUTPUT = ["user_id", "user_name", "lessons_completed", "completion_date"]
OF_WINDOW = "completion_date >= :window_start_date AND completion_date < :window_end_date"
_LOOKUP = {"source": "lessons", "on": {"user_id": "user_id"}}
WAYS: dict[str, dict[str, Any]] = {
    "days": {
        "query": USERS,
        "for_each": {"day": "completion_date"},
        "lookups": [
            {
                **_LOOKUP,
                "query": "SELECT user_id FROM lesson_completion WHERE completion_date = :day",
                "group": {"count": "lessons_completed"},
            }
        ],
        "output": OUTPUT,
    },
    "stage": {
        "query": "SELECT user_id, user_name, coalesce(n, 0) AS lessons_completed, completion_date FROM users LEFT JOIN "
        "(SELECT user_id, completion_date, count(*) AS n FROM lessons GROUP BY ALL) USING (user_id)",
        "stage": {
            "users": {"query": USERS, "types": {"user_id": "integer"}},
            "lessons": {
                "source": "lessons",
                "query": f"SELECT user_id, completion_date FROM lesson_completion WHERE {OF_WINDOW}",
                "types": {"user_id": "integer", "completion_date": "date"},
            },
        },
    },
    "keys": {
        "query": USERS,
        "lookups": [
            {
                **_LOOKUP,
                "query": "SELECT user_id, completion_date FROM lesson_completion WHERE user_id IN :keys "
                f"AND {OF_WINDOW}",
                "group": {"by": ["completion_date"], "count": "lessons_completed"},
                "batch": 5000,
            }
        ],
        "output": OUTPUT,
    },
}


class Bench:
    """Runs one way over one pair of databases."""

    def __init__(self, scratch: Path, people: str, lessons: str, until: date) -> None:
        self._scratch, self._people, self._lessons, self._until = scratch, people, lessons, until
        self._lists = scratch / "lists"
        self._lists.mkdir(exist_ok=True)

    def run(self, way: str, days: int) -> tuple[Measurement, int, str]:
        """What it cost, how many records came, and the sum of them in any order."""
        output = self._scratch / "output"
        command = self._bare(days, output / "report.csv") if way == "bare" else self._sfr(way, days, output)
        output.mkdir(exist_ok=True)
        log = self._scratch / "log"
        settings = {"SFR_PEOPLE_TYPE": "sql", "SFR_PEOPLE_URL": self._people, "SFR_LESSONS_TYPE": "sql"}
        found = measure(
            command,
            environment=environment_with({**settings, "SFR_LESSONS_URL": self._lessons}),
            folder=self._scratch,
            log=log,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        if found.exit_code:
            raise SystemExit(f"{way} ended with {found.exit_code}:\n{log.read_text('utf-8', 'replace')}")
        with (output / "report.csv").open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.reader(file))
        return found, len(rows) - 1, hashlib.sha256(repr(rows).encode()).hexdigest()[:8]

    def _sfr(self, way: str, days: int, output: Path) -> list[str]:
        start = self._until - timedelta(days=days)
        report = {"name": "report.csv", "source": "people", "window": f"{start}..{self._until}", **WAYS[way]}
        file = self._lists / f"{way}.json"
        file.write_text(json.dumps([report]), encoding="utf-8")
        return [sys.executable, str(CHECKOUT / "main.py"), str(file), "--quiet", "--output", str(output)]

    def _bare(self, days: int, file: Path) -> list[str]:
        people, lessons = make_url(self._people), make_url(self._lessons)
        where = {"host": lessons.host, "port": lessons.port or 3306, "user": lessons.username, "db": lessons.database}
        plain = people.set(drivername="postgresql").render_as_string(hide_password=False)
        told = json.dumps([plain, {**where, "passwd": lessons.password or ""}, str(self._until), days, str(file)])
        return [sys.executable, str(CHECKOUT / "benchmarks" / "joined_peer.py"), told]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--lessons", type=int, nargs="+", default=[5_000_000, 10_000_000])
    parser.add_argument("--days", type=int, nargs="+", default=[30, 60])
    parser.add_argument("--ways", nargs="+", default=["bare", *WAYS], choices=["bare", *WAYS])
    arguments = parser.parse_args()
    adopt_orphans()
    until = datetime.now(UTC).date()
    for lessons in arguments.lessons:
        with (
            tempfile.TemporaryDirectory() as scratch,
            own_database("postgresql") as people,
            own_database("mysql") as learning,
        ):
            make_data.fill(people, learning, make_data.Plan(arguments.users, lessons, 60, until))
            # The driver is the quickest one there is, whatever the tests use.
            learning = make_url(learning).set(drivername="mysql").render_as_string(hide_password=False)
            compare(Bench(Path(scratch), people, learning, until), arguments, lessons)


def compare(bench: Bench, arguments: argparse.Namespace, lessons: int) -> None:
    """Let the ways take turns, and print a line for each round and the medians."""
    for days in arguments.days:
        walls: dict[str, list[float]] = {way: [] for way in arguments.ways}
        sums = set()
        for number in range(arguments.rounds + 1):  # round 0 warms the servers
            for way in arguments.ways:
                found, records, digest = bench.run(way, days)
                sums.add(digest)
                if number:
                    walls[way].append(found.wall_seconds)
                print(
                    f"{lessons:,} lessons, {days} days, round {number}: {way:5} {records:,} records in "
                    f"{found.wall_seconds:.2f} s ({found.cpu_seconds:.2f} s of processors), peak "
                    f"{found.peak_pss_bytes / 1e6:.0f} MB of all processes",
                    flush=True,
                )
        print("medians", {way: round(statistics.median(times), 2) for way, times in walls.items() if times})
        print("all ways gave the same rows" if len(sums) == 1 else f"THE ROWS DIFFER: {sums}")


if __name__ == "__main__":
    main()
