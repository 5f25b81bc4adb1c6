"""Knows what worksheets make of a CSV file: separators, encodings, blank lines, stray spaces; gives its rows."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from sfr.errors import ConfigError

_SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*\s*', re.IGNORECASE)
_INVISIBLE = "\u200b\ufeff\u2060"
_END = "\x1eend of list"
_SAVE_AS = "Save it again as “CSV UTF-8 (comma delimited)”."
_WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """The cleaned cells of a list; each row with the line it starts at, the header's being `header_line`."""

    header_line: int
    header: list[str]
    rows: list[Row]


class _NoReports(ValueError):
    """The list is readable, and nothing stands in it."""


def read_table(path: Path, known_headers: Container[str]) -> Table:
    """Read the list at `path`; `known_headers` (see `normalise_header`) tell which separator is the right one.

    Raises ConfigError when there is no such file, when it is no text, or has no rows.
    """
    data = read_bytes(path)
    try:
        return parse_table(decode(data), known_headers)
    except _NoReports as error:
        remedy = "Write a first line that names the columns (name,id) and a line for each report."
        raise ConfigError(f"{path}: {error}", remedy=remedy) from error
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}", remedy=_SAVE_AS) from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a list. Raises ConfigError when there is no such file, or it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        remedy = (
            "Copy input/sfdc_reports.example.csv to that name and put your reports into it, name another list, "
            "or look around first: python main.py demo"
        )
        raise ConfigError(f"the list {path} does not exist", remedy=remedy) from None
    except OSError as error:
        remedy = "Name a CSV file that your account may read."
        raise ConfigError(f"the list {path} cannot be read: {error.strerror or error}", remedy=remedy) from error


def parse_table(text: str, known_headers: Container[str]) -> Table:
    """As `read_table`, from text; raises ValueError or csv.Error."""
    if "\0" in text:
        raise ValueError("this is no text, or UTF-16 without its mark")
    lines, separator, first_line = _separated(text, known_headers)
    rows = list(_rows(lines, separator, first_line))
    if len(rows) < 2:
        raise _NoReports("the list has no reports" if rows else "the list is empty")
    (header_line, header), *body = rows
    return Table(header_line, header, body)


def separator_of(text: str, known_headers: Container[str]) -> str:
    """What stands between the values of a list."""
    return _separated(text, known_headers)[1]


def _separated(text: str, known_headers: Container[str]) -> tuple[list[str], str, int]:
    """The lines without one that only tells the separator, the separator, and the number of the first of them."""
    lines = list(io.StringIO(text, newline=""))
    told = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    first_line = 2 if told else 1
    lines = lines[first_line - 1 :]
    return lines, told[1] if told else _guess_separator(lines, known_headers), first_line


def normalise_header(cell: str) -> str:
    """`Report ID`, `report-id` and `REPORT_ID` are one column name."""
    return re.sub(r"[\s_-]+", "_", clean(cell).casefold())


def clean(cell: str) -> str:
    """Without the spaces and invisible characters at the ends that come along when text is pasted."""
    return cell.strip().strip(_INVISIBLE).strip()


def split_line(text: str) -> list[str]:
    """The cleaned cells of one comma-separated line."""
    return [clean(cell) for cell in next(csv.reader([" ".join(text.splitlines())], skipinitialspace=True), [])]


def _rows(lines: list[str], separator: str, first_line: int) -> Iterator[Row]:
    """The rows that are not blank. A last line of our own shows whether a quotation mark was left open."""
    reader = csv.reader([*lines, _END], delimiter=separator, skipinitialspace=True)
    start, cells = first_line, [""]
    while (raw := _next_row(reader, start)) is not None:
        cells = raw
        if cells != [_END] and any(clean(cell) for cell in cells):
            yield start, [clean(cell) for cell in cells]
        last_start, start = start, first_line + reader.line_num
    if cells != [_END]:
        raise ValueError(f"line {last_start}: a quotation mark is opened and never closed")


def _next_row(reader: Iterator[list[str]], line: int) -> list[str] | None:
    """None at the end. Raises ValueError where a value runs on and on, as behind a quotation mark left open."""
    try:
        return next(reader, None)
    except csv.Error as error:
        raise ValueError(f"line {line}: a value is too long; is a quotation mark missing? ({error})") from error


def _guess_separator(lines: list[str], known_headers: Container[str]) -> str:
    header = next((line for line in lines if line.strip()), "")

    def likelihood(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
        return sum(normalise_header(cell) in known_headers for cell in cells), len(cells)

    return max(_SEPARATORS, key=likelihood)


def decode(data: bytes) -> str:
    """The text of a list in whatever encoding a worksheet or editor wrote it. Raises ValueError."""
    if data.startswith((_WORKBOOK, _OLD_WORKBOOK)):
        raise ValueError("this is a workbook, and a list is a text file")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    for encoding in ("utf-8-sig", "cp1252"):  # Excel's plain "CSV" is written in the Windows code page
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
    raise ValueError("the encoding is neither UTF-8, UTF-16 nor Windows-1252")
