"""Knows what a list would have to say for a report that a program has made, so that it is held to the same rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sfr.catalog.entry import Entry
from sfr.errors import ConfigError
from sfr.model import Expectations, Place, Report, Shape


def literal_entry(number: int, report: Report) -> Entry:
    """The entry of a program's report number `number`, in which no text is a date. Raises ConfigError for what is no
    report at all."""
    if not isinstance(report, Report):
        raise ConfigError(f"reports, number {number}: {type(report).__name__} is given where a Report must be")
    _check_parts(number, report)
    params = report.params
    if report.source == "salesforce" and report.format != "csv" and "xf" not in dict(params):
        params = (*params, ("xf", report.format))
    shape, expect = report.shape, report.expect
    cells = {
        "name": report.name,
        "id": report.ref,
        "source": report.source,
        "path": report.folder,
        "min_rows": "" if report.min_records is None else str(report.min_records),
        "max_rows": "" if expect.max_records is None else str(expect.max_records),
        "may_be_empty": "yes" if report.may_be_empty else "no",
        "update": report.update,
        "other_columns": report.other_columns,
        "format": shape.format,
        "workbook": shape.workbook,
        "sheet": shape.sheet,
        "misfits": "" if shape.misfits == Shape().misfits else shape.misfits,
    }
    return Entry(
        cells,
        params=tuple((name.strip(), value.strip()) for name, value in params if name.strip()),
        options=dict(report.options),
        more=_more(report),
        columns=report.columns,
        expected_columns=report.expected_columns,
        window=report.window,
        literal=True,
    )


def completed(given: Report, found: Report) -> Report:
    """The program's report with what its list entry brought: ids, names, options, formats, places."""
    return replace(
        found,
        type=given.type,
        tags=given.tags,
        keep_footer=given.keep_footer or found.keep_footer,
        excel=given.excel or found.excel,
        template=given.template or found.template,
        line=given.line,
    )


def _check_parts(number: int, report: Report) -> None:
    whole: tuple[tuple[str, Any, type], ...] = (
        ("shape", report.shape, Shape),
        ("expect", report.expect, Expectations),
        *(("places", place, Place) for place in report.places),
    )
    for name, value, kind in whole:
        if not isinstance(value, kind):
            message = (
                f"reports, number {number}, {name}: {type(value).__name__} is given where a {kind.__name__} must be"
            )
            raise ConfigError(message)
    if not report.places:
        raise ConfigError(
            f"reports, number {number}: it has no place to go to", remedy="Leave places out, or name one."
        )


def _more(report: Report) -> dict[str, Any]:
    """What is more than a text, as a list has it; nothing where nothing is asked."""
    shape, expect = report.shape, report.expect
    clean = {"function": shape.clean, "whole": shape.clean_whole} if shape.clean else None
    every = {
        "destination": [{**place.to_dict(), "identity": list(place.identity)} for place in report.places],
        "clean": clean,
        "steps": [{name: value} for name, value in shape.steps],
        "types": dict(shape.types),
        "null": shape.null,
        "unique": list(expect.unique),
        "expect.types": dict(expect.types),
        "newest": {expect.newest[0]: f"{expect.newest[1]}"} if expect.newest else None,
    }
    return {key: value for key, value in every.items() if value not in (None, [], {})}
