"""What is wanted: reports, their windows, what is made of their files, and the places these go to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sfr.record import Record

WORKBOOK = "workbook"  # the source whose reports are made of other reports of the run


@dataclass(frozen=True, slots=True)
class Window(Record):
    """A span of time, half-open: `start` belongs to it, `end` does not. Both are ISO 8601 with an offset from UTC,
    midnights of the IANA time zone `zone`."""

    start: str
    end: str
    zone: str


@dataclass(frozen=True, slots=True)
class Place(Record):
    """One place that a report goes to: the name of a destination, and what the file (the table, the object) is called
    there: slashes between folders, dates filled in, "" for the report's own name. `update` says what happens to what
    is there: "replace", "append" or "upsert", by the columns of `identity`; "" is as the report says."""

    destination: str = "folder"
    path: str = ""
    update: str = ""
    identity: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape(Record):
    """What is made of a proven CSV before it is delivered, in this order: `steps`, `clean`, then `format`.

    `steps` are pairs of a step's name (rename, drop, keep, filter, dedupe, sort) and its JSON value, as the list has
    them. `clean` is a Python file and a function, `input/clean.py:sales`; `clean_whole` gives it all records at once.
    `format` is csv, csv.gz, csv.zst, parquet, xlsx or jsonl, "" for what the source gives. `types` are pairs of a
    column and the type it has there (`decimal(12,2)`); all others stay text. `misfits` says what becomes of a value
    that does not fit its type: "refuse" the report, or "keep" it as it is. `null` is the text without quotes that
    stands for no value, None where every text is a value. `workbook` and `sheet` name the workbook that gets these
    records as one of its sheets.
    """

    steps: tuple[tuple[str, Any], ...] = field(default=(), hash=False)
    clean: str = ""
    clean_whole: bool = False
    format: str = ""
    types: tuple[tuple[str, str], ...] = ()
    misfits: str = "refuse"
    null: str | None = None
    workbook: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Expectations(Record):
    """What must be true of the records that are delivered, beside the smallest number of them.

    `unique` are columns that no two records have the same values in. `types` are pairs of a column and a type that
    each of its values must fit. `newest` is a pair of a column of dates or times and how many seconds its newest value
    may be old, None where it may be of any age.
    """

    max_records: int | None = None
    unique: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    newest: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Report(Record):
    """What is wanted: one line of a list, dates already filled in.

    `name` is the file name to write (with its extension), `folder` the directory it goes to (absolute once the
    catalog has read it; a program may give it "" for the default one), `ref` what the source calls the report,
    `params` what the user wants sent beside the source's defaults, in the user's order. `template` is what its row
    says of name, id, path and params before dates are filled in: with source and ref it tells that tomorrow's report
    is the same one as today's. `line` is the place in the list.

    `options` are JSON values that the source alone understands (a payload, a query), already held to its `Options`.
    `columns` are pairs of a column's name at the source and the name it shall get; `other_columns` says what becomes
    of the rest: "drop" or "keep". `update` says what happens to a file of that name: "replace" or "append".
    `format` is what the source gives; what is made of it is in `shape`, what must be true of that in `expect`, where it
    goes to in `places`, the first of which is the main one. `other_sources` are those that the report is read from
    beside `source`. `many` marks a reference that stands for several reports (a dashboard) until the source has
    expanded it. `continues` is the id of the job of an earlier run that this one brings to its end, "" for none: what
    that has appended is not appended again.
    """

    name: str
    ref: str
    source: str = "salesforce"
    params: tuple[tuple[str, str], ...] = ()
    format: str = "csv"
    folder: str = ""
    type: str = "report"
    tags: tuple[str, ...] = ()
    min_records: int | None = None
    may_be_empty: bool = True
    keep_footer: bool = False
    excel: bool = False
    template: str = ""
    line: int | None = None
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    window: Window | None = None
    columns: tuple[tuple[str, str], ...] = ()
    other_columns: str = "drop"
    expected_columns: tuple[str, ...] = ()
    update: str = "replace"
    many: bool = False
    places: tuple[Place, ...] = (Place(),)
    shape: Shape = Shape()
    expect: Expectations = Expectations()
    other_sources: tuple[str, ...] = ()
    continues: str = ""

    @staticmethod
    def _of_today(values: dict[str, Any]) -> dict[str, Any]:
        """Before 0.3 a report had a single `destination`."""
        if "destination" in values and "places" not in values:
            return {**values, "places": [{"destination": values["destination"]}]}
        return values
