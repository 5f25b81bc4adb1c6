"""Knows the names that a load goes by in MySQL while it is under way; each belongs to one table and to us."""

from __future__ import annotations

import hashlib

from sfr.destinations.table.naming import TableName


def loading_of(table: TableName) -> TableName:
    """What will become `table`, while it is filled."""
    return _beside(table, "loading")


def replaced_of(table: TableName) -> TableName:
    """What `table` was until just now."""
    return _beside(table, "replaced")


def lock_of(table: TableName) -> str:
    """Whoever has this lock of the server is the only load of ours into `table`."""
    return f"sfr:{_digest(table, 32)}"


def _beside(table: TableName, what: str) -> TableName:
    return TableName(f"sfr_{what}_{_digest(table, 16)}", table.schema)


def _digest(table: TableName, length: int) -> str:
    return hashlib.sha256(table.shown.casefold().encode()).hexdigest()[:length]
