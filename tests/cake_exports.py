"""What the tests of the CAKE connector share: a source on a server, a report, and an export with all its tries."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sfr.connector import Session, Tools
from sfr.errors import TransientError
from sfr.model import Fetched, Report, Window
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.source import Cake as CakeSource
from sfr.testing import Tray
from tests.servers.cake import KEY, Cake
from tests.servers.cake_plays import Asked, Fault
from tests.servers.cake_rows import Conversion

START = datetime(2025, 3, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def some(count: int, every: timedelta = MINUTE, start: datetime = START, first_id: int = 1000) -> list[Conversion]:
    start = start.astimezone(UTC)  # else Python adds by the clock on the wall
    return [Conversion(first_id + number, start + number * every) for number in range(count)]


def at_random(count: int, hours: float, seed: int) -> list[Conversion]:
    random = Random(seed)
    span = int(hours * 3_600_000)
    return [Conversion(1000 + n, START + timedelta(milliseconds=random.randrange(span))) for n in range(count)]


def window(hours: float = 24, start: datetime = START, zone: str = "UTC") -> Window:
    return Window(start.isoformat(), (start + timedelta(hours=hours)).isoformat(), zone)


def report(hours: float = 24, **fields: Any) -> Report:
    return Report("conversions.csv", "event_conversions", source="cake", **{"window": window(hours), **fields})


def config(server: Cake, **fields: Any) -> CakeConfig:
    told = {"url": server.url, "api_key": KEY, "timezone": server.zone.key, "first_byte_seconds": 20, **fields}
    return CakeConfig.model_validate(told)


def source(server: Cake, say: Callable[[str], None] = lambda _text: None, **fields: Any) -> CakeSource:
    tools = Tools("cake", lambda: Session(fields.pop("key", KEY), 1), say=say)
    return CakeSource(config(server, **fields), tools)


def fetch(server: Cake, wanted: Report, tray: Tray | None = None, **fields: Any) -> tuple[Fetched, Tray]:
    """One try."""
    into = tray or Tray()
    with closing(source(server, **fields)) as cake:
        return cake.fetch(wanted, into), into


def fetch_until_done(server: Cake, wanted: Report, tries: int = 50, **fields: Any) -> tuple[Fetched, Tray, int]:
    """Try after try, each from what the one before kept, by a process of its own; returns the failures too."""
    tray = Tray()
    for failures in range(tries):
        try:
            fetched, tray = fetch(server, wanted, tray, **fields)
        except TransientError:
            tray = tray.resumed()
        else:
            return fetched, tray, failures
    raise AssertionError(f"not done after {tries} tries")


def table(tray: Tray) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tray.data.decode())))


def ids(tray: Tray) -> list[int]:
    return [int(row["event_conversion_id"]) for row in table(tray)]


def faults(*steps: Fault | None, then: Fault | None = None) -> Callable[[Asked], Fault | None]:
    """Fault by fault, in the order of the questions."""
    return lambda asked: steps[asked.number] if asked.number < len(steps) else then


def ids_of(conversions: Sequence[Conversion]) -> list[int]:
    return sorted(conversion.id for conversion in conversions)
