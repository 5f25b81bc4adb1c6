"""A run as a table in a terminal, as the CSV people already parse, and as a checksum manifest."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from sfr import atomic, wording
from sfr.conversion.excel import FORMULA_STARTS
from sfr.model import Result, Run, Status
from sfr.redaction import redact
from sfr.summary.places import elsewhere, places
from sfr.summary.table import failures, hidden, table, totals, warnings
from sfr.terminal_text import Signs

RERUN_COMMAND = "python main.py --failed"

_HEADER = (
    "file_name,report_id,type,valid,created_date,pull_date,processing_time,attempt_count,file_size,"
    "status,records,bytes,columns,sha256,location,proof,reason,error,remedy,warnings,source,folder,run_id,places,download_link"
)


def print_summary(
    run: Run,
    results: Sequence[Result],
    console: Console,
    *,
    files: Mapping[str, Path] | None = None,
    rerun: str = RERUN_COMMAND,
) -> None:
    """Print how a run ended: table, totals, what failed and why, warnings, the command that fetches the rest.

    `files` maps a word to a file that was written for this run, as in {"page": Path("output/summary.html")}.
    `rerun` is that command, "" where there is none.
    """
    signs = Signs.of(console.encoding)
    console.print(table(results, console.width, signs))
    if left_out := hidden(results):
        console.print(left_out, style="dim")
    console.print(totals(run, results, signs), highlight=False)
    for block in (*failures(results, console.width, signs), *warnings(results, console.width, signs)):
        console.print(block, highlight=False)
    for line in places(results, signs):
        console.print(line, highlight=False, soft_wrap=True)
    if rerun and any(result.outcome.status in wording.UNFINISHED for result in results):
        console.print(Text.assemble("\nFetch what is missing:  ", (signs.showable(rerun), "bold")), soft_wrap=True)
    if files:
        console.print()
    for word, path in (files or {}).items():
        shown = signs.showable(f"{word}: {path}")
        console.print(shown, style="dim", highlight=False, markup=False, soft_wrap=True)


def write_final_csv(run: Run, results: Iterable[Result], path: Path, timezone: str) -> None:
    """Write one line per report, in list order, as UTF-8 with commas and CRLF, whole or not at all.

    The first nine columns keep what sfrout 0.0.27 wrote there, so that programs which read it go on working:
    `file_name` without ".csv", `valid` as True or False (True only for done), `created_date` (start) and
    `pull_date` (end) as "2026-11-21 07:00:12.345678" in `timezone`, `processing_time` as "0:00:04.200000",
    `file_size` in MiB with one decimal. A report that never started has the run's own start and end there.
    The columns after them are new; `columns` is their number, empty cells mean "not known".
    Text that a spreadsheet would run as a formula (it begins with = + - @, tab or CR) gets a leading apostrophe:
    error texts come from servers, and this file is made to be opened in Excel.
    Raises DeliveryError.
    """
    text = io.StringIO(newline="")
    text.write(f"{_HEADER}\r\n")
    writer = csv.writer(text)
    for result in sorted(results, key=lambda result: result.job.number):
        cells = [*_old_cells(run, result, ZoneInfo(timezone)), *_new_cells(run, result)]
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    atomic.write_text(path, text.getvalue())


def _old_cells(run: Run, result: Result, zone: ZoneInfo) -> list[object]:
    report, outcome = result.job.report, result.outcome
    started_at = outcome.started_at or run.started_at
    finished_at = max(outcome.finished_at or run.finished_at or started_at, started_at)
    return [
        report.name.removesuffix(".csv"),
        redact(report.ref),
        report.type,
        outcome.status is Status.DONE,
        _timestamp(started_at, zone),
        _timestamp(finished_at, zone),
        timedelta(seconds=wording.seconds(outcome)),
        wording.attempts(outcome),
        round(outcome.bytes / 1024**2, 1),
    ]


def _new_cells(run: Run, result: Result) -> list[object]:
    report, outcome = result.job.report, result.outcome
    return [
        outcome.status.value,
        outcome.records,
        outcome.bytes,
        len(outcome.columns) or None,
        outcome.sha256,
        outcome.location,
        outcome.proof.value,
        outcome.reason,
        outcome.error,
        outcome.remedy,
        "; ".join(outcome.warnings),
        report.source,
        report.folder,
        run.id,
        "; ".join(f"{each.destination}: {each.location}" for each in elsewhere(result)),
        next((each.link for each in outcome.deliveries if each.link), ""),
    ]


def _timestamp(epoch_seconds: float, zone: ZoneInfo) -> str:
    """Without its zone, and always with microseconds: the form the predecessor's readers expect."""
    return datetime.fromtimestamp(epoch_seconds, zone).strftime("%Y-%m-%d %H:%M:%S.%f")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def write_manifest(results: Iterable[Result], path: Path) -> None:
    """Write the checksums of the files a run kept, for `sha256sum -c` in the manifest's folder.

    Files below that folder are named relative to it, others by their full path; what is not on a local disk is
    left out. Names are escaped as GNU sha256sum does it (coreutils manual, "md5sum invocation"): a line with a
    backslash, newline or carriage return in its name begins with a backslash. Raises DeliveryError.
    """
    folder = Path(os.path.abspath(path.parent))  # noqa: PTH100 (resolve() would follow links to other names)
    with atomic.replacing(path) as manifest:
        for result in results:
            outcome = result.outcome
            for location, sha256 in ((outcome.location, outcome.sha256), *outcome.others):
                if sha256 and location and "://" not in location:
                    line = _manifest_line(sha256, _name_from(folder, location))
                    manifest.write(line.encode("utf-8", "surrogateescape"))


def _name_from(folder: Path, location: str) -> str:
    file = Path(os.path.abspath(location))  # noqa: PTH100 (as above)
    return (file.relative_to(folder) if file.is_relative_to(folder) else file).as_posix()


def _manifest_line(sha256: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{sha256}  {escaped}\n"
