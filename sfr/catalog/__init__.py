"""Knows how the reports of a list become Reports, and that a list with one wrong line is refused as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sfr.catalog.additions import Added, append_rows
from sfr.catalog.columns import HEADERS, find_columns, row_cells
from sfr.catalog.default_list import default_list
from sfr.catalog.documents import SUFFIXES, read_document
from sfr.catalog.entry import Entry
from sfr.catalog.expansion import expanded_name, renamed, unique_names
from sfr.catalog.folders import read_folder
from sfr.catalog.one_line import cells_of_line
from sfr.catalog.overlaps import overlaps
from sfr.catalog.problems import BadCell, ListError, Problem, describe
from sfr.catalog.programs import completed, literal_entry
from sfr.catalog.request_lists import is_request_list, rows_of_requests
from sfr.catalog.rich import rows_of_document
from sfr.catalog.row import Row
from sfr.catalog.selection import book_of, known_names, names_some, select
from sfr.catalog.shelves import Shelves
from sfr.catalog.table import read_table
from sfr.errors import ConfigError
from sfr.model import Report
from sfr.settings import Settings

__all__ = [
    "Added",
    "ListError",
    "Problem",
    "append_rows",
    "book_of",
    "default_list",
    "expanded_name",
    "known_names",
    "names_some",
    "parse_reports",
    "read_list",
    "renamed",
    "select",
    "unique_names",
    "verify_reports",
]

Notify = Callable[[str], None]

_OPTION = "--report"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _List:
    """What was read: where, its rows, what is wrong beside them, files that no report may overwrite, and what the
    number of a row counts."""

    place: str
    rows: Sequence[Row]
    problems: Sequence[Problem] = ()
    taken: Sequence[Path] = ()
    counted: str = "line"


def read_list(path: Path, settings: Settings, now: datetime, notify: Notify = _log.warning) -> list[Report]:
    """Read the list at `path` into Reports, in its order, with the dates filled in as seen from `now` (aware).

    A list is CSV, or by its extension JSON or YAML. `notify` is told what a person should know though nothing is
    wrong, such as a repaired id. Raises ListError with all problems at once, or ConfigError when there is no list to
    be read.
    """
    read = _read_document if path.suffix.lower() in SUFFIXES else _read_table
    return _build(read(path, settings), settings, now, notify)


def _read_table(path: Path, settings: Settings) -> _List:  # noqa: ARG001 (a document needs the settings)
    table = read_table(path, HEADERS)
    columns, problems = find_columns(table)
    if problems:
        raise ListError.of(path.as_posix(), problems)
    rows = []
    for line, cells in table.rows:
        try:
            rows.append(Row(line, Entry(row_cells(columns, cells))))
        except BadCell as error:
            problems.append(Problem(line, "", ", ".join(cells), error.message, error.remedy))
    return _List(path.as_posix(), rows, problems, [path])


def _read_document(path: Path, settings: Settings) -> _List:
    document = read_document(path)
    if is_request_list(document):
        return _List(path.as_posix(), rows_of_requests(document, settings), (), [path], "report")
    rows, problems = rows_of_document(document)
    if not rows and not problems:
        raise ConfigError(f"{path}: the list has no reports", remedy="Write a report: its name, id and source.")
    return _List(path.as_posix(), rows, problems, [path], "report")


def parse_reports(
    texts: Sequence[str], settings: Settings, now: datetime, notify: Notify = _log.warning
) -> list[Report]:
    """Read reports from texts such as `name,id[,path[,params]]`; an id of another source than the default one is
    written `source:id`. Raises ListError with all problems at once."""
    rows = [Row(None, Entry(cells_of_line(text, settings.source_names()))) for text in texts]
    return _build(_List(_OPTION, rows), settings, now, notify)


def verify_reports(
    reports: Sequence[Report], settings: Settings, now: datetime, notify: Notify = _log.warning
) -> list[Report]:
    """Hold the reports of a program to the rules of a list: names, folders, ids, parameters, options, windows, places,
    formats, expectations, no file twice.

    Gives them back with ids, names, options, formats and paths completed. Their texts are taken as they are: `{today}`
    is no date here. Raises ListError with all problems at once, ConfigError for what is no report at all.
    """
    rows = [Row(number, literal_entry(number, report)) for number, report in enumerate(reports, 1)]
    read = _build(_List("reports", rows, counted="number"), settings, now, notify)
    return [completed(given, found) for given, found in zip(reports, read, strict=True)]


def _build(found: _List, settings: Settings, now: datetime, notify: Notify) -> list[Report]:
    """All rows as Reports, or a ListError."""
    default_folder, wrong_default = _default_folder(settings, found.rows)
    shelves = Shelves(settings)
    reports = [row.report(settings, now, default_folder, shelves) for row in found.rows]
    problems = [
        *found.problems,
        *wrong_default,
        *(problem for row in found.rows for problem in row.problems),
        *overlaps(found.rows, [*found.taken, *_files_of(settings)], found.counted),
    ]
    if problems:
        raise ListError.of(found.place, dict.fromkeys(problems), found.counted)
    for row in found.rows:
        for column, notice in row.notices:
            told = Problem(row.line, column, "", notice, "", row.entry.cell("name"))
            notify(describe(found.place, told, found.counted))
    return [report for report in reports if report is not None]


def _default_folder(settings: Settings, rows: Sequence[Row]) -> tuple[str, list[Problem]]:
    """Where rows without a path go, absolute; REPORT_DIRECTORY is checked once for all of them."""
    directory, output = settings.report_directory, str(settings.output.absolute())
    if directory is None or all(row.entry.cell("path") for row in rows):
        return output, []
    try:
        return read_folder(str(directory), settings.output), []
    except BadCell as error:
        return output, [Problem(None, "REPORT_DIRECTORY", str(directory), error.message, error.remedy)]


def _files_of(settings: Settings) -> list[Path]:
    named = (settings.report_list, settings.final_report_path, settings.log_file)
    return [path for path in named if path is not None]
