"""Plays a Superset over a table that changes between two requests, with limits of its own that it tells nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.superset_faults import Reply, told

DATA = "/api/v1/chart/data"
Rows = list[tuple[int, str]]


@dataclass
class Table:
    """The answers to chart data requests. `rows` are given in the order of their ids, at most `cap` at once.

    `changes` are made one by one, each behind an answer with rows; the last one for ever if `for_ever`. `miscounted` is
    added to each count; None: it cannot count. `counts` and `pages` are what was asked for, as limit and offset.
    """

    rows: Rows
    cap: int = 1_000_000
    changes: list[Callable[[Rows], object]] = field(default_factory=list)
    for_ever: bool = False
    miscounted: int | None = 0
    counts: list[tuple[int, int]] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)

    def decide(self, _method: str, path: str, body: Any) -> Reply | None:
        """For `superset_faults.answering`."""
        if path != DATA:
            return None
        query = body["queries"][0]
        limit, offset = query.get("row_limit") or 1_000_000, query.get("row_offset") or 0
        found = sorted(self.rows)[offset : offset + min(limit, self.cap)]
        if query.get("is_rowcount"):
            self.counts.append((limit, offset))
            if self.miscounted is None:
                return told({"message": "cannot count"}, 400)
            more = self.miscounted if limit > 1 and found else 0
            return told({"result": [{"data": [{"rowcount": len(found) + more}]}]})
        self.pages.append((limit, offset))
        lines = "".join(f"{number},{name}\r\n" for number, name in found)
        if self.changes:
            change = self.changes[0] if self.for_ever and len(self.changes) == 1 else self.changes.pop(0)
            change(self.rows)
        return Reply(f"id,name\r\n{lines}".encode())


def numbered(size: int, first: int = 1) -> Rows:
    """So many rows, each with an id of its own."""
    return [(number, f'the "{number}th"'.replace('"', "'")) for number in range(first, first + size)]


def asking(limit: int | None) -> dict[str, Any]:
    """A payload for the table."""
    query: dict[str, Any] = {"columns": ["id", "name"]}
    return {
        "datasource": {"id": 1, "type": "table"},
        "queries": [query if limit is None else {**query, "row_limit": limit}],
    }
