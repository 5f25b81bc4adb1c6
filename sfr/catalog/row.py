"""Knows how one entry becomes one Report, going on after a wrong value so that every problem of the row is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sfr.catalog.columns import (
    read_count,
    read_destination,
    read_other_columns,
    read_tags,
    read_update,
    read_yes_or_no,
    read_zone,
)
from sfr.catalog.dates import Moment, fill, fill_values
from sfr.catalog.entry import Entry, Pairs
from sfr.catalog.expansion import TOKENS
from sfr.catalog.file_names import check_name, format_of, with_extension
from sfr.catalog.folders import read_folder
from sfr.catalog.options import BadOption, hold_to, ready, split_params
from sfr.catalog.origins import Origin, find_origin
from sfr.catalog.problems import BadCell, Problem
from sfr.catalog.windows import check_window, read_window
from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.model import Report, Window
from sfr.query_text import parse_query
from sfr.settings import Settings

Value = TypeVar("Value")


class Row:
    """A row of a list: what it says, and what reading it brought: problems, notices with their columns, and the folder
    and name of its file, which are known of many a wrong row too."""

    def __init__(self, line: int | None, entry: Entry, problems: Iterable[Problem] = ()) -> None:
        self.line = line
        self.entry = entry
        self.problems: list[Problem] = list(problems)
        self._unread = {problem.column for problem in self.problems}  # nothing more is said about these
        self.notices = [("", notice) for notice in entry.notices]
        self.target: tuple[Path, str] | None = None

    def report(self, settings: Settings, now: datetime, default_folder: str) -> Report | None:
        """The Report of this row, or None and the reasons in `problems`. `now` has a time zone.

        `default_folder` is the absolute one for a row without a path.
        """
        if "" in self._unread:
            return None
        origin = self._read("source", lambda text: find_origin(text, settings), None)
        seen = self._seen(settings, now)
        reference = self._reference(origin, seen, settings) if origin else None
        name = self._read("name", lambda text: self._file_name(text, seen, reference), "")
        folder = self._read("path", lambda text: self._folder(text, seen, settings, default_folder), "")
        min_records = self._read("min_rows", read_count, None)
        may_be_empty = self._read("may_be_empty", read_yes_or_no, True)
        update = self._read("update", lambda text: read_update(text, reference.format if reference else "csv"), "")
        destination = self._read("destination", lambda text: read_destination(text, settings), "")
        other_columns = self._read("other_columns", read_other_columns, "drop")
        if name and folder:
            self.target = (Path(folder), name)
        if self.problems or reference is None or origin is None:
            return None
        return Report(
            name=name,
            ref=reference.ref,
            source=origin.name,
            params=reference.params,
            format=reference.format,
            folder=folder,
            type=self.entry.cell("type") or "report",
            tags=read_tags(self.entry.cell("tags")),
            min_records=min_records,
            may_be_empty=may_be_empty,
            keep_footer=settings.keep_footer,
            excel=settings.excel,
            template=self.entry.template,
            line=self.line,
            options=reference.options,
            window=seen.window,
            columns=self.entry.columns,
            other_columns=other_columns,
            expected_columns=self.entry.expected_columns,
            update=update,
            destination=destination,
            many=reference.many,
        )

    def _wrong(self, column: str, value: str, message: str, remedy: str) -> None:
        if column in self._unread:
            return
        label = self.entry.cell("name") if self.line is not None else ""
        self.problems.append(Problem(self.line, column, value, message, remedy, label))

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
        return read_window(_fill(text, Moment(local)), local) if text else None

    def _dated(self, text: str, seen: Moment, *, keep: tuple[str, ...] = (), in_name: bool = False) -> str:
        return text if self.entry.literal else _fill(text, seen, keep=keep, in_name=in_name)

    def _file_name(self, text: str, seen: Moment, reference: Reference | None) -> str:
        if reference is not None and not reference.many and not self.entry.literal:
            for token in TOKENS:
                if token in text:
                    message = f"holds {token}, and this report is a single one"
                    raise BadCell(message, "Take it out; it is for references such as a dashboard.")
        dated = self._dated(text, seen, keep=TOKENS, in_name=True)
        check_name(dated)
        # Without a reference, because the id is wrong, the name is believed.
        report_format, ref = (reference.format, reference.ref) if reference else (format_of(dated), "")
        name = with_extension(dated, report_format, ref)
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
            dated = {**given, **(self.entry.options if self.entry.literal else _filled(self.entry.options, seen))}
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


def _fill(text: str, seen: Moment, *, keep: tuple[str, ...] = (), in_name: bool = False) -> str:
    try:
        return fill(text, seen, keep=keep, in_name=in_name)
    except ValueError as error:
        raise BadCell(str(error)) from error


def _filled(options: dict[str, Any], seen: Moment) -> dict[str, Any]:
    filled = {}
    for name, value in options.items():
        try:
            filled[name] = fill_values(value, seen)
        except ValueError as error:
            raise BadOption(name, "", str(error), "") from error
    return filled
