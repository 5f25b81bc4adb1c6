"""What is kept of a long report between two tries, and when it is too old or another's to go on from."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

FRESH_SECONDS = 1800.0  # beyond, its rows and those to come would be of two different times


@dataclass(frozen=True, slots=True)
class Point:
    """How far a report came. `asked` tells whose it is: a digest of the server, the account and the query.

    `border` is the identity of its last row, `added` how many rows came before it meanwhile, `twins` says whether a
    border had two rows alike, `counted` how many rows the server told of when it began. `begun_at` and `kept_at` are in
    seconds since the epoch.
    """

    asked: str
    begun_at: float
    kept_at: float
    rows: int
    page_rows: int
    pages: int
    way: str
    header: str
    border: str
    added: int
    twins: bool
    counted: int | None

    def text(self) -> str:
        """As a sink keeps it."""
        return json.dumps(asdict(self))


def digest_of(*asked: Any) -> str:
    """The same for two tries that ask the same server the same."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def read(text: str, asked: str, now: float | None = None) -> Point | None:
    """The point that a text stands for; None where it is no good any more.

    It is for half an hour after its last page, which a run that goes on needs little of, and for the calendar day of
    its first page (here, and in UTC, where servers often are): "Last day" means other rows tomorrow.
    """
    try:
        point = Point(**json.loads(text))
        now = time.time() if now is None else now
        fresh = 0 <= now - point.kept_at <= FRESH_SECONDS and _days(now) == _days(point.begun_at)
    except (ValueError, TypeError, OverflowError):
        return None
    return point if point.asked == asked and fresh else None


def _days(moment: float) -> tuple[str, str]:
    there = datetime.fromtimestamp(moment, UTC)
    return there.date().isoformat(), there.astimezone().date().isoformat()
