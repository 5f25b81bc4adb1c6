"""Knows where queries come from, a list or a .sql file, and which values they get beside those of the list."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from sfr.connector import ReferenceProblem
from sfr.errors import ReportError
from sfr.model import Window
from sfr.similar_names import did_you_mean
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.statement import read_statement

WINDOW_NAMES = ("window_start", "window_end", "window_start_date", "window_end_date")
_ONE_LINE = re.compile(r"[^\n]+\.sql", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a query, and the file that it stands in, "" for a list."""

    text: str
    file: str = ""


def is_file(text: str) -> bool:
    """Is this the name of a .sql file, and no query?"""
    return _ONE_LINE.fullmatch(text.strip()) is not None


def load(text: str, option: str = "query") -> Written:
    """The query that is meant: `text`, or what stands in the file of that name, beginning at the folder in which sfr is
    started. Raises ReferenceProblem about `option`."""
    if not is_file(text):
        return Written(text)
    path = Path(text.strip())
    try:
        return Written(path.read_text(encoding="utf-8-sig"), text.strip())
    except FileNotFoundError as error:
        near = did_you_mean(path.name, [each.name for each in path.parent.glob("*.sql")])
        message = f"is not there: {path.absolute()}"
        raise ReferenceProblem(option, text.strip(), message, near or "Write where the file is.") from error
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Save the query as a text file in UTF-8."
        raise ReferenceProblem(option, text.strip(), f"cannot be read: {error}", remedy) from error


def names_in(written: Written, dialect: str, option: str = "query") -> tuple[str, ...]:
    """The parameters of a query. Raises ReferenceProblem where it is empty, or holds several statements."""
    try:
        return read_statement(written.text, dialect).names
    except ReportError as error:
        value = written.file or written.text.strip()[:60]
        raise ReferenceProblem(option, value, error.message, error.remedy) from error


def check_names(used: Collection[str], given: Collection[str], window: Window | None) -> None:
    """Raises ReferenceProblem for a parameter without a value, and for a value that no query uses."""
    for name in dict.fromkeys(used):
        if name in WINDOW_NAMES and window is None and name not in given:
            message = "stands in the query, and this report has no window"
            raise ReferenceProblem("window", f":{name}", message, "Give it one, such as last_30_days.")
        if name not in given and name not in WINDOW_NAMES:
            remedy = did_you_mean(name, given) or f"Give it one below params: {name}: …"
            raise ReferenceProblem("params", f":{name}", "stands in the query and has no value", remedy)
    for name in given:
        if name not in used:
            remedy = did_you_mean(name, used) or "Take it out, or use it in the query."
            raise ReferenceProblem(
                "params", name, "is given a value, and the query has no parameter of this name", remedy
            )


def window_values(window: Window | None, config: SqlConfig) -> Mapping[str, datetime | date]:
    """The ends of the window as values: `:window_start`, `:window_end` as moments, and `:window_start_date` with
    `:window_end_date` as the first day that has a part in it and the first one behind it, in the window's own zone."""
    if window is None:
        return {}
    zone = ZoneInfo(window.zone)
    start, end = datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return {
        "window_start": moment_value(start, config),
        "window_end": moment_value(end, config),
        "window_start_date": start.astimezone(zone).date(),
        "window_end_date": last + timedelta(days=1),
    }


def moment_value(moment: datetime, config: SqlConfig) -> datetime:
    """A moment as this database understands it: with its offset where there are times with a zone, else as what clocks
    show in the source's own zone."""
    local = moment.astimezone(zone_of(config.timezone))
    return local if config.address.dialect == "postgresql" else local.replace(tzinfo=None)


def zone_of(name: str) -> tzinfo:
    """The zone that a source's `timezone` means: UTC, a name, an offset."""
    if name[:1] in ("+", "-"):
        hours, minutes = name[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset)
    return UTC if name == "UTC" else ZoneInfo(name)


def dialect_of(address: str | None) -> str:
    """The kind of database that an address is of, as far as its first word tells."""
    word = (address or "").strip().partition("://")[0].partition("+")[0].lower()
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(word, word)
