"""Holds the records that are to be delivered to what the list expects of them: types, unique keys, a newest date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from sfr.atomic import delivery_error
from sfr.checks import Failure, failures, refuse
from sfr.column_types import ColumnType, read_type, shown
from sfr.csv_records import CsvRecords, Row, Rows, value_reader
from sfr.csv_scan import CsvFacts
from sfr.model import Report
from sfr.repeats import Repeats, key_reader

_MOST_SHOWN_FAILURES = 10
_DAY = timedelta(days=1)
_DATE, _ZONELESS, _ZONED = map(read_type, ("date", "timestamp", "timestamp with time zone"))
_SAYS_ZONE = re.compile(r"[0-9:.](?:Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)$").search

ValueOf = Callable[[bytes], bytes | None]


def check(  # noqa: PLR0917
    path: Path,
    report: Report,
    facts: CsvFacts,
    null: str | None,
    now: float,
    progress: Callable[[int], None],
) -> None:
    """Read the CSV at `path`, which a scan knows as `facts`, if something is expected of its values.

    `null` is the text without quotes that stands for no value, None where every text is a value; `now` are seconds
    since the epoch; `progress` is told how many bytes were read and may raise to stop.
    Raises InvalidReport with all expectations that are not met, its reason that of the first: too-few, too-many,
    no-records, columns, type, not-unique, too-old. Raises DeliveryError where a large key finds no room on the disk.
    """
    found = failures(report, facts)
    expect = report.expect
    if facts.records and (expect.unique or expect.types or expect.newest):
        try:
            found += _failures_in(CsvRecords(path, facts, progress), path.parent, report, value_reader(null), now)
        except OSError as error:
            raise delivery_error(path, error) from error
    refuse(found[:_MOST_SHOWN_FAILURES])


def _failures_in(records: CsvRecords, folder: Path, report: Report, value: ValueOf, now: float) -> list[Failure]:
    """What is wrong with the values; which columns are missing, or twice there, has been told."""
    expect, columns = report.expect, records.columns
    with ExitStack() as open_now:
        wanted: list[_Expected] = [
            _Typed(columns.index(column), column, read_type(name), value)
            for column, name in expect.types
            if columns.count(column) == 1
        ]
        if expect.unique and all(columns.count(column) == 1 for column in expect.unique):
            unique = _Unique(expect.unique, records, value, open_now.enter_context(Repeats(folder)))
            wanted.append(unique)
        if expect.newest and columns.count(expect.newest[0]) == 1:
            number = columns.index(expect.newest[0])
            zone: tzinfo = ZoneInfo(report.window.zone) if report.window else UTC
            wanted.append(_Newest(number, expect.newest, value, zone, now))
        for rows in records.batches():
            for each in wanted:
                each.see(rows)
        return [failure for each in wanted for failure in each.failures()]


class _Expected(Protocol):
    """Sees all records in their order, then says what is wrong with them."""

    def see(self, rows: Rows) -> None: ...
    def failures(self) -> Iterator[Failure]: ...


class _Typed:
    """Every value of a column fits a type; no value, and for other types than text the empty text, fits any."""

    def __init__(self, number: int, column: str, wanted: ColumnType, value: ValueOf) -> None:
        self._number, self._column, self._wanted, self._value = number, column, wanted, value
        self._passed = self._misfits = 0
        self._first = ""

    def see(self, rows: Rows) -> None:
        number, value, read = self._number, self._value, self._wanted.value
        for place, row in enumerate(rows, self._passed + 1):
            if text := value(row[number]):
                try:
                    read(text.decode())
                except ValueError as error:
                    self._misfits += 1
                    self._first = self._first or _told(place, self._column, text, error)
        self._passed += len(rows)

    def failures(self) -> Iterator[Failure]:
        if self._misfits:
            more = f", and {self._misfits - 1:,} more of this column" if self._misfits > 1 else ""
            yield Failure(f"{self._first}{more}", "type", "expect.types")


class _Unique:
    """No two records have the same values in some columns. No value is like no value."""

    def __init__(self, columns: Sequence[str], records: CsvRecords, value: ValueOf, repeats: Repeats) -> None:
        self._columns, self._records, self._value, self._repeats = columns, records, value, repeats
        self._numbers = [records.columns.index(column) for column in columns]
        self._key = key_reader(self._numbers, value)
        self._passed = self._repeated = 0
        self._first: int | None = None
        self._early = 0

    def see(self, rows: Rows) -> None:
        news = self._repeats.news(map(self._key, rows))
        if news is not None:
            self._note(news, self._passed)
            self._early += len(rows)
        self._passed += len(rows)

    def failures(self) -> Iterator[Failure]:
        self._note(self._repeats.late_news(), self._early)
        if self._first is None:
            return
        first, second, shown_values = self._pair(self._first)
        more = f", and {self._repeated - 1:,} more repeat others" if self._repeated > 1 else ""
        same = " and ".join(self._columns)
        yield Failure(
            f"records {first:,} and {second:,} have the same {same}, {shown_values}{more}",
            "not-unique",
            "expect.unique",
        )

    def _note(self, news: Sequence[int], passed: int) -> None:
        repeated = len(news) - sum(news)
        if repeated and self._first is None:
            self._first = passed + news.index(False)
        self._repeated += repeated

    def _pair(self, number: int) -> tuple[int, int, str]:
        """The record of that number (from 0) and the first one like it, both counted from 1, and their values."""
        row = next(islice(self._rows(), number, None))
        key = self._key(row)
        first = next(place for place, other in enumerate(self._rows(), 1) if self._key(other) == key)
        values = [self._value(row[column]) for column in self._numbers]
        return first, number + 1, ", ".join("no value" if text is None else shown(text.decode()) for text in values)

    def _rows(self) -> Iterator[Row]:
        return (row for rows in self._records.batches() for row in rows)


class _Newest:
    """The newest moment of a column is not older than some seconds. A date stands for the end of its day, a time that
    says no zone is one of `zone`. What is more than a day in the future is no evidence of anything."""

    def __init__(self, number: int, newest: tuple[str, float], value: ValueOf, zone: tzinfo, now: float) -> None:
        self._number, self._value = number, value
        self._column, self._seconds = newest
        self._zone, self._now = zone, datetime.fromtimestamp(now, UTC)
        self._newest: datetime | None = None
        self._text = ""
        self._passed = self._misfits = 0
        self._first = ""

    def see(self, rows: Rows) -> None:
        latest = self._now + _DAY
        for place, row in enumerate(rows, self._passed + 1):
            if text := self._value(row[self._number]):
                try:
                    moment = _moment(text.decode(), self._zone)
                except ValueError as error:
                    self._misfits += 1
                    self._first = self._first or _told(place, self._column, text, error)
                    continue
                if moment <= latest and (self._newest is None or moment > self._newest):
                    self._newest, self._text = moment, text.decode()
        self._passed += len(rows)

    def failures(self) -> Iterator[Failure]:
        if self._misfits:
            more = f", and {self._misfits - 1:,} more of this column" if self._misfits > 1 else ""
            yield Failure(f"{self._first}{more}", "type", "expect.newest")
        elif self._newest is None:
            yield Failure(
                f"no record has a date in {self._column!r} that could be the newest", "too-old", "expect.newest"
            )
        elif (age := (self._now - self._newest).total_seconds()) > self._seconds:
            yield Failure(
                f"the newest {self._column!r} is {self._text}, {_span(age)} ago; the list wants one of the last "
                f"{_span(self._seconds)}",
                "too-old",
                "expect.newest",
            )


def _moment(text: str, zone: tzinfo) -> datetime:
    """Raises ValueError for what is no date and no timestamp."""
    kind = _DATE if len(text) == len("2026-11-21") else _ZONED if _SAYS_ZONE(text) else _ZONELESS
    found = kind.value(text)
    if isinstance(found, datetime):
        return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    assert isinstance(found, date)
    try:
        return datetime.combine(found + _DAY, time(), zone)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _told(place: int, column: str, text: bytes, why: ValueError) -> str:
    return f"record {place:,}, column {column!r}: {shown(text.decode())} {why}"


def _span(seconds: float) -> str:
    """A time as people say it: "26 hours", "90 seconds"."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}s"
    return f"{seconds:,.0f} seconds"
