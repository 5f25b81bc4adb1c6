"""Knows how the lines of a list become Reports, and that a list with one wrong line is refused as a whole."""

from __future__ import annotations

import difflib
import logging
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sfr.catalog.columns import HEADERS, Cells, find_columns, row_cells
from sfr.catalog.file_names import same_file_key
from sfr.catalog.problems import BadCell, ListError, Problem, describe
from sfr.catalog.row import Row, read_folder
from sfr.catalog.table import read_table, split_line
from sfr.errors import ConfigError
from sfr.model import Report
from sfr.plugins import reference_reader
from sfr.settings import Settings

__all__ = ["ListError", "Problem", "parse_reports", "read_list", "select", "verify_reports"]

Notify = Callable[[str], None]

_OPTION = "--report"
_log = logging.getLogger(__name__)


def read_list(path: Path, settings: Settings, now: datetime, notify: Notify = _log.warning) -> list[Report]:
    """Read the list at `path` into Reports, in its order, with the dates filled in as seen from `now` (aware).

    `notify` is told what a person should know though nothing is wrong, such as a repaired id. Raises ListError with
    all problems at once, or ConfigError when there is no list to be read.
    """
    table = read_table(path, HEADERS)
    columns, problems = find_columns(table)
    if problems:
        raise ListError.of(path.as_posix(), problems)
    rows = []
    for line, cells in table.rows:
        try:
            rows.append(Row(line, row_cells(columns, cells)))
        except BadCell as error:
            problems.append(Problem(line, "", ", ".join(cells), error.message, error.remedy))
    return _build(path.as_posix(), rows, settings, now, notify=notify, problems=problems, taken=[path])


def parse_reports(
    texts: Sequence[str], settings: Settings, now: datetime, notify: Notify = _log.warning
) -> list[Report]:
    """Read reports from texts such as `name,id[,path[,params]]`. Raises ListError with all problems at once."""
    return _build(_OPTION, [Row(None, _cells_of(text)) for text in texts], settings, now, notify=notify)


def _cells_of(text: str) -> Cells:
    name, ref, path, *params = [*split_line(text), "", "", ""]
    return {"name": name, "id": ref, "path": path, "params": ",".join(part for part in params if part)}


def verify_reports(
    reports: Sequence[Report], settings: Settings, now: datetime, notify: Notify = _log.warning
) -> list[Report]:
    """Hold the reports of a program to the rules of a list: names, folders, ids, parameters, no file twice.

    Gives them back with ids, names and formats completed. Their texts are taken as they are: `{today}` is no date
    here. Raises ListError with all problems at once, ConfigError for what is no report at all.
    """
    rows = [Row(number, _literal_cells(number, report)) for number, report in enumerate(reports, 1)]
    read = _build("reports", rows, settings, now, notify=notify, counted="number")
    return [_completed(given, found) for given, found in zip(reports, read, strict=True)]


def _literal_cells(number: int, report: Report) -> Cells:
    """What a list would have to say for this report."""
    if not isinstance(report, Report):
        raise ConfigError(f"reports, number {number}: {type(report).__name__} is given where a Report must be")
    reference_reader(report.source)  # an unknown source is an error that names the known ones
    params = list(report.params)
    if report.format != "csv" and "xf" not in dict(params):
        params.append(("xf", report.format))
    return {
        "name": _undated(report.name),
        "id": _undated(report.ref),
        "path": _undated(report.folder),
        "params": urlencode(params),
        "min_rows": "" if report.min_records is None else str(report.min_records),
    }


