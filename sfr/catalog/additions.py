"""Knows how a CSV list grows by some reports while everything that a person wrote into it stays as it is."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfr.atomic import replacing
from sfr.catalog.columns import HEADERS, find_columns, row_cells
from sfr.catalog.documents import SUFFIXES
from sfr.catalog.entry import Cells
from sfr.catalog.expansion import unique_names, valid_name
from sfr.catalog.file_names import known_extension
from sfr.catalog.origins import DEFAULT
from sfr.catalog.problems import BadCell, ListError
from sfr.catalog.table import Table, decode, parse_table, read_bytes, separator_of
from sfr.errors import ConfigError, DeliveryError

_NEW_COLUMNS = ("name", "id", "source")
_FORMULA_STARTS = ("=", "+", "-", "@")  # a list is opened in a spreadsheet, and names come from servers
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding to a list: the names of the new reports as they stand there, and how many of those wanted
    had been there before, by source and id."""

    names: tuple[str, ...]
    already_there: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A list as it is: its bytes before the text, encoding, text, separator, line end, and the columns by place."""

    mark: bytes
    encoding: str
    text: str
    separator: str
    line_end: str
    columns: Sequence[str | None]
    header_end: int
    rows: Sequence[Cells]


def append_rows(path: Path, rows: Iterable[Mapping[str, str]]) -> Added:
    """Add rows (values by column: name, id, and where needed source and others) to the list at `path`.

    The list keeps its separator, encoding, line ends and all that is in it; a column that it lacks is added to its
    first line. Without a list there, one is made. Names become valid for files and different from those that are
    there; braces are doubled, because dates would be filled in. Raises ConfigError when the list is none that can be
    added to, DeliveryError when it cannot be written.
    """
    if path.suffix.lower() in SUFFIXES:
        remedy = f"Name a CSV list, or write into {path.name} yourself."
        raise ConfigError(f"{path}: rows can be added to CSV lists only", remedy=remedy)
    if path.suffix.lower() in _WORKBOOKS:
        remedy = "Save it as “CSV UTF-8 (comma delimited)”, and name that file."
        raise ConfigError(f"{path}: is the name of a workbook, and rows can be added to CSV lists only", remedy=remedy)
    wanted = [{column: value for column, value in row.items() if value} for row in rows]
    found = _read(path) if path.exists() and path.stat().st_size else None
    there = found.rows if found else []
    known = {_key(row) for row in there}
    new = [row for row in wanted if _key({column: _doubled(value) for column, value in row.items()}) not in known]
    names = _names(new, [row.get("name", "") for row in there])
    ready = [
        {**{column: _doubled(value) for column, value in row.items()}, "name": name}
        for row, name in zip(new, names, strict=True)
    ]
    if ready:
        _write(path, found or _empty(path, ready), ready)
    return Added(tuple(names), len(wanted) - len(new))


def _names(rows: Sequence[Mapping[str, str]], taken: Iterable[str]) -> list[str]:
    valid = (valid_name(row.get("name", "") or row.get("id", "")) for row in rows)
    harmless = (f"_{name}" if name.startswith(_FORMULA_STARTS) else name for name in valid)
    # With an extension, since `sales` and `sales.csv` will be one file.
    complete = [_doubled(name) if known_extension(name) else f"{_doubled(name)}.csv" for name in harmless]
    before = [name if known_extension(name) else f"{name}.csv" for name in taken]
    found = unique_names(complete, before)
    return [
        name if known_extension(row.get("name", "")) else name.removesuffix(".csv")
        for row, name in zip(rows, found, strict=True)
    ]


def _key(row: Mapping[str, str]) -> tuple[str, str]:
    return row.get("source", "").lower() or DEFAULT, row.get("id", "")


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _read(path: Path) -> _Found:
    data = read_bytes(path)
    mark = next((each for each in _BOMS if data.startswith(each)), b"")
    try:
        text = decode(data).removeprefix("\ufeff")
        table, header_end = _table(text)
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}", remedy="Save it again as “CSV UTF-8 (comma delimited)”.") from error
    columns, problems = find_columns(table)
    if problems:
        raise ListError.of(path.as_posix(), problems)
    encoding = _BOMS.get(mark) or ("utf-8" if _is_utf8(data) else "cp1252")
    line_end = "\r\n" if "\r\n" in text else "\n"
    rows = [row_cells(columns, cells) for _, cells in table.rows if not _is_longer(columns, cells)]
    return _Found(mark, encoding, text, separator_of(text, HEADERS), line_end, columns, header_end, rows)


def _table(text: str) -> tuple[Table, int]:
    """The list in `text`, which may have no reports yet, and where its header ends."""
    probe = "\n" + "\x1eprobe"  # a row of our own, so that a list with nothing but a header can be read
    table = parse_table(text + probe, HEADERS)
    lines = list(io.StringIO(text, newline=""))
    end, quotes = sum(map(len, lines[: table.header_line - 1])), 0
    for line in lines[table.header_line - 1 :]:
        quotes += line.count('"')
        end += len(line)
        if quotes % 2 == 0:
            end -= len(line) - len(line.rstrip("\r\n"))
            break
    return Table(table.header_line, table.header, table.rows[:-1]), end


def _is_longer(columns: Sequence[str | None], cells: Sequence[str]) -> bool:
    """Would this row be refused? It is somebody's to mend, and no reason to add nothing."""
    try:
        row_cells(list(columns), list(cells))
    except BadCell:
        return True
    return False


def _empty(path: Path, rows: Sequence[Mapping[str, str]]) -> _Found:
    """A list that is still to be made. Its mark makes spreadsheets read it as UTF-8."""
    others = dict.fromkeys(column for row in rows for column in row if column not in _NEW_COLUMNS)
    columns = [*_NEW_COLUMNS, *others]
    header = ",".join(columns) + "\n"
    if not path.suffix:
        raise ConfigError(f"{path} is no name for a list", remedy="Name it with .csv at its end.")
    return _Found(codecs.BOM_UTF8, "utf-8", header, ",", "\n", columns, len(header) - 1, [])


def _write(path: Path, found: _Found, rows: Sequence[Mapping[str, str]]) -> None:
    lacking = [column for column in dict.fromkeys(each for row in rows for each in row) if column not in found.columns]
    if all(row.get("source", DEFAULT) in ("", DEFAULT) for row in rows):
        lacking = [column for column in lacking if column != "source"]
    columns = [*found.columns, *lacking]
    head, tail = found.text[: found.header_end], found.text[found.header_end :]
    body = "".join(f"{found.separator}{column}" for column in lacking) + tail
    if not body.endswith(("\n", "\r")):
        body += found.line_end
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=found.separator, lineterminator=found.line_end)
    writer.writerows([row.get(column or "", "") for column in columns] for row in rows)
    try:
        data = found.mark + (head + body + buffer.getvalue()).encode(found.encoding)
    except UnicodeEncodeError as error:
        remedy = "Save it as “CSV UTF-8 (comma delimited)” first."
        message = f"{path}: is written in {found.encoding}, which lacks {error.object[error.start]!a}"
        raise ConfigError(message, remedy=remedy) from error
    _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    place = path.resolve()  # a link stays a link
    mode = place.stat().st_mode if place.exists() else None
    if mode is not None and not mode & 0o222:  # replacing needs no right to write into the file, and would not ask
        raise DeliveryError(f"{place}: is read-only", remedy="Make it writable, or name another list.")
    with replacing(place) as file:
        file.write(data)
        if mode is not None:
            Path(file.name).chmod(mode & 0o777)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
