"""Knows the columns of the records on their way: what they are called, and how a name is found among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sfr.csv_scan import DELIMITERS, find_delimiter
from sfr.errors import InvalidReport
from sfr.similar_names import did_you_mean

MOST_SHOWN_COLUMNS = 30


class Layout:
    """Their names, and their cells in the header. Raises InvalidReport with the reason `columns` for a name that is
    not there, or there twice."""

    def __init__(self, columns: Sequence[str], header: Sequence[bytes]) -> None:
        self.columns, self.header = list(columns), list(header)

    def number_of(self, name: str, label: str) -> int:
        """The place of a column, counted from 0."""
        return number_of(name, self.columns, label)

    def pick(self, numbers: Sequence[int]) -> None:
        """Only these columns from here on, in this order."""
        self.columns = [self.columns[number] for number in numbers]
        self.header = [self.header[number] for number in numbers]

    def rename(self, names: Mapping[str, str], label: str) -> None:
        """New names for some columns, all at once."""
        for number, new in [(self.number_of(old, label), new) for old, new in names.items()]:
            self.columns[number], self.header[number] = new, quoted(new)
        if twice := next((new for new in names.values() if self.columns.count(new) > 1), None):
            raise _unclear(f"{label}: two columns would be called {twice!r}", "Choose another name for one of them.")

    def replace(self, columns: Sequence[str]) -> None:
        """Other columns altogether; those that were there already stay written as they were."""
        known = dict(zip(self.columns, self.header, strict=True))
        self.columns, self.header = list(columns), [known.get(name) or quoted(name) for name in columns]

    def line(self, delimiter: bytes) -> bytes:
        """The header, without its line end. Names of which a reader could guess another delimiter are all quoted."""
        line = delimiter.join(self.header)
        is_clear = find_delimiter(line) == delimiter if len(self.header) > 1 else _is_one_name(line)
        return line if is_clear else delimiter.join(map(_in_quotes, self.header))


def number_of(name: str, columns: Sequence[str], label: str) -> int:
    """The place of a column among others, counted from 0; `label` says who asks. Raises InvalidReport."""
    if (found := columns.count(name)) == 1:
        return columns.index(name)
    if found:
        raise _unclear(f"{label}: there are {found} columns called {name!r}", "Name them differently at the source.")
    shown = ", ".join(columns[:MOST_SHOWN_COLUMNS]) + (", …" if len(columns) > MOST_SHOWN_COLUMNS else "")
    hint = did_you_mean(name, columns)
    raise _unclear(f"{label}: there is no column {name!r}", f"{hint} There are: {shown}.".lstrip())


def _is_one_name(line: bytes) -> bool:
    return line.startswith(b'"') or (bool(line) and not any(delimiter in line for delimiter in DELIMITERS))


def _in_quotes(cell: bytes) -> bytes:
    return cell if cell.startswith(b'"') else b'"%b"' % cell.replace(b'"', b'""')


def quoted(name: str) -> bytes:
    """A name as a cell; with quotes nothing in it can mislead a reader."""
    written = name.encode("utf-8", "replace")
    plain = name.isidentifier() and name.isascii()
    return written if plain else b'"%b"' % written.replace(b'"', b'""')


def _unclear(message: str, remedy: str) -> InvalidReport:
    return InvalidReport(message, reason="columns", remedy=remedy, max_attempts=1)
