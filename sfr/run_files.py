"""Writes the files about a run: the page, the checksums, the table for people who had one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sfr.errors import DeliveryError
from sfr.model import Result, Run
from sfr.settings import Settings


def write_run_files(run: Run, results: Sequence[Result], settings: Settings) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files that were written, by a word for each, and what kept others from it; one that cannot be written keeps
    no other from being written."""
    from sfr.summary import write_final_csv, write_manifest
    from sfr.summary.page import write_page

    zone, output = settings.timezone, settings.output.absolute()
    kept = settings.private.absolute() / "runs" / run.id
    writers: list[tuple[str, Path, Callable[[Path], None]]] = [
        ("page", output / "summary.html", lambda path: write_page(run, results, path, zone)),
        ("manifest", kept / "SHA256SUMS", lambda path: write_manifest(results, path)),
    ]
    if (final := settings.final_report_path) is not None:
        writers.append(("table", final.absolute(), lambda path: write_final_csv(run, results, path, zone)))
    files, problems = {}, []
    for word, path, write in writers:
        try:
            write(path)
            files[word] = path
        except DeliveryError as error:
            problems.append(f"{error.message}. {error.remedy}")
    return files, tuple(problems)
