"""Knows whose a key of a report is when the list and the source of the report both have one of that name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from sfr.catalog.entry import Entry, plain

# Keys that lists did not know when sources could have options of these names already.
_LATER = (
    *("format", "destination_path", "identity", "clean", "workbook", "sheet", "max_rows", "unique"),
    *("types", "misfits", "null", "steps"),
)
# What is asked of records is asked of CSV: beside one of these a format that CSV becomes is what is to be made.
_OF_RECORDS = ("types", "misfits", "null", "steps", "clean", "max_rows", "unique", "newest", "expect.types")


def left_to_source(entry: Entry, options: type[BaseModel] | None) -> Entry:
    """The entry with those keys as options that are options of the source, and whose values it takes. Where the option
    is given below `options` too, the key is the list's."""
    claimed = dict(_claimed(entry, options)) if options is not None and not entry.literal else {}
    if not claimed:
        return entry
    return replace(
        entry,
        options={**entry.options, **claimed},
        cells={key: text for key, text in entry.cells.items() if key not in claimed},
        more={key: value for key, value in entry.more.items() if key not in claimed},
    )


def _claimed(entry: Entry, options: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for key in _LATER:
        if key == "format" and _is_made(entry):
            continue
        field = options.model_fields.get(key)
        value = entry.more[key] if key in entry.more else entry.cell(key) or None
        if field is None or value is None or key in entry.options:
            continue
        try:
            TypeAdapter(field.rebuild_annotation()).validate_python(plain(value))
        except ValidationError:
            continue
        yield key, value


def _is_made(entry: Entry) -> bool:
    from sfr.conversion import FORMATS

    wanted = entry.cell("format").strip().lower().removeprefix(".")
    asked = any(entry.cell(key) or entry.more.get(key) not in (None, [], {}) for key in _OF_RECORDS)
    return asked and wanted != "csv" and wanted in FORMATS
