"""What a small Metabase holds: questions over a table, dashboards, and the ways in which an export can end."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import json
import threading
import uuid
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

_numbers = itertools.count(1)


class Ending(Enum):
    """How an export ends. The comment says who did it: the generation of Metabase, or something in between."""

    WHOLE = auto()
    FAILED_AS_CSV = auto()  # A: 200, text/csv, the body is JSON
    FAILED_ACCEPTED = auto()  # A: 202, application/json
    FAILED_500 = auto()  # B: 500, application/json
    GLUED = auto()  # B: rows, and the JSON on a line of its own
    GLUED_TO_LINE = auto()  # B: … behind the last field, before its line end
    GLUED_IN_QUOTES = auto()  # B: … in the middle of a quoted field
    BROKEN = auto()  # C: the chunked body never ends
    CUT_IN_RECORD = auto()  # a time limit: ends in the middle of a row, closed as if all was well
    CUT_IN_LAST_FIELD = auto()  # … in the last field of a row, which has all its fields then
    CUT_AT_LINE = auto()  # … just behind a line: nothing shows it
    CUT_PACKED = auto()  # … the gzip stream lacks its end, the chunked body does not
    PROXY_504 = auto()  # a router that waits 30 s
    PORTAL = auto()  # a login page of the company, 200


FAILURE = {
    "database_id": 1,
    "started_at": "2026-01-02T03:04:05Z",
    "via": [{"status": "failed", "class": "class org.postgresql.util.PSQLException", "error": "ERROR: no"}],
    "error_type": "invalid-query",
    "json_query": {"native": {"query": 'select "a" from {{t}}\nwhere x = \'{"b": 1}\''}},
    "status": "failed",
    "class": "class org.postgresql.util.PSQLException",
    "stacktrace": ["org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2676)"],
    "error": 'ERROR: column "amuont" does not exist\n  Position: 8',
    "row_count": 0,
    "data": {"rows": [], "cols": []},
}

COLUMNS = ("id", "city", "amount", "day", "note")
ROWS: tuple[tuple[Any, ...], ...] = (
    (1, "Rome", 1234.5, datetime.date(2026, 1, 2), 'a {"b": [1, 2]}'),
    (2, "Paris", 2.0, datetime.date(2026, 1, 3), 'x, "y"\nz'),
    (3, "Rome", 1000000.25, datetime.date(2026, 2, 4), ""),
    (4, "Zürich", 0.5, datetime.date(2026, 2, 5), '{"status": "failed", "error": "in a field"}'),
)


@dataclass
class Card:
    """A saved question over a table; `tags` are its variables, each filters the column of its name for equality.

    `failure` is what the JSON says when `ending` fails; `gate` holds back the first byte until it is set;
    `reached` is set when an export is asked for.
    """

    name: str
    columns: tuple[str, ...] = COLUMNS
    rows: tuple[tuple[Any, ...], ...] = ROWS
    tags: dict[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE
    endings: list[Ending] = field(default_factory=list)  # before `ending`, one for each request
    failure: dict[str, Any] = field(default_factory=lambda: dict(FAILURE))
    body: bytes | None = None
    archived: bool = False
    forbidden: bool = False
    kind: str = "question"
    collection: str = ""
    gate: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    id: int = field(default_factory=lambda: next(_numbers))
    public_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def next_ending(self) -> Ending:
        return self.endings.pop(0) if self.endings else self.ending

    def described(self) -> dict[str, Any]:
        tags = {
            name: {"id": f"tag-{name}", "name": name, "display-name": name.title(), "type": kind.split(":")[0]}
            | ({"widget-type": kind.split(":")[1]} if ":" in kind else {})
            for name, kind in self.tags.items()
        }
        native = {"query": f"select * from orders -- {self.name}", "template-tags": tags}
        return {
            "id": self.id,
            "name": self.name,
            "archived": self.archived,
            "type": self.kind,
            "parameters": [],
            "dataset_query": {"type": "native", "database": 1, "native": native},
            "collection": {"name": self.collection} if self.collection else None,
        }

    def selected(self, values: dict[str, Any]) -> tuple[tuple[Any, ...], ...]:
        """The rows in which each column named has the value, or one of the values."""
        wanted = {self.columns.index(name): _texts(value) for name, value in values.items() if value is not None}
        return tuple(row for row in self.rows if all(str(row[at]) in texts for at, texts in wanted.items()))


def _texts(value: Any) -> set[str]:
    return {str(item) for item in value} if isinstance(value, list) else {str(value)}


@dataclass
class Place:
    """A card on a dashboard. `mapped` gives the tag that a filter (by its id) sets there. No card: a text."""

    card: Card | None
    mapped: dict[str, str] = field(default_factory=dict)
    series: tuple[Card, ...] = ()
    title: str = ""
    id: int = field(default_factory=lambda: next(_numbers))

    def described(self) -> dict[str, Any]:
        card = self.card.described() if self.card else None
        return {
            "id": self.id,
            "card_id": self.card.id if self.card else None,
            "card": card,
            "series": [card.described() for card in self.series],
            "visualization_settings": {"card.title": self.title} if self.title else {},
            "parameter_mappings": [
                {"parameter_id": name, "card_id": self.card.id, "target": ["variable", ["template-tag", tag]]}
                for name, tag in self.mapped.items()
                if self.card
            ],
        }


@dataclass
class Dashboard:
    """`filters` are id → (slug, default)."""

    name: str
    places: list[Place]
    filters: dict[str, tuple[str, Any]] = field(default_factory=dict)
    old: bool = False  # its list is called `ordered_cards`
    id: int = field(default_factory=lambda: next(_numbers))
    public_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def described(self) -> dict[str, Any]:
        parameters = [
            {"id": key, "slug": slug, "name": slug.title(), "type": "string/=", "default": default}
            for key, (slug, default) in self.filters.items()
        ]
        places = [place.described() for place in self.places]
        cards = "ordered_cards" if self.old else "dashcards"
        return {"id": self.id, "name": self.name, "parameters": parameters, cards: places}


def written(columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...], separator: str, formatted: bool) -> bytes:
    """The rows as Metabase writes them: quotes where they are needed, a line feed behind each line."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    shown = _formatted if formatted else str
    writer.writerows([[shown(value) for value in row] for row in rows])
    return text.getvalue().encode()


def _formatted(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:%B} {value.day}, {value.year}" if isinstance(value, datetime.date) else str(value)


def ended(rows: bytes, ending: Ending, failure: dict[str, Any]) -> bytes:
    """The bytes that go out when the export ends so."""
    message = json.dumps(failure, separators=(",", ":")).encode()
    last_line = rows.rstrip(b"\n").rfind(b"\n") + 1
    half = rows[: last_line + 3]
    match ending:
        case Ending.FAILED_AS_CSV | Ending.FAILED_ACCEPTED | Ending.FAILED_500:
            return message
        case Ending.GLUED:
            return rows[:last_line] + message
        case Ending.GLUED_TO_LINE:
            return rows.removesuffix(b"\n") + message
        case Ending.GLUED_IN_QUOTES:
            return rows[: rows.index(b'"') + 2] + message
        case Ending.CUT_IN_RECORD:
            return half
        case Ending.CUT_IN_LAST_FIELD:
            return rows[:-2]
        case Ending.CUT_AT_LINE:
            return rows[:last_line]
    return rows
