"""Knows how values are written for a database: which texts it reads as they are, and how every other one is put."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from sfr.column_types import Value
from sfr.destinations.table.columns import Column

# Only what needs no second look: the others are read one by one, and told with record and column where they are wrong.
_DAY = (
    rb"[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    rb"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_CLOCK = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_OFFSET = rb"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_FLOAT = rb"-?[0-9]{1,15}(?:\.[0-9]{1,15})?+(?:[eE][+-]?[0-9]{1,2})?+"
_NO_NUMBER = rb"(?![ \t\n\v\f\r]*[-+.0-9])"
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[ \t\n\v\f\r]*")
_SAFE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_MOST_INLINE = 60_000  # a repeat in a regular expression counts to 65,535


@dataclass(frozen=True, slots=True)
class Forms:
    """How a database wants its values.

    `booleans` are the two texts for false and true; `between` a pattern for what may stand between day and time.
    `keeps_zones` is set where a time keeps its offset, else it goes in as UTC. `canonical` is set where a value is kept
    as the text it comes as, so that equal values must have equal texts. `refused` are bytes that no text may have,
    `words` texts that mean something else without quotes.
    """

    booleans: tuple[str, str]
    between: bytes = b"[T ]"
    keeps_zones: bool = True
    canonical: bool = False
    refused: bytes = b""
    words: tuple[bytes, ...] = ()

    def plain_records(self, columns: Sequence[Column], delimiter: bytes, null: bytes | None, line_end: bytes) -> bytes:
        """A pattern for one record that the database reads rightly as it is."""
        parts = [self._cell(column, delimiter, null) for column in columns]
        if len(columns) == 1:  # a lone \. ends PostgreSQL's data, and nobody can tell the delimiter of a single column
            parts[0] = rb"(?!\\\.[\r\n])" + parts[0]
        return re.escape(delimiter).join(parts) + line_end

    def _cell(self, column: Column, delimiter: bytes, null: bytes | None) -> bytes:
        plain = self._plain(column)
        if plain is None:
            outside, inside = self._text(column, delimiter)
        else:
            outside = inside = plain
        if null is not None and not column.required and (plain is not None or null in self.words):
            outside = rb"%b|%b(?=[%b\r\n])" % (outside, re.escape(null), re.escape(delimiter))
        return rb'(?:%b|"%b")' % (outside, inside)

    def _text(self, column: Column, delimiter: bytes) -> tuple[bytes, bytes]:
        """Patterns for a text without and with quotes; bytes are counted, which are never fewer than characters."""
        length = min(column.type.length, _MOST_INLINE) if column.type else 0
        most = b"{0,%d}+" % length if length else b"*+"
        outside = rb'[^"\r\n%b%b]%b' % (re.escape(delimiter), self.refused, most)
        for word in self.words:
            outside = rb"(?!%b[%b\r\n])%b" % (re.escape(word), re.escape(delimiter), outside)
        pair = rb'(?:[^"%b]|"")%b' if length else rb'(?:[^"%b]++|"")%b'
        inside = pair % (self.refused, most)
        return (_NO_NUMBER + outside, _NO_NUMBER + inside) if column.makes_numbers else (outside, inside)

    def _plain(self, column: Column) -> bytes | None:
        """A pattern for the texts of a kind that are taken as they are; None for text."""
        kind = column.kind
        if kind == "text":
            return None
        never = rb"(?!)"
        if kind == "integer":
            return rb"(?:0|-?[1-9][0-9]{0,17}+)" if self.canonical else rb"-?[0-9]{1,18}+"
        if kind == "decimal":
            return self._decimal(column) or never
        if kind == "float":
            return _FLOAT
        if kind == "boolean":
            return b"[01]" if self.booleans == ("0", "1") else rb"(?:true|false|[tf01])"
        if kind == "date":
            return _DAY
        if kind.endswith("zone") and not self.keeps_zones:
            return never
        clock = _CLOCK + self._fraction(column)
        if kind == "time":
            return clock
        return _DAY + self.between + clock + (_OFFSET if kind.endswith("zone") else b"")

    def _decimal(self, column: Column) -> bytes:
        wanted = column.type
        if wanted is None or wanted.precision == wanted.scale or column.number_digits:
            return b""
        whole, scale = b"[0-9]{1,%d}+" % (wanted.precision - wanted.scale), wanted.scale
        if self.canonical:
            whole = rb"(?:0|[1-9][0-9]{0,%d}+)" % (wanted.precision - wanted.scale - 1)
            return b"-?" + whole + (rb"\.[0-9]{%d}" % scale if scale else b"")
        return b"-?" + whole + (rb"(?:\.[0-9]{1,%d}+)?+" % scale if scale else b"")

    def _fraction(self, column: Column) -> bytes:
        if self.canonical or not column.fraction_digits:
            return b""
        return rb"(?:\.[0-9]{1,%d}+)?+" % column.fraction_digits

    def writer(self, column: Column) -> Callable[[str], str]:
        """What puts a text of the file as the database wants it. It raises ValueError for a text that does not fit."""
        wanted = column.type
        if wanted is None and not column.makes_numbers:
            return self._checked
        read = wanted.value if wanted else str

        def write(text: str) -> str:
            value = read(text)
            _check_digits(value, column)
            return self._written(value)

        return write

    def _checked(self, text: str) -> str:
        if b"\0" in self.refused and "\0" in text:
            raise ValueError("holds a character of the code 0, which this database does not take")
        return text

    def _written(self, value: Value) -> str:
        if isinstance(value, str):
            return self._checked(value)
        if isinstance(value, bool):
            return self.booleans[value]
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, float):
            return repr(value)
        if isinstance(value, datetime):
            return self._moment(value)
        return value.isoformat() if isinstance(value, date | time) else str(value)

    def _moment(self, value: datetime) -> str:
        if value.tzinfo is not None and not self.keeps_zones:
            try:
                value = value.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:
                raise ValueError("is no moment of the calendar in UTC") from None
        return value.isoformat(sep=" ")


def _check_digits(value: Value, column: Column) -> None:
    """Raises ValueError for digits that the database would drop without a word, and texts that it would change."""
    if column.makes_numbers and isinstance(value, str) and _NUMBER.fullmatch(value) and not _SAFE.fullmatch(value):
        raise ValueError(f"is a text that a column of the type {column.stored} takes for a number, and changes")
    if isinstance(value, datetime | time):
        digits = len(f"{value.microsecond:06d}".rstrip("0"))
        if digits > column.fraction_digits:
            raise ValueError(f"has {digits} decimals of a second, and {column.stored} keeps {column.fraction_digits}")
    if isinstance(value, Decimal) and column.number_digits:
        digits = len(str(abs(value)).replace(".", "").strip("0"))
        if digits > column.number_digits:
            raise ValueError(f"has {digits} digits, and {column.stored} keeps {column.number_digits}")