def _undated(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _completed(given: Report, found: Report) -> Report:
    return replace(
        given,
        name=found.name,
        ref=found.ref,
        params=found.params,
        format=found.format,
        folder=found.folder,
        keep_footer=given.keep_footer or found.keep_footer,
        excel=given.excel or found.excel,
        template=given.template or found.template,
    )


def _build(
    place: str,
    rows: Sequence[Row],
    settings: Settings,
    now: datetime,
    *,
    notify: Notify,
    problems: Sequence[Problem] = (),
    taken: Sequence[Path] = (),
    counted: str = "line",
) -> list[Report]:
    """All rows as Reports; `problems` are those found before, `taken` the files that no report may overwrite.

    `counted` is what a row's number counts.
    """
    local = now.astimezone(ZoneInfo(settings.timezone))
    default_folder, wrong_default = _default_folder(settings, rows)
    reports = [row.report(settings, local, default_folder) for row in rows]
    found = [
        *problems,
        *wrong_default,
        *(problem for row in rows for problem in row.problems),
        *_duplicates(rows, [*taken, *_files_of(settings)], counted),
    ]
    if found:
        raise ListError.of(place, found, counted)
    for row in rows:
        for notice in row.notices:
            notify(describe(place, Problem(row.line, "id", "", notice, ""), counted))
    return [report for report in reports if report is not None]


def _default_folder(settings: Settings, rows: Sequence[Row]) -> tuple[str, list[Problem]]:
    """Where rows without a path go, absolute; REPORT_DIRECTORY is checked once for all of them."""
    directory, output = settings.report_directory, str(settings.output.absolute())
    if directory is None or all(row.cells.get("path") for row in rows):
        return output, []
    try:
        return read_folder(str(directory), settings.output), []
    except BadCell as error:
        return output, [Problem(None, "REPORT_DIRECTORY", str(directory), error.message, error.remedy)]


def _files_of(settings: Settings) -> list[Path]:
    named = (settings.report_list, settings.final_report_path, settings.log_file)
    return [path for path in named if path is not None]


def _duplicates(rows: Iterable[Row], taken: Iterable[Path], counted: str) -> Iterator[Problem]:
    """Rows whose file would overwrite an earlier row's, or one of the files in `taken`."""
    owners = {same_file_key(path.parent, path.name): path.as_posix() for path in taken}
    for row in rows:
        if row.target is None:
            continue
        folder, name = row.target
        key = same_file_key(folder, name)
        if key in owners:
            yield Problem(row.line, "name", name, f"would overwrite {owners[key]}", "Give it another name or path.")
        else:
            owners[key] = "another of these" if row.line is None else f"the report of {counted} {row.line}"


def select(reports: Iterable[Report], patterns: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Report]:
    """The reports whose name fits one of `patterns` (`sales_*`, with or without the extension) and that have one of
    `tags`, in any letter case; nothing given selects everything.

    Raises ConfigError with similar names when a pattern or tag fits no report, or no report fits both.
    """
    found = list(reports)
    for pattern in patterns:
        if not any(_fits(report, pattern) for report in found):
            raise _nothing("report is called", pattern, [report.name for report in found])
    for tag in tags:
        if not any(_has_tag(report, tag) for report in found):
            raise _nothing("report has the tag", tag, [tag for report in found for tag in report.tags])
    selected = [
        report
        for report in found
        if (not patterns or any(_fits(report, pattern) for pattern in patterns))
        and (not tags or any(_has_tag(report, tag) for tag in tags))
    ]
    if (patterns or tags) and not selected:
        raise ConfigError("no report has both such a name and such a tag", remedy="Leave one of them out.")
    return selected


def _fits(report: Report, pattern: str) -> bool:
    names = (_folded(report.name), _folded(Path(report.name).stem))
    return any(fnmatchcase(name, _folded(pattern)) for name in names)


def _has_tag(report: Report, tag: str) -> bool:
    return _folded(tag) in map(_folded, report.tags)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _nothing(what: str, wanted: str, known: Sequence[str]) -> ConfigError:
    spelling = {_folded(Path(name).stem): name for name in known} | {_folded(name): name for name in known}
    close = [spelling[each] for each in difflib.get_close_matches(_folded(wanted), spelling, n=3)]
    shown = f"Did you mean {' or '.join(dict.fromkeys(close))}?" if close else "See --dry-run for what is on the list."
    return ConfigError(f"no {what} {wanted}", remedy=shown)
