"""Knows what a list may ask to be made of a report's records: types, steps, a cleaner, a format, a sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sfr.catalog.columns import one_of, read_yes_or_no
from sfr.catalog.entry import Entry, Number, Pairs, is_text, text_of
from sfr.catalog.file_names import check_name
from sfr.catalog.problems import BadCell, shorten
from sfr.column_types import read_type
from sfr.model import Shape
from sfr.similar_names import did_you_mean

Wrong = Callable[[str, str, str, str], None]  # key, value, message, remedy

_MEANT = (
    dict.fromkeys(("json", "ndjson"), "jsonl")
    | dict.fromkeys(("excel", "xls"), "xlsx")
    | dict.fromkeys(("gz", "gzip"), "csv.gz")
    | dict.fromkeys(("zst", "zstd"), "csv.zst")
)
_MISFITS = ("refuse", "keep")
_CLEAN_KEYS = ("function", "whole")
_ON_SHEETS = "[]:*?/\\"  # what no sheet's name may hold
_MOST_OF_A_SHEET_NAME = 31
_NEEDS_CSV = ("format", "types", "misfits", "null", "steps", "clean", "workbook", "max_rows", "unique", "newest")
_TYPES_REMEDY = 'Write a mapping of columns and their types, such as {amount: "decimal(12,2)"}.'


def read_format(text: str, given: str) -> str:
    """What is to be made of a report that comes as `given`; "" where nothing is. Raises BadCell."""
    wanted = text.strip().lower().removeprefix(".")
    if not wanted or (wanted == given and given != "csv"):
        return ""
    from sfr.conversion import FORMATS

    if wanted not in FORMATS:
        meant = f"Did you mean {_MEANT[wanted]}?" if wanted in _MEANT else did_you_mean(wanted, FORMATS)
        raise BadCell("is no format", f"{meant} There are {', '.join(FORMATS)}.".lstrip())
    return wanted


def read_shape(
    entry: Entry, made: str, dated: Callable[[str], str], filled: Callable[[Any], Any], wrong: Wrong
) -> Shape:
    """The shape that an entry asks for, where `made` is its format; all that is wrong goes to `wrong`. `dated` fills
    dates into a name, `filled` into the values of steps."""
    clean, clean_whole = _clean(entry, wrong)
    workbook = _tried("workbook", entry.cell("workbook"), lambda text: _read_workbook(dated(text)), "", wrong)
    misfits, sheet = entry.cell("misfits"), entry.cell("sheet")
    if sheet and not workbook and made != "xlsx":
        wrong("sheet", sheet, "is the name of a sheet, and there is no workbook", "Write workbook: weekly.xlsx too.")
    types = types_of(entry.more.get("types"), "types", wrong)
    return Shape(
        steps=_steps(entry, types, filled, wrong),
        clean=clean,
        clean_whole=clean_whole,
        format=made,
        types=types,
        misfits=_tried("misfits", misfits, lambda text: one_of(text, _MISFITS), "refuse", wrong),
        null=_null(entry, wrong),
        workbook=workbook,
        sheet=_tried("sheet", sheet, lambda text: _read_sheet(dated(text)), "", wrong),
    )


def told_of_other_than_csv(entry: Entry, given: str, wrong: Wrong) -> None:
    """What is asked of the records of a report that comes as no CSV, in which none are seen."""
    for key in _NEEDS_CSV:
        is_what_comes = key == "format" and entry.cell(key).lower().removeprefix(".") == given
        if not is_what_comes and (entry.cell(key) or entry.more.get(key) not in (None, [], {})):
            message = f"is for reports that come as CSV, and this one comes as {given}"
            wrong(key, entry.cell(key), message, "Ask its source for CSV, or leave this out.")


def check_workbook(shape: Shape, elsewhere: str, update: str, *, many: bool, wrong: Wrong) -> None:
    """A workbook is made of the CSV files that its reports have left on this machine; `elsewhere` is the first place
    of a report where that is not here, `update` what happens there. `many` is set for a report that stands for
    several."""
    if shape.format not in ("", "csv"):
        message = f"takes its sheets from CSV files, and this report becomes {shape.format}"
        wrong("workbook", shape.workbook, message, "Leave format out.")
    if elsewhere:
        message = f"takes its sheets from files on this machine, and this report goes to {elsewhere} first"
        wrong("workbook", shape.workbook, message, "Name a folder as its first destination.")
    elif update != "replace":
        message = f"is made of the records of one run, and this report's file has update: {update}"
        wrong("workbook", shape.workbook, message, "Write update: replace, or leave the workbook out.")
    if many and shape.sheet:
        message = "is one name for all that this report stands for"
        wrong("sheet", shape.sheet, message, "Leave it out: each sheet gets the name of its file.")


def types_of(value: Any, key: str, wrong: Wrong) -> Pairs:
    """Columns and their types, as they are written."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        wrong(key, _shown(value), "is no mapping", _TYPES_REMEDY)
        return ()
    return tuple(_types(value, key, wrong))


