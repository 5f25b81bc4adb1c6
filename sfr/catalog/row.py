"""Knows how one row becomes one Report, going on after a wrong cell so that every problem of the row is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sfr.catalog.columns import Cells, read_count, read_tags, read_yes_or_no
from sfr.catalog.dates import fill
from sfr.catalog.file_names import check_name, format_of, with_extension
from sfr.catalog.problems import BadCell, Problem
from sfr.model import Report
from sfr.plugins import reference_reader
from sfr.query_text import parse_query
from sfr.settings import Settings
from sfr.sources.salesforce.reference import Reference, ReferenceProblem

Value = TypeVar("Value")

_SOURCE = "salesforce"
# As written, before dates: what makes tomorrow's report the same one as today's. An address may hold params.
_IDENTIFYING = ("name", "id", "path", "params")


class Row:
    """A row of a list: its cells by column, and what reading them brought: problems, notices, and the folder and
    name of its file, which are known of many a wrong row too."""

    def __init__(self, line: int | None, cells: Cells) -> None:
        self.line = line
        self.cells = cells
        self.problems: list[Problem] = []
        self.notices: tuple[str, ...] = ()
        self.target: tuple[Path, str] | None = None

    def report(self, settings: Settings, now: datetime, default_folder: str) -> Report | None:
        """The Report of this row, or None and the reasons in `problems`. `now` is in the zone of the dates.

        `default_folder` is the absolute one for a row without a path.
        """
        no_params: tuple[tuple[str, str], ...] = ()
        params = self._read("params", lambda text: parse_query(_fill(text, now)), no_params)
        reference = self._reference(params, settings, now)
        report_format = reference.format if reference else ""
        name = self._read("name", lambda text: _read_name(_fill(text, now), report_format), "")
        folder = self._read(
            "path", lambda text: read_folder(_fill(text, now), settings.output) if text else default_folder, ""
        )
        min_records = self._read("min_rows", read_count, None)
        may_be_empty = self._read("may_be_empty", read_yes_or_no, True)
        if name and folder:
            self.target = (Path(folder), name)
        if self.problems or reference is None:
            return None
        return Report(
            name=name,
            ref=reference.ref,
            source=_SOURCE,
            params=reference.params,
            format=reference.format,
            folder=folder,
            type=self._cell("type") or "report",
            tags=read_tags(self._cell("tags")),
            min_records=min_records,
            may_be_empty=may_be_empty,
            keep_footer=settings.keep_footer,
            excel=settings.excel,
            template="\n".join(map(self._cell, _IDENTIFYING)),
            line=self.line,
        )

    def _cell(self, column: str) -> str:
        return self.cells.get(column, "")

    def _read(self, column: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        text = self._cell(column)
        try:
            return read(text)
        except BadCell as error:
            self.problems.append(Problem(self.line, column, text, error.message, error.remedy))
            return otherwise

    def _reference(self, params: tuple[tuple[str, str], ...], settings: Settings, now: datetime) -> Reference | None:
        """What the source makes of the id, or None and the reason in `problems`."""
        text = self._read("id", lambda cell: _fill(cell, now), None)
        if text is None:
            return None
        try:
            reference: Reference = reference_reader(_SOURCE)(text, params, settings.allow_bad_ids)
        except ReferenceProblem as error:
            self.problems.append(Problem(self.line, error.column, error.value, error.message, error.remedy))
            if error.column == "params":
                self._reference((), settings, now)  # the id may be wrong as well
            return None
        self.notices = reference.notices
        return reference


def read_folder(text: str, output: Path) -> str:
    """The folder that a path means, seen from the current directory, as an absolute one.

    What lies inside `output`, by links or not, is written as a folder below it. It must exist, unless it lies there,
    where folders are made: a misspelt folder is not to be created. Raises BadCell.
    """
    try:
        # ".." goes as on Windows; resolve() would make network addresses of mapped drives.
        folder = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100
        is_there = folder.is_dir()
        if not is_there and folder.exists():
            raise BadCell("is a file, not a folder", "Name a folder.")
        place, inside = folder.resolve(), output.resolve()
    except (OSError, RuntimeError) as error:
        raise BadCell(f"cannot be looked into: {error}", "Correct it, or ask for the right to read it.") from error
    if place.is_relative_to(inside):
        parts = place.relative_to(inside).parts
        for part in () if is_there else parts:
            check_name(part)
        return str(output.absolute().joinpath(*parts))
    if not is_there:
        raise BadCell("is a folder that does not exist", f"Correct it, or create {place}")
    return str(folder)


def _read_name(text: str, report_format: str) -> str:
    """`report_format` is "" when it is not known, because the id is wrong; then the name is believed."""
    check_name(text)
    name = with_extension(text, report_format or format_of(text))
    check_name(name)
    return name


def _fill(text: str, now: datetime) -> str:
    try:
        return fill(text, now)
    except ValueError as error:
        raise BadCell(str(error)) from error
