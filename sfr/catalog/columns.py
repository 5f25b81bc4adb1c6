"""Knows the columns of a list: the names they go by in people's files, and what may stand in each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from sfr.catalog.entry import Cells
from sfr.catalog.problems import BadCell, Problem
from sfr.catalog.table import Table, normalise_header
from sfr.settings.values import check_zone
from sfr.similar_names import did_you_mean

ALIASES = {
    "name": ("name", "file_name", "report_file_name", "filename"),
    "id": ("id", "report_id", "url", "report_url", "link"),
    "path": ("path", "report_path"),
    "params": ("params", "optional_export_params", "export_params"),
    "type": ("type", "report_type"),
    "min_rows": ("min_rows", "min_records"),
    "may_be_empty": ("may_be_empty",),
    "tags": ("tags", "tag"),
    "source": ("source", "source_name"),
    "window": ("window", "date_window"),
    "timezone": ("timezone", "time_zone"),
    "update": ("update", "update_method"),
    "destination": ("destination",),
    "destination_path": ("destination_path",),
    "identity": ("identity",),
    "format": ("format",),
    "clean": ("clean",),
    "workbook": ("workbook",),
    "sheet": ("sheet",),
    "max_rows": ("max_rows", "max_records"),
    "unique": ("unique",),
}
HEADERS = {alias: column for column, aliases in ALIASES.items() for alias in aliases}
REQUIRED = ("name", "id")
# What JSON and YAML lists have besides.
LIST_KEYS = ("columns", "other_columns", "expect", "options", "types", "misfits", "null", "steps")

_YES = frozenset(["yes", "y", "true", "t", "1", "on", "x", "ja", "j", "wahr", "oui", "si", "sí"])
_NO = frozenset(["no", "n", "false", "f", "0", "off", "nein", "falsch", "non"])
_SIMILAR = 0.82
# Usual columns of people's own, close to ours.
_OWN_WORDS = frozenset(["updated", "updates", "resource", "resources", "cleaned", "informat", "identifier", "uniqueid"])
UPDATES = ("replace", "append", "upsert")
_OTHER_COLUMNS = ("drop", "keep")


def find_columns(table: Table) -> tuple[list[str | None], list[Problem]]:
    """The column that stands at each place of the header (None: not one of ours), and what is wrong with the header."""
    columns = [HEADERS.get(normalise_header(cell)) for cell in table.header]
    problems = [*_misspelt(table, columns), *_doubled(table, columns), *_of_other_lists(table)]
    near = {problem.column for problem in problems}
    for column in REQUIRED:
        if column not in columns and column not in near:
            shown = ", ".join(table.header)
            remedy = f"Name it {' or '.join(ALIASES[column][:3])}; the first line names the columns."
            problems.append(Problem(table.header_line, column, shown, "lacks this column", remedy))
    return columns, problems


def _misspelt(table: Table, columns: list[str | None]) -> Iterator[Problem]:
    for cell, column in zip(table.header, columns, strict=True):
        close = difflib.get_close_matches(normalise_header(cell), HEADERS, n=1, cutoff=_SIMILAR)
        # Beside the real column it is one more column of the user's own.
        own = normalise_header(cell) in _OWN_WORDS or (close and HEADERS[close[0]] in columns)
        if column is None and close and not own and normalise_header(cell) not in LIST_KEYS:
            remedy = f"Write {close[0]}."
            yield Problem(table.header_line, HEADERS[close[0]], cell, "is no column that is known here", remedy)


def _doubled(table: Table, columns: list[str | None]) -> Iterator[Problem]:
    for place, column in enumerate(columns):
        if column is not None and column in columns[:place]:
            earlier = table.header[columns.index(column)]
            remedy = "Delete one of them, or give it a name of its own."
            yield Problem(table.header_line, column, table.header[place], f"is the same column as {earlier}", remedy)


def _of_other_lists(table: Table) -> Iterator[Problem]:
    """What is asked for and would not be done. A number asks for nothing: such columns are people's own, as is that
    of summaries with the number of columns."""
    for place, name in enumerate(map(normalise_header, table.header)):
        values = ((line, cells[place]) for line, cells in table.rows if place < len(cells))
        asked = next(((line, value) for line, value in values if value and not value.isdecimal()), None)
        if name in LIST_KEYS and asked is not None:
            remedy = "Make a YAML list of this one, or give the column another name."
            yield Problem(asked[0], name, asked[1], "is read in JSON and YAML lists only", remedy)


def row_cells(columns: list[str | None], cells: list[str]) -> Cells:
    """The values of a row by column. Raises BadCell when the row is longer than the header."""
    extra = [cell for cell in cells[len(columns) :] if cell]
    if extra:
        remedy = "Put a value that holds the separator into quotation marks."
        raise BadCell(f"has {len(cells)} values, and the header names {len(columns)} columns", remedy)
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column is not None}


def read_yes_or_no(text: str) -> bool:
    """An empty cell is yes: a report may be empty. Raises BadCell."""
    word = text.casefold()
    if word in _NO:
        return False
    if word in _YES or not word:
        return True
    raise BadCell("is neither yes nor no", "Write yes or no.")


def read_count(text: str) -> int | None:
    """A whole number of records; an empty cell is None. Raises BadCell."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise BadCell("is no whole number", "Write digits only, such as 1000.")
    return int(text)


def read_tags(text: str) -> tuple[str, ...]:
    """Words between semicolons, commas or spaces, each once, in order."""
    return tuple(dict.fromkeys(tag for tag in re.split(r"[;,\s]+", text) if tag))


def read_zone(text: str) -> str:
    """The name of an IANA time zone. Raises BadCell with similar ones."""
    try:
        return check_zone(text)
    except ValueError as error:
        message, _, remedy = str(error).partition("; ")
        raise BadCell(message, f"{remedy[:1].upper()}{remedy[1:]}.") from error


def read_update(text: str) -> str:
    """What happens to what is there: replace, as for an empty cell, append or upsert. Raises BadCell."""
    return one_of(text, UPDATES)


def names_of(text: str) -> list[str]:
    """What stands between semicolons, in order; an empty cell holds nothing."""
    return [part.strip() for part in text.split(";")] if text.strip() else []


def read_other_columns(text: str) -> str:
    """What becomes of columns that `columns` does not name: drop, as for an empty value, or keep. Raises BadCell."""
    return one_of(text, _OTHER_COLUMNS)


def one_of(text: str, words: Sequence[str]) -> str:
    """One of a few words, the first for an empty text. Raises BadCell."""
    word = text.strip().casefold() or words[0]
    if word not in words:
        *others, last = words
        neither = (
            f"is neither {words[0]} nor {last}" if len(words) == 2 else f"is none of {', '.join(others)} and {last}"
        )
        raise BadCell(neither, did_you_mean(word, words) or f"Write {', '.join(others)} or {last}.")
    return word
