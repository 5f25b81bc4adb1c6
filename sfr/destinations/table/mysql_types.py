"""Knows MySQL's types: which one a column is made with, and what one that is there keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sfr.column_types import ColumnType, read_type
from sfr.destinations.table.columns import Column

_TYPES = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "TINYINT(1)",
    "date": "DATE",
    "time": "TIME(6)",
    "timestamp": "DATETIME(6)",
    "timestamp with time zone": "DATETIME(6)",  # in UTC: TIMESTAMP ends in 2038
}
_LONGEST_VARCHAR = 1000
_KEY_CHARACTERS = 768  # of an index, https://mariadb.com/kb/en/innodb-limitations/
_USUAL_KEY = 255
_STORED = re.compile(r"(?P<name>[a-z]+)(?:\((?P<numbers>[\d,]+)\))?.*")


def type_of(column: Column, identity: Sequence[str], *, is_mariadb: bool) -> str:
    """The type for a column of a new table whose key is `identity`."""
    wanted = column.type
    if wanted is not None and wanted.kind == "decimal":
        return f"DECIMAL({wanted.precision},{wanted.scale})"
    if wanted is not None and wanted.kind != "text":
        return _TYPES[wanted.kind]
    length = wanted.length if wanted else 0
    if column.name in identity:  # a key is what it is to the letter, and no index takes more
        collation = "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
        return f"VARCHAR({min(length or _USUAL_KEY, _KEY_CHARACTERS // len(identity))}) COLLATE {collation}"
    return f"VARCHAR({length})" if 0 < length <= _LONGEST_VARCHAR else "LONGTEXT"


def column_there(name: str, stored: str, *, required: bool = False) -> Column:
    """A column that is there, `required` if it is NOT NULL. What is none of our types the database judges alone."""
    return replace(_column(name, stored), required=required)


def _column(name: str, stored: str) -> Column:
    found = _STORED.fullmatch(stored.lower())
    kind, numbers = (found["name"], found["numbers"]) if found else ("", None)
    if kind in ("tinyint", "smallint", "mediumint", "int", "bigint"):
        holds = {"integer", "boolean"} if kind == "tinyint" else {"integer"}
        return Column(name, ColumnType("integer"), stored, frozenset(holds))
    if kind in ("datetime", "timestamp", "time"):
        known = ColumnType({"datetime": "timestamp", "timestamp": "timestamp with time zone"}.get(kind, kind))
        moments = {"timestamp", "timestamp with time zone"} if kind == "datetime" else {known.kind}
        return Column(name, known, stored, frozenset(moments), fraction_digits=int(numbers or 0))
    if kind.endswith("text"):
        return Column(name, ColumnType("text"), stored, frozenset({"text"}))
    try:
        known = read_type(f"{kind}({numbers})" if numbers else kind)
    except ValueError:
        return Column(name, None, stored)
    holds = {known.kind, "integer"} if known.kind == "decimal" else {known.kind}
    return Column(name, known, stored, frozenset(holds))