def _types(values: dict[str, Any], key: str, wrong: Wrong) -> Iterator[tuple[str, str]]:
    for column, written in values.items():
        if not is_text(written):
            wrong(f"{key}.{column}", _shown(written), "is no type", _TYPES_REMEDY)
            continue
        try:
            read_type(text_of(written))
        except ValueError as error:
            message, _, known = str(error).partition("; ")
            wrong(f"{key}.{column}", "", message, f"{known[:1].upper()}{known[1:]}." if known else _TYPES_REMEDY)
        yield column, text_of(written)


def _read_workbook(text: str) -> str:
    """The name of a workbook, with its dates filled in. Raises BadCell."""
    if text and not text.lower().endswith(".xlsx"):
        raise BadCell("is no name of a workbook", f"Name it {text.rpartition('.')[0] or text}.xlsx.")
    if text:
        check_name(text)
    return text


def _read_sheet(text: str) -> str:
    """The name of a sheet as every spreadsheet takes it. Raises BadCell."""
    if forbidden := [char for char in text if char in _ON_SHEETS]:
        raise BadCell(f"holds {forbidden[0]}, which no name of a sheet may hold", "Use a hyphen instead.")
    if len(text) > _MOST_OF_A_SHEET_NAME:
        message = f"has {len(text)} characters, and the name of a sheet has {_MOST_OF_A_SHEET_NAME} at most"
        raise BadCell(message, "Shorten it.")
    if text.startswith("'") or text.endswith("'"):
        raise BadCell("begins or ends with an apostrophe, which no name of a sheet may", "Take it away.")
    return text


def _tried(key: str, text: str, read: Callable[[str], str], otherwise: str, wrong: Wrong) -> str:
    try:
        return read(text)
    except BadCell as error:
        wrong(key, text, error.message, error.remedy)
        return otherwise


def _null(entry: Entry, wrong: Wrong) -> str | None:
    value = entry.more.get("null")
    if value is None:
        return None
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str) or any(char in text for char in '",;\t\r\n'):
        remedy = 'Write "" for an empty field without quotes, or such as \\N.'
        wrong("null", _shown(value), "is no text that can stand in a CSV without quotes", remedy)
        return None
    return text


def _clean(entry: Entry, wrong: Wrong) -> tuple[str, bool]:
    given = entry.more.get("clean", entry.cell("clean"))
    if not given:
        return "", False
    if not isinstance(given, dict):
        given = {"function": given}
    for key in given:
        if key not in _CLEAN_KEYS:
            hint = did_you_mean(str(key).lower(), _CLEAN_KEYS) or f"There are {' and '.join(_CLEAN_KEYS)}."
            wrong(f"clean.{key}", "", "is no key that is known here", hint)
    function, whole = given.get("function"), given.get("whole", False)
    if not isinstance(function, str) or not function.strip():
        wrong("clean", _shown(function), "names no function", "Write a file and a function: input/clean.py:sales")
        return "", False
    from sfr.cleansing import check_clean

    for problem in check_clean(function.strip()):
        wrong("clean", "", problem.message, problem.remedy)
    try:
        return function.strip(), whole if isinstance(whole, bool) else read_yes_or_no(text_of(whole) or "no")
    except BadCell as error:
        wrong("clean.whole", _shown(whole), error.message, error.remedy)
    return function.strip(), False


def _steps(entry: Entry, types: Pairs, filled: Callable[[Any], Any], wrong: Wrong) -> tuple[tuple[str, Any], ...]:
    given = entry.more.get("steps")
    if not given:
        return ()
    remedy = "Write a list of steps, such as [{drop: [internal_id]}, {sort: [-amount]}]."
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list) or not all(isinstance(each, dict) and len(each) == 1 for each in given):
        wrong("steps", "", "is no list of steps, each a word and what it does", remedy)
        return ()
    try:
        steps = tuple(
            (name, filled(_operand(value, name == "filter"))) for each in given for name, value in each.items()
        )
    except ValueError as error:
        wrong("steps", "", str(error), "")
        return ()
    from sfr.cleansing import check_steps

    for problem in check_steps(steps, types):
        wrong("steps", "", problem.message, problem.remedy)
    return steps


def _operand(value: Any, in_filter: bool) -> Any:
    """The value of a step: columns and what they are compared with are texts, in a filter beside whole numbers."""
    if isinstance(value, Number):
        return value.value if in_filter and isinstance(value.value, int) else value.text
    if isinstance(value, dict):
        return {key: _operand(each, in_filter and key != "column") for key, each in value.items()}
    return [_operand(each, in_filter) for each in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return shorten(text_of(value)) if is_text(value) or isinstance(value, bool) else ""
