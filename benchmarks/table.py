"""Compares loads into tables with the bare bulk route of each database: COPY FROM, LOAD DATA LOCAL, executemany.

    python benchmarks/table.py [--records 5000000] [--rounds 3] [--only postgresql,mariadb,sqlite]
                               [--ways bare,new,again,upsert] [--postgresql URL] [--mariadb URL]

Both sides load the same typed CSV into the same new table, each in a process of its own. `again` is the second load of
`replace`, with the table there; `upsert` has every key there already. Nothing is left in the databases.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sfr.connector import Parcel
from sfr.destinations.table.destination import Table, TableConfig

COLUMNS = ("id", "name", "lessons", "amount", "completed", "note", "day", "code")
TYPES = (
    ("id", "integer"),
    ("lessons", "integer"),
    ("amount", "decimal(12,2)"),
    ("completed", "timestamp"),
    ("day", "date"),
)
NAMES = ("Smith, John", "Müller, Zoë", 'Dvořák "Ann"', "Chen Wei", "O'Brien")
BLOCK_RECORDS = 10_000
TABLE = "sfr_benchmark"
PEER_TYPES = {
    "postgresql": ("bigint", "text", "bigint", "numeric(12,2)", "timestamp", "text", "date", "text"),
    "mariadb": ("bigint", "longtext", "bigint", "decimal(12,2)", "datetime(6)", "longtext", "date", "longtext"),
    "sqlite": ("INTEGER", "TEXT", "INTEGER", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT"),
}


@dataclass(frozen=True)
class Task:
    """One load: which database, by whom, and of what."""

    database: str
    way: str  # bare, new, again, upsert
    url: str
    file: str
    records: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="postgresql,mariadb,sqlite")
    parser.add_argument("--ways", default="bare,new,again,upsert")
    parser.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--mariadb", default="mysql://root@127.0.0.1:3306/test")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(Task(**json.loads(arguments.one)))))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.csv"
        write_records(file, arguments.records)
        print(f"{arguments.records:,} records, {file.stat().st_size / 1e6:,.0f} MB", flush=True)
        for database in arguments.only.split(","):
            url = getattr(arguments, database, f"sqlite:///{folder}/benchmark.db")
            compare(database, url, file, arguments)


def compare(database: str, url: str, file: Path, arguments: argparse.Namespace) -> None:
    walls: dict[str, list[float]] = {way: [] for way in arguments.ways.split(",")}
    for number in range(1, arguments.rounds + 1):
        for way, times in walls.items():
            task = Task(database, way, url, str(file), arguments.records)
            command = [sys.executable, __file__, "--one", json.dumps(vars(task))]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            times.append(found["seconds"])
            rate = arguments.records / found["seconds"]
            cost = f"{found['seconds']:7.1f} s {rate:9,.0f}/s {found['cpu_seconds']:6.1f} s of CPU"
            print(f"{database:10} round {number} {way:6} {cost} {found['peak_mb']:4.0f} MB", flush=True)
    drop(Task(database, "", url, str(file), 0))
    medians = {way: statistics.median(times) for way, times in walls.items()}
    print(f"{database:10} medians", ", ".join(f"{way} {seconds:.1f} s" for way, seconds in medians.items()), flush=True)


def measured(task: Task) -> dict[str, float]:
    """Seconds of the load itself, those of this process's processor, and the peak of its memory."""
    load = peer(task) if task.way == "bare" else ours(task)
    began, cpu_began = time.monotonic(), time.process_time()
    load()
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    if task.way in ("bare", "upsert"):
        drop(task)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}


def ours(task: Task) -> Callable[[], object]:
    if task.way == "upsert":
        drop(task)
    table = Table(TableConfig(url=task.url))  # type: ignore[arg-type]
    upserts = task.way == "upsert"
    parcel = Parcel(
        Path(task.file),
        TABLE,
        columns=COLUMNS,
        types=TYPES,
        null="",
        records=task.records,
        update="upsert" if upserts else "replace",
        identity=("id",) if upserts else (),
    )
    if upserts:
        table.deliver([parcel])
    return lambda: table.deliver([parcel])


def drop(task: Task) -> None:
    connection = connected(task)
    connection.cursor().execute(f"DROP TABLE IF EXISTS {TABLE}")
    connection.commit()
    connection.close()


def connected(task: Task) -> Any:
    from sfr.database_address import read_database_address

    module, positional, named = read_database_address(task.url).connect_arguments()
    return module.connect(*positional, **named, **({"local_infile": True} if task.database == "mariadb" else {}))


def peer(task: Task) -> Callable[[], None]:
    """The bare route, after the table was made; it ends with the commit."""
    drop(task)
    connection = connected(task)
    cursor = connection.cursor()
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, PEER_TYPES[task.database], strict=True))
    cursor.execute(f"CREATE TABLE {TABLE} ({columns})")
    connection.commit()

    def load() -> None:
        {"postgresql": copy_from, "mariadb": load_data, "sqlite": insert_many}[task.database](cursor, task)
        connection.commit()
        connection.close()

    return load


def copy_from(cursor: Any, task: Task) -> None:
    with Path(task.file).open("rb") as file, cursor.copy(f"COPY {TABLE} FROM STDIN (FORMAT csv, HEADER)") as copy:
        while data := file.read(1 << 18):
            copy.write(data)


def load_data(cursor: Any, task: Task) -> None:
    cursor.execute(
        f"LOAD DATA LOCAL INFILE '{task.file}' INTO TABLE {TABLE} CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' "
        "OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' IGNORE 1 LINES"
    )


def insert_many(cursor: Any, task: Task) -> None:
    with Path(task.file).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        cursor.executemany(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(COLUMNS))})", rows)


def write_records(file: Path, count: int) -> None:
    """The same values at every run; a tenth of the notes is no value."""
    dice = random.Random(7)
    with file.open("w", encoding="utf-8", newline="") as target:
        rows = csv.writer(target, lineterminator="\n")
        rows.writerow(COLUMNS)
        for begin in range(0, count, BLOCK_RECORDS):
            rows.writerows(_record(number, dice) for number in range(begin, min(begin + BLOCK_RECORDS, count)))


def _record(number: int, dice: random.Random) -> tuple[object, ...]:
    day = f"2026-{1 + number % 12:02}-{1 + number % 31 % 28:02}"
    note = "" if number % 10 == 0 else f"a note of some length, number {number}"
    amount = f"{dice.randrange(10_000_000) / 100:.2f}"
    moment = f"{day} {number % 24:02}:{number % 60:02}:00"
    return number, NAMES[number % 5], number % 500, amount, moment, note, day, f"{number % 99_991:07}"


if __name__ == "__main__":
    main()
