"""Knows when two reports of a list would be one file, one object or one sheet, and tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sfr.catalog.file_names import known_extension, same_file_key
from sfr.catalog.problems import Problem
from sfr.catalog.row import Row
from sfr.model import WORKBOOK


def overlaps(rows: Sequence[Row], taken: Iterable[Path], counted: str) -> Iterator[Problem]:
    """Rows that would overwrite what an earlier row brings, or one of the files in `taken`."""
    owners = {same_file_key(path.parent, path.name): path.as_posix() for path in taken}
    for row in rows:
        if row.target is not None:
            yield from _file(row, owners, counted)
    yield from _remote(rows, owners, counted)
    yield from _workbooks(rows, owners, counted)


def _file(row: Row, owners: dict[str, str], counted: str) -> Iterator[Problem]:
    assert row.target is not None
    folder, name = row.target
    key = same_file_key(folder, name)
    if key in owners:
        yield Problem(row.line, "name", name, f"would overwrite {owners[key]}", "Give it another name or path.")
    else:
        owners[key] = _called(row, counted)


def _remote(rows: Sequence[Row], owners: dict[str, str], counted: str) -> Iterator[Problem]:
    """What goes elsewhere than to its folder; records of several reports may go into one table."""
    shared: dict[str, bool] = {}
    for row in rows:
        own = same_file_key(*row.target) if row.target else ""
        for found in row.found:
            if found.key == own:
                continue
            if found.key in owners and not (found.is_shared and shared.get(found.key)):
                path = found.place.path or (row.target[1] if row.target else "")
                message = f"would overwrite {owners[found.key]} at {found.place.destination}"
                yield Problem(row.line, found.column, path, message, "Give it another path.", row.entry.cell("name"))
                continue
            owners[found.key] = _called(row, counted)
            shared[found.key] = found.is_shared


def _workbooks(rows: Sequence[Row], owners: dict[str, str], counted: str) -> Iterator[Problem]:
    """The reports of a workbook lie in one folder, have no two sheets of one name, and are none of them the workbook
    itself, which is a report of its own where its places are to be told."""
    books = {same_file_key(*row.target): row for row in rows if _is_workbook(row) and row.target is not None}
    folders: dict[str, Path] = {}
    sheets: dict[tuple[str, str], str] = {}
    for row in rows:
        workbook = row.shape.workbook
        if not workbook or row.target is None:
            continue
        folder, name = row.target
        label = row.entry.cell("name")
        if (key := same_file_key(folder, workbook)) in owners and key not in books:
            message = f"would overwrite {owners[key]}"
            yield Problem(row.line, "workbook", workbook, message, "Give the workbook another name.", label)
        if folders.setdefault(workbook.casefold(), folder) != folder:
            message = f"has its other sheets in {folders[workbook.casefold()]}"
            yield Problem(row.line, "workbook", workbook, message, "Give all its reports the same path.", label)
        sheet = row.shape.sheet or name.removesuffix(known_extension(name))
        earlier = sheets.setdefault((key, sheet.casefold()), _called(row, counted))
        if earlier != _called(row, counted):
            message = f"is the sheet of {earlier} already"
            yield Problem(row.line, "sheet", sheet, message, "Give it another name.", label)
    for book in (row for key, row in books.items() if key not in {key for key, _ in sheets}):
        assert book.target is not None
        folder, name = book.target
        message = "is a workbook, and no report is one of its sheets"
        remedy = f"Write workbook: {name} for its reports, which have the same path."
        yield Problem(book.line, "name", name, message, remedy, book.entry.cell("name"))


def _is_workbook(row: Row) -> bool:
    return row.entry.cell("source").strip().lower() == WORKBOOK


def _called(row: Row, counted: str) -> str:
    if row.line is None:
        return "another of these"
    return f"report {row.line}" if counted == "report" else f"the report of {counted} {row.line}"
