"""Knows how one entry becomes one Report, going on after a wrong value so that every problem of the row is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sfr.catalog.claims import left_to_source
from sfr.catalog.columns import read_count, read_other_columns, read_tags, read_yes_or_no, read_zone
from sfr.catalog.dated_cells import fill_cell, filled_options
from sfr.catalog.dates import Moment, fill_values
from sfr.catalog.entry import Entry, Pairs
from sfr.catalog.expansion import TOKENS
from sfr.catalog.expected import read_expectations
from sfr.catalog.file_names import check_name, format_of, with_extension
from sfr.catalog.folders import read_folder
from sfr.catalog.options import BadOption, hold_to, ready, split_params
from sfr.catalog.origins import Origin, find_origin
from sfr.catalog.path_templates import Named
from sfr.catalog.places import Found, Placement
from sfr.catalog.problems import BadCell, Problem
from sfr.catalog.shapes import check_workbook, read_format, read_shape, told_of_other_than_csv
from sfr.catalog.shelves import Shelves
from sfr.catalog.windows import check_window, read_window
from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.model import Expectations, Report, Shape, Window
from sfr.query_text import parse_query
from sfr.settings import Settings

Value = TypeVar("Value")


class Row:
    """A row of a list: what it says, and what reading it brought: problems, notices with their columns, the folder and
    name of its file, which are known of many a wrong row too, the places that were found, and the shape."""

    def __init__(self, line: int | None, entry: Entry, problems: Iterable[Problem] = ()) -> None:
        self.line = line
        self.entry = entry
        self.problems: list[Problem] = list(problems)
        self._unread = {problem.column for problem in self.problems}  # nothing more is said about these
        self.notices = [("", notice) for notice in entry.notices]
        self.target: tuple[Path, str] | None = None
        self.found: list[Found] = []
        self.shape = Shape()

    def report(self, settings: Settings, now: datetime, default_folder: str, shelves: Shelves) -> Report | None:
        """The Report of this row, or None and the reasons in `problems`. `now` has a time zone.

        `default_folder` is the absolute one for a row without a path.
        """
        if "" in self._unread:
            return None
        origin = self._read("source", lambda text: find_origin(text, settings), None)
        self.entry = left_to_source(self.entry, origin.options if origin else None)
        seen = self._seen(settings, now)
        reference = self._reference(origin, seen, settings) if origin else None
        comes = reference.format if reference else ""
        made = self._read("format", lambda text: read_format(text, comes), None)
        name = self._read("name", lambda text: self._file_name(text, seen, reference, made), "")
        folder = self._read("path", lambda text: self._folder(text, seen, settings, default_folder), "")
        placement = Placement(self.entry, shelves, self._wrong, self._misset)
        if name and folder:
            self.target = (Path(folder), name)
        # Where the id or the format is wrong, the name is believed.
        believed = made or comes if reference is not None and made is not None else format_of(name)
        named = Named(origin.name if origin else "source", name or "report.csv", believed, self.entry.cell("name"))
        if reference is not None:
            named = replace(named, ref=reference.ref, many=reference.many)
        found = placement.read(named, comes or "csv", seen, folder or default_folder)
        self.found = found if self.target else []
        min_records = self._read("min_rows", read_count, None)
        may_be_empty = self._read("may_be_empty", read_yes_or_no, True)
        other_columns = self._read("other_columns", read_other_columns, "drop")
        expect = self._records(seen, reference, made or "", min_records, may_be_empty)
        if self.problems or reference is None or origin is None:
            return None
        return Report(
            name=name,
            ref=reference.ref,
            source=origin.name,
            params=reference.params,
            format=comes,
            folder=folder,
            min_records=min_records,
            may_be_empty=may_be_empty,
            options=reference.options,
            window=seen.window,
            other_columns=other_columns,
            update=placement.update,
            many=reference.many,
            places=tuple(each.place for each in self.found),
            expect=expect,
            other_sources=reference.sources,
            **self._as_written(settings),
        )

    def _as_written(self, settings: Settings) -> dict[str, Any]:
        """What needs no understanding."""
        entry = self.entry
        return {
            "type": entry.cell("type") or "report",
            "tags": read_tags(entry.cell("tags")),
            "keep_footer": settings.keep_footer,
            "excel": settings.excel,
            "template": entry.template,
            "line": self.line,
            "columns": entry.columns,
            "expected_columns": entry.expected_columns,
            "shape": self.shape,
        }

    def _records(
        self, seen: Moment, reference: Reference | None, made: str, min_records: int | None, may_be_empty: bool
    ) -> Expectations:
        """Read what is to be made of the records, into `shape`, and what is expected of them."""
        self.shape = read_shape(
            self.entry,
            made,
            lambda text: self._dated(text, seen, in_name=True),
            lambda value: value if self.entry.literal else fill_values(value, seen),
            self._wrong,
        )
        if reference is not None and reference.format != "csv":
            told_of_other_than_csv(self.entry, reference.format, self._wrong)
        elif reference is not None and self.shape.workbook and self.found:
            first = self.found[0]
            place = first.place.destination if not first.is_local else ""
            check_workbook(self.shape, place, first.update, many=reference.many, wrong=self._wrong)
        return read_expectations(self.entry, min_records, may_be_empty, self._wrong)

    def _wrong(self, column: str, value: str, message: str, remedy: str) -> None:
        if column in self._unread:
            return
        label = self.entry.cell("name") if self.line is not None else ""
        self.problems.append(Problem(self.line, column, value, message, remedy, label))

    def _misset(self, key: str, value: str, message: str, remedy: str) -> None:
        """A setting is wrong, which is the same in every row."""
        self.problems.append(Problem(None, key, value, message, remedy))

    def _read(self, column: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        text = self.entry.cell(column)
        try:
            return read(text)
        except BadCell as error:
            self._wrong(column, text, error.message, error.remedy)
            return otherwise

    def _seen(self, settings: Settings, now: datetime) -> Moment:
        """The moment and window in which dates are seen; where the window is wrong, any one: it is told once."""
        zone = self._read("timezone", lambda text: read_zone(text or settings.timezone), "UTC")
        local = now.astimezone(ZoneInfo(zone))
        stand_in: Window | None = read_window("today", local)
        return Moment(local, self._read("window", lambda text: self._window(text, local), stand_in))

    def _window(self, text: str, local: datetime) -> Window | None:
        if self.entry.window is not None:
            check_window(self.entry.window)
            return self.entry.window
        return read_window(fill_cell(text, Moment(local)), local) if text else None

    def _dated(self, text: str, seen: Moment, *, keep: tuple[str, ...] = (), in_name: bool = False) -> str:
        return text if self.entry.literal else fill_cell(text, seen, keep=keep, in_name=in_name)

    def _file_name(self, text: str, seen: Moment, reference: Reference | None, made: str | None) -> str:
        if reference is not None and not reference.many and not self.entry.literal:
            for token in TOKENS:
                if token in text:
                    message = f"holds {token}, and this report is a single one"
                    raise BadCell(message, "Take it out; it is for references such as a dashboard.")
        dated = self._dated(text, seen, keep=TOKENS, in_name=True)
        check_name(dated)
        # Where the id or the format is wrong, the name is believed.
        report_format = format_of(dated) if reference is None or made is None else made or reference.format
        name = with_extension(dated, report_format, reference.ref if reference else "")
        check_name(name)
        return name

    def _folder(self, text: str, seen: Moment, settings: Settings, default_folder: str) -> str:
        if not text:
            return default_folder
        return read_folder(self._dated(text, seen, in_name=True), settings.output)

    def _params(self, seen: Moment) -> Pairs:
        if self.entry.params is not None:
            return tuple((name, self._dated(value, seen)) for name, value in self.entry.params)
        return parse_query(self._dated(self.entry.cell("params"), seen))

    def _options(self, origin: Origin, given: dict[str, Any], seen: Moment) -> dict[str, Any]:
        """The options, held to what the connector declares; what is wrong with them goes to `problems`."""
        try:
            dated = {
                **given,
                **(self.entry.options if self.entry.literal else filled_options(self.entry.options, seen)),
            }
        except BadOption as error:
            self._wrong(error.key, error.value, error.message, error.remedy)
            return {}
        values, problems = ready(dated, origin.options)
        unread = {problem.key for problem in problems}
        if origin.connector is not None:
            values, wrong = hold_to(origin.options, values)
            problems += [problem for problem in wrong if problem.key not in unread]
        for problem in problems:
            in_params = problem.key in given and problem.key not in self.entry.options
            value = f"{problem.key}={problem.value}" if in_params else problem.value
            self._wrong("params" if in_params else problem.key, value, problem.message, problem.remedy)
        return values

    def _reference(self, origin: Origin, seen: Moment, settings: Settings) -> Reference | None:
        """What the source makes of the id, or None and the reason in `problems`."""
        before = len(self.problems)
        nothing: Pairs = ()
        params = self._read("params", lambda _text: self._params(seen), nothing)
        params, carried = split_params(params, origin.options)
        options = self._options(origin, carried, seen)
        text = self._read("id", lambda cell: self._dated(cell, seen), None)
        if text is None:
            return None
        wanted = Wanted(
            text, params, options, settings.allow_bad_ids, seen.window, settings.source_address(origin.name)
        )
        try:
            reference = origin.read(wanted)
        except ReferenceProblem as error:
            if len(self.problems) == before or error.column == "id":  # else it may follow from what was left out
                self._wrong(error.column, error.value, error.message, error.remedy)
            if error.column == "params":
                self._id_alone(origin, wanted)
            return None
        self.notices += [("source", notice) for notice in origin.notices]
        if seen.window is not None and not origin.uses_window and "{window" not in self.entry.template:
            notice = f"does nothing: {origin.name} reads no window; write {{window.start}} into params"
            self.notices.append(("window", notice))
        self.notices += [("id", notice) for notice in reference.notices]
        return reference

    def _id_alone(self, origin: Origin, wanted: Wanted) -> None:
        """The id may be wrong as well as the params."""
        try:
            origin.read(replace(wanted, params=()))
        except ReferenceProblem as error:
            if error.column == "id":
                self._wrong(error.column, error.value, error.message, error.remedy)
