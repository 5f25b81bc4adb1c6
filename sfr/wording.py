"""Knows how sizes, speeds, durations, moments and outcomes are put into words for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sfr.model import WORKBOOK, Attempt, Outcome, Phase, Result, Run, Snapshot, Status

UNFINISHED = frozenset({Status.QUEUED, Status.RUNNING, Status.FAILED, Status.SKIPPED, Status.CANCELLED})
"""How a report can stand when its file is not there: what a re-run fetches."""

_PHASES = {
    Phase.WAITING: "waiting",
    Phase.SERVER: "server is preparing",
    Phase.TRANSFER: "transfer",
    Phase.FINISHING: "checking and saving",
}
_WITHOUT_ERROR = {
    Status.QUEUED: "never started: the run ended before its turn",
    Status.RUNNING: "still running when the run ended",
    Status.UNVERIFIED: "kept, but nothing proves that it is complete",
    Status.FAILED: "failed without saying why",
    Status.SKIPPED: "not tried",
    Status.CANCELLED: "stopped before it was complete",
}


def sentence(text: str) -> str:
    """The text with a stop behind it, unless it has one."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def size(count: float) -> str:
    """Bytes in decimal units, as in "12.3 MB" (1 MB = 1,000,000 bytes)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.1f} {unit}" if count < 99.95 and unit != "B" else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def speed(bytes_per_second: float) -> str:
    """As in "3.4 MB/s"."""
    return f"{size(bytes_per_second)}/s"


def duration(seconds: float) -> str:
    """As in "0.4 s", "12 s", "2 min 05 s", "1 h 02 min"."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def clock(seconds: float) -> str:
    """As in "0:42", "12:05", "1:02:03": for figures that tick."""
    whole = max(int(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def moment(epoch_seconds: float, timezone: str) -> str:
    """As in "2026-11-21 07:00:12", in the IANA zone `timezone`."""
    return datetime.fromtimestamp(epoch_seconds, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, noun: str) -> str:
    """As in "1 report", "2,500 reports"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def doing(snapshot: Snapshot, now: float, bytes_per_second: float) -> str:
    """What a running job does just now, as in "server is preparing 0:42" or "1.2 MB · 3.4 MB/s"."""
    passed = max(now - snapshot.since, 0.0)
    note = f": {snapshot.note}" if snapshot.note else ""
    match snapshot.phase:
        case Phase.WAITING:
            return f"{_PHASES[Phase.WAITING]} {f'{passed:.0f} s' if passed < 59.5 else clock(passed)}{note}"
        case Phase.SERVER:
            return f"{_PHASES[Phase.SERVER]} {clock(passed)}{note}"
        case Phase.TRANSFER:
            return f"{size(snapshot.bytes)} · {speed(bytes_per_second)}{note}"
        case Phase.FINISHING:
            return f"{_PHASES[Phase.FINISHING]}{note}"


def remark(outcome: Outcome) -> str:
    """Why a job is not simply done, in words; "" when it is."""
    return outcome.error or _WITHOUT_ERROR.get(outcome.status, "")


def attempts(outcome: Outcome) -> int:
    """How often a job was tried."""
    return max((attempt.number for attempt in outcome.attempts), default=0)


def seconds(outcome: Outcome) -> float:
    """Seconds from a job's start to its end; 0 if it never started or never ended."""
    if outcome.started_at is None or outcome.finished_at is None:
        return 0.0
    return max(outcome.finished_at - outcome.started_at, 0.0)


def transfer_seconds(attempt: Attempt) -> float:
    """Seconds in which bytes flowed."""
    return max(attempt.seconds - attempt.server_seconds, 0.0)


def bytes_per_second(outcome: Outcome) -> float | None:
    """Speed of the attempt that brought the file, None where it was too short to measure."""
    if not outcome.bytes or not outcome.attempts:
        return None
    flowing = transfer_seconds(outcome.attempts[-1])
    return (outcome.attempts[-1].bytes or outcome.bytes) / flowing if flowing >= 0.001 else None


def tally(results: Iterable[Result]) -> dict[Status, int]:
    """How many jobs stand how; every status has an entry."""
    counted = dict.fromkeys(Status, 0)
    for result in results:
        counted[result.outcome.status] += 1
    return counted


def amounts(run: Run, results: Sequence[Result]) -> list[str]:
    """Records, bytes, wall time and speed of a whole run, as in ["1,200 records", "1.4 GB", "42 s", "33.3 MB/s"]. The
    records in a workbook are those of its reports, which are counted already."""
    kept = [result for result in results if result.outcome.status not in UNFINISHED]
    records = sum(result.outcome.records or 0 for result in kept if result.job.report.source != WORKBOOK)
    total = sum(result.outcome.bytes for result in kept)
    passed = run_seconds(run, results)
    rate = [speed(total / passed)] if passed > 0 and total else []
    return [count(records, "record"), size(total), duration(passed), *rate]


def run_seconds(run: Run, results: Iterable[Result]) -> float:
    """Seconds from a run's start to its end, or to the last thing it did."""
    ends = [result.outcome.finished_at or 0.0 for result in results]
    return max((run.finished_at or max(ends, default=0.0)) - run.started_at, 0.0)


def problems(results: Iterable[Result]) -> list[list[Result]]:
    """Results that are not done, those with the same status, reason and remedy together, failed ones first."""
    groups: dict[tuple[Status, str, str], list[Result]] = {}
    for result in results:
        outcome = result.outcome
        if outcome.status is not Status.DONE:
            groups.setdefault((outcome.status, outcome.error, outcome.remedy), []).append(result)
    order = [Status.FAILED, Status.SKIPPED, Status.CANCELLED, Status.RUNNING, Status.QUEUED, Status.UNVERIFIED]
    return sorted(groups.values(), key=lambda group: order.index(group[0].outcome.status))
