"""A report of very many records out of nothing, in several formats, and whether a file holds all of them, once."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from pathlib import Path

COUNT = 300_000
QUERY = (
    f"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {COUNT}) "
    "SELECT id, hex(randomblob(16)) AS words, 'over and over ' || id AS more FROM n"
)
OLD = b"the file of yesterday\n"


def ids_of(path: Path) -> list[int]:
    """The column `id` of a file, by its format; fails where the file is not whole."""
    if path.suffix == ".parquet":
        from pyarrow.parquet import read_table

        return [int(each) for each in read_table(path, columns=["id"])["id"].to_pylist()]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            sheet = book.read("xl/worksheets/sheet1.xml")
        return [int(each) for each in re.findall(rb'<c r="A\d+"[^>]*>(?:<v>|<is><t[^>]*>)(\d+)<', sheet)]
    if path.suffix == ".jsonl":
        return [int(json.loads(line)["id"]) for line in path.read_text(encoding="utf-8").splitlines()]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [int(row["id"]) for row in csv.DictReader(io.StringIO(content.decode()))]


def check_whole(path: Path) -> None:
    assert sorted(ids_of(path)) == list(range(1, COUNT + 1))
