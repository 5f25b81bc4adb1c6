"""Knows the bulk route of MySQL, LOAD DATA LOCAL INFILE, and the way round it, with many rows in one INSERT."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sfr.atomic import delivery_error
from sfr.destinations.table.errors import mysql_kind, refused
from sfr.destinations.table.records import Records, Row
from sfr.errors import SfrError
from sfr.part_names import part_name

PART_BYTES = 1 << 25

_NO_VALUE = b"NULL"
_ROW = re.compile(r" at row (\d+)$")
_LOADING = re.compile(r"(?:`[^`]*`\.)?`sfr_loading_[0-9a-f]+`(\.)?")  # a name that nobody has seen, and of its columns

Run = Callable[[str], list[tuple[Any, ...]]]


def load_all(cursor: Any, run: Run, table: str, columns: str, records: Records) -> int:
    """Load part after part, each from a file that is gone afterwards: between two of them a load can be stopped.

    Returns how many rows went in. With LOCAL the server takes what does not fit for something near it and warns, so
    each warning is an error here.
    """
    part = records.folder / part_name("load", os.getpid())
    statement = (
        f"LOAD DATA LOCAL INFILE {_literal(part.as_posix())} INTO TABLE {table} "
        f"FIELDS TERMINATED BY {_literal(records.delimiter.decode())} OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' "
        f"LINES TERMINATED BY {_literal(records.line_end.decode())} ({columns})"
    )
    count = 0
    try:
        for _ in _parts(records, part):
            cursor.execute(statement)
            loaded = int(cursor.rowcount)
            if (warning := run("SELECT @@warning_count")[0][0]) or loaded < 0:
                raise _warned(run("SHOW WARNINGS LIMIT 1"), int(warning), count)
            count += loaded
    finally:
        with suppress(OSError):  # swept at the next start
            part.unlink(missing_ok=True)
    return count


def insert_all(cursor: Any, table: str, columns: str, records: Records, batch_records: int) -> int:
    """As `load_all`, for a server that takes no files; the drivers make one statement of many rows."""
    marks = ", ".join(["%s"] * len(records.columns))
    statement = f"INSERT INTO {table} ({columns})".replace("%", "%%") + f" VALUES ({marks})"
    count = 0
    for rows in records.rows():
        for begin in range(0, len(rows), batch_records):
            cursor.executemany(statement, rows[begin : begin + batch_records])
            count += int(cursor.rowcount)
    return count


def _parts(records: Records, part: Path) -> Any:
    """Writes the next records into `part`, and yields when they are to be loaded."""
    nulls = _Nulls(records)
    pieces = records.pieces()
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        data = nulls.put_into(piece) if isinstance(piece, bytes) else _lines(piece, records)
        waiting.append(data)
        size += len(data)
        if size >= PART_BYTES:
            _write(part, waiting)
            waiting, size = [], 0
            yield
    if waiting:
        _write(part, waiting)
        yield


def _write(part: Path, data: Sequence[bytes]) -> None:
    try:
        with part.open("wb") as file:
            file.writelines(data)
    except OSError as error:
        raise delivery_error(part, error) from error


class _Nulls:
    """Puts NULL, the word that stands for no value without quotes, in place of the text that does so in the file."""

    def __init__(self, records: Records) -> None:
        self._null = None if records.null == _NO_VALUE else records.null
        begins, ends = (b"\n", records.delimiter), (records.delimiter, records.line_end)
        self._cells = [(before, behind) for before in begins for behind in ends]

    def put_into(self, run: bytes) -> bytes:
        if self._null is None or self._null not in run:
            return run
        if b'"' not in run:
            return self._put(run)
        parts = run.split(b'"')  # what stands in quotes, and what does not, in turns
        parts[::2] = self._put(b'"'.join(parts[::2])).split(b'"')
        return b'"'.join(parts)

    def _put(self, text: bytes) -> bytes:
        text = b"\n" + text
        for before, behind in self._cells * 2:  # a cell begins with what the one before it has ended with
            text = text.replace(before + (self._null or b"") + behind, before + _NO_VALUE + behind)
        return text[1:]


def _lines(rows: Sequence[Row], records: Records) -> bytes:
    lines = [
        records.delimiter.join(
            _NO_VALUE if value is None else b'"%b"' % value.replace('"', '""').encode() for value in row
        )
        for row in rows
    ]
    return b"".join(line + records.line_end for line in lines)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\r", "\\r").replace("\n", "\\n") + "'"


def _warned(warnings: Sequence[tuple[Any, ...]], count: int, before: int) -> SfrError:
    """The error for the first warning about the rows that follow the first `before` ones."""
    _level, number, text = warnings[0] if warnings else ("", 0, f"{count:,} warnings")
    row = _ROW.search(text)
    place = f"record {before + int(row[1]):,}: " if row else ""
    told = _LOADING.sub(lambda found: "" if found[1] else "the table", _ROW.sub("", text))
    return refused(mysql_kind(number) or "data", f"{place}{told}")
