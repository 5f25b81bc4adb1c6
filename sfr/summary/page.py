"""A run as one web page that needs nothing but itself: no network, no script to be readable, no trust in any name."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from sfr import atomic, wording
from sfr.model import Result, Run, Status
from sfr.redaction import redact
from sfr.summary import RERUN_COMMAND
from sfr.summary.places import elsewhere, until
from sfr.summary.timeline import Axis
from sfr.terminal_text import cut_end

_REMARK_CELLS = 200


def write_page(run: Run, results: Sequence[Result], path: Path, timezone: str) -> None:
    """Write the page for a run, with its moments in the IANA zone `timezone`. Raises DeliveryError."""
    templates = Environment(
        loader=PackageLoader("sfr.summary", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = templates.get_template("summary.css.jinja").render()
    script = templates.get_template("summary.js.jinja").render()
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = templates.get_template("summary.html.jinja")
    facts = _facts(run, results, path, timezone)
    atomic.write_text(path, page.render(style=style, script=script, policy=policy, **facts))


def _digest(text: str) -> str:
    """How a content security policy names the one inline text it allows (CSP level 3, hash-source)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _facts(run: Run, results: Sequence[Result], path: Path, timezone: str) -> dict[str, Any]:
    axis = Axis(run, results)
    in_order = sorted(results, key=lambda result: result.job.number)
    rows = [_row(result, axis, path.parent) for result in in_order]
    rows.sort(key=lambda row: bool(row["status"] == Status.DONE))
    tally = wording.tally(results)
    records, size, passed, *rate = wording.amounts(run, results)
    return {
        "run": run,
        "started": wording.moment(run.started_at, timezone),
        "finished": wording.moment(run.finished_at, timezone) if run.finished_at else "",
        "timezone": timezone,
        "verdict": _verdict(tally, len(results)),
        "all_done": tally[Status.DONE] == len(results),
        "tally": [(status, number) for status, number in tally.items() if number],
        "amounts": [("records", records.split()[0]), ("size", size), ("time", passed), ("speed", *(rate or ["–"]))],
        "problems": wording.problems(in_order),
        "unfinished": any(result.outcome.status in wording.UNFINISHED for result in results),
        "rerun": _rerun_of(run),
        "remark": wording.remark,
        "warnings": [(result.job.report.name, text) for result in in_order for text in result.outcome.warnings],
        "places": [(result.job.report.name, each, until(each)) for result in in_order for each in elsewhere(result)],
        "rows": rows,
        "timed": sorted((row for row in rows if row["segments"]), key=lambda row: float(row["started_at"])),
        "ticks": axis.ticks(),
    }


def _rerun_of(run: Run) -> str:
    """The command for whoever stands in the folder in which this run was started; elsewhere the output names it."""
    usual = not run.output or Path(run.output) == Path("output").absolute()
    return RERUN_COMMAND if usual else f'{RERUN_COMMAND} --output "{run.output}"'


def _verdict(tally: dict[Status, int], total: int) -> str:
    if tally[Status.DONE] == total:
        return f"All {wording.count(total, 'report')} complete" if total != 1 else "The report is complete"
    return f"{tally[Status.DONE]:,} of {wording.count(total, 'report')} complete"


def _row(result: Result, axis: Axis, folder: Path) -> dict[str, Any]:
    report, outcome = result.job.report, result.outcome
    rate = wording.bytes_per_second(outcome)
    return {
        "number": result.job.number,
        "name": report.name,
        "ref": redact(report.ref),
        "link": _link(outcome.location, folder),
        "location": outcome.location,
        "status": outcome.status,
        "tries": wording.attempts(outcome),
        "records": outcome.records,
        "columns": len(outcome.columns),
        "bytes": outcome.bytes,
        "size": wording.size(outcome.bytes) if outcome.bytes else "",
        "rate": rate,
        "seconds": wording.seconds(outcome),
        "time": wording.duration(wording.seconds(outcome)) if outcome.started_at is not None else "",
        "started_at": outcome.started_at or 0.0,
        "sha256": outcome.sha256,
        "proof": outcome.proof.value,
        "remark": cut_end("; ".join(filter(None, (wording.remark(outcome), *outcome.warnings))), _REMARK_CELLS),
        "segments": axis.segments(result),
    }


def _link(location: str, folder: Path) -> str:
    """Where a click on the name leads: a file on this disk, named from the page's folder; "" for anything else."""
    if not location or not Path(location).is_absolute():
        return ""
    try:
        return "./" + quote(Path(os.path.relpath(location, folder)).as_posix(), errors="replace")
    except ValueError:  # Windows: another drive, which no relative name reaches
        return Path(location).as_uri()
