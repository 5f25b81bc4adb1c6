"""Compares sfr's conversion of a CSV to Parquet with DuckDB's `COPY` and a bare loop of pyarrow, on the same file.

    python benchmarks/parquet.py [--rounds 3] [--millions 5]

It needs Linux and `pip install duckdb`, takes turns, checks that all files say the same, and prints a table.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import adopt_orphans, measure

COLUMNS = ("id", "name", "email", "amount", "ordered", "created", "status", "note")
TYPES = {"id": "integer", "amount": "decimal(12,2)", "ordered": "date", "created": "timestamp"}
DUCKDB_TYPES = {"id": "BIGINT", "amount": "DECIMAL(12,2)", "ordered": "DATE", "created": "TIMESTAMP"}
NOTES = ("", "see above", '"said ""no"", then yes"', '"a, b and c"', "N/A", "00123", "naïve – 漢字", '"two\nlines"')
BATCH = 50_000
WAYS = ("duckdb", "pyarrow", "sfr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--millions", type=float, default=5)
    parser.add_argument("--way", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        way, types, source, target = arguments.way
        globals()[f"by_{way}"](source, target, types == "typed")
        return
    adopt_orphans()
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "rows.csv")
        write_rows(source, int(arguments.millions * 1_000_000))
        print(f"{arguments.millions} million records, {source.stat().st_size / 1e6:.0f} MB", flush=True)
        for types in ("text", "typed"):
            compare(source, types, arguments.rounds)


def compare(source: Path, types: str, rounds: int) -> None:
    walls: dict[str, list[float]] = {way: [] for way in WAYS}
    for number, way in itertools.product(range(rounds + 1), WAYS):
        target = source.with_name(f"{way}.parquet")
        target.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--way", way, types, str(source), str(target)]
        log = source.with_name("log")
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        cost = measure(command, environment=environment, folder=source.parent, log=log, timeout_seconds=600)
        if cost.exit_code:
            raise SystemExit(log.read_text(encoding="utf-8"))
        if number:  # round 0 warms the disk
            walls[way].append(cost.wall_seconds)
        print(
            f"{types:5} round {number}  {way:8} {cost.wall_seconds:6.2f} s  {cost.cpu_seconds:6.2f} s of processor  "
            f"peak {cost.peak_rss_bytes / 1e6:4.0f} MB  file {target.stat().st_size / 1e6:4.0f} MB",
            flush=True,
        )
    check(source)
    medians = {way: statistics.median(times) for way, times in walls.items()}
    print(types, "medians", {way: round(seconds, 2) for way, seconds in medians.items()})
    ratio = statistics.median(ours / theirs for ours, theirs in zip(walls["sfr"], walls["duckdb"], strict=True))
    print(f"{types}: sfr / duckdb: {ratio:.2f}")


def check(source: Path) -> None:
    """All files hold the same records, whatever their order."""
    import duckdb

    found = set()
    for way in WAYS:
        cells = ", ".join(COLUMNS)
        file = source.with_name(f"{way}.parquet")
        found.add(duckdb.sql(f"SELECT count(*), bit_xor(hash({cells})) FROM read_parquet('{file}')").fetchall()[0])
    if len(found) != 1:
        raise SystemExit(f"the files differ: {found}")


def write_rows(path: Path, records: int) -> None:
    """Eight columns as an order system has them: one in eight has a quoted text, some of these with line breaks."""
    chance = random.Random(1)
    ends = [_end_of_row(chance) for _ in range(BATCH)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{','.join(COLUMNS)}\n")
        for first in range(0, records, BATCH):
            chance.shuffle(ends)
            batch = ends[: min(BATCH, records - first)]
            file.write("".join(f"{number},{end}" for number, end in enumerate(batch, first + 1)))


def _end_of_row(chance: random.Random) -> str:
    day = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    clock = (
        f"{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}.{chance.randrange(10**6):06}"
    )
    cells = (
        f"User {chance.randrange(10**6)}",
        f"user{chance.randrange(10**7)}@example.com",
        f"{chance.randrange(-(10**5), 10**7) / 100:.2f}",
        day,
        f"{day} {clock}",
        chance.choice(("active", "inactive", "pending")),
        chance.choice(NOTES),
    )
    return f"{','.join(cells)}\n"


def by_duckdb(source: str, target: str, typed: bool) -> None:
    import duckdb

    types = {column: DUCKDB_TYPES.get(column, "VARCHAR") if typed else "VARCHAR" for column in COLUMNS}
    duckdb.execute(
        f"COPY (SELECT * FROM read_csv('{source}', types={types}, nullstr='-')) TO '{target}' "
        "(FORMAT parquet, COMPRESSION zstd)"
    )


def by_pyarrow(source: str, target: str, typed: bool) -> None:
    """As one writes it: nothing is proven, and what pyarrow takes for a number is one."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    kinds: dict[str, Any] = {
        "id": pa.int64(), "amount": pa.decimal128(12, 2), "ordered": pa.date32(), "created": pa.timestamp("us"),
    }  # fmt: skip
    schema = pa.schema([(column, kinds.get(column, pa.string()) if typed else pa.string()) for column in COLUMNS])
    reader = csv.open_csv(
        source,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=schema, null_values=[]),
    )
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def by_sfr(source: str, target: str, typed: bool) -> None:
    from sfr.conversion import Conversion, convert

    types = tuple(TYPES.items()) if typed else ()
    began = time.perf_counter()
    convert(Path(source), Path(target), Conversion("parquet", types=types), lambda _bytes: None)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
