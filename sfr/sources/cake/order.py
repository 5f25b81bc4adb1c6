"""Makes one export out of a report: from when to when, by which filters, in which columns."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from sfr.errors import ReportError
from sfr.model import Report
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.moments import after_repetition, before_repetition, midnight, ticks_of
from sfr.sources.cake.options import CakeOptions, read_date
from sfr.sources.cake.reference import merged


@dataclass(frozen=True, slots=True)
class Order:
    """`start_ticks` to `end_ticks` is wanted; `start` to `end` is asked for, which is more only where a wanted end
    lies in the hour that the instance's clock shows twice. `mark` tells one order from another."""

    start: datetime
    end: datetime
    start_ticks: int
    end_ticks: int
    filters: dict[str, Any]
    options: CakeOptions
    mark: str


def order_of(report: Report, config: CakeConfig) -> Order:
    """Raises ReportError for a report without dates, with both kinds of dates, or with parameters that do not fit."""
    zone = ZoneInfo(config.timezone)
    try:
        options = merged(report.options, report.params)
        start, end = _span(report, options, zone)
    except ValidationError as error:
        problem = error.errors()[0]
        raise _unfit(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
    except (ValueError, OverflowError) as error:
        raise _unfit(str(error)) from None
    if start >= end:
        raise _unfit("it ends before it begins")
    first, last = before_repetition(start, zone), after_repetition(end, zone)
    if config.answer == "xml" and (first, last) != (start, end):
        raise ReportError(
            "the window begins or ends in the hour that the instance's clock shows twice, which XML dates do not tell",
            reason="window",
            remedy="set ANSWER=json, or let the window begin and end at other times",
        )
    filters = options.filters(config.version)
    place = [config.url, config.username, config.version, config.timezone]
    described = [str(first), str(last), filters, options.table, options.currencies, place]
    mark = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]
    return Order(first, last, ticks_of(start), ticks_of(end), filters, options, mark)


def _span(report: Report, options: CakeOptions, zone: ZoneInfo) -> tuple[datetime, datetime]:
    window, dated = report.window, options.start_date and options.end_date
    if window is not None and dated:
        raise _unfit("it has a window and start_date and end_date as well: take one of them out")
    if window is not None:
        start, end = datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
        if start.tzinfo is None or end.tzinfo is None:
            raise _unfit("its window has no offset from UTC")
        return start.astimezone(UTC).replace(microsecond=0), end.astimezone(UTC).replace(microsecond=0)
    if not dated:
        raise ReportError(
            "no time is given for this export",
            reason="window",
            remedy="give it a window (yesterday, 2026-01-01..2026-02-01), or start_date and end_date as dd-mm-yyyy",
        )
    after_last = read_date(options.end_date) + timedelta(days=1)
    return midnight(read_date(options.start_date), zone), midnight(after_last, zone)


def _unfit(why: str) -> ReportError:
    return ReportError(f"this export cannot be asked for: {why}", reason="window", remedy="correct it in the list")
