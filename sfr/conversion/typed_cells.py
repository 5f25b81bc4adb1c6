"""Knows which columns have a type, and keeps account of the values that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sfr.column_types import ColumnType, Value, misfit, read_types, shown
from sfr.conversion.nouns import Conversion
from sfr.errors import InvalidReport
from sfr.similar_names import did_you_mean

_WHAT_BECAME = {"parquet": "so the whole column is text", "xlsx": "kept as text", "jsonl": "kept as text"}


class TypedCells:
    """The types of a table's columns, by their position: `kinds` has those that are more than any text.

    Raises InvalidReport for a type of a column that is not there, and for a text that is no type.
    """

    def __init__(self, columns: Sequence[str], wanted: Conversion) -> None:
        self._columns, self._refuse = columns, wanted.misfits != "keep"
        types = _types_of(columns, wanted)
        named = ((position, types.get(column)) for position, column in enumerate(columns))
        self.kinds: dict[int, ColumnType] = {
            position: kind for position, kind in named if kind is not None and kind != ColumnType("text")
        }
        self._names = {position: kind.name for position, kind in self.kinds.items()}
        self._counts: Counter[int] = Counter()
        self._first: dict[int, str] = {}
        self._notes: Counter[str] = Counter()

    @property
    def changed_cells(self) -> int:
        """How many cells are not what was asked for."""
        return self._counts.total() + self._notes.total()

    @property
    def misfit_positions(self) -> frozenset[int]:
        """The columns with a type that have values which do not fit."""
        return frozenset(self._counts.keys() & self.kinds.keys())

    def value(self, number: int, position: int, text: str) -> Value | None:
        """The value of a cell in record `number`; the text itself where it does not fit and is kept. An empty text in
        a column that is not of texts is no value. Raises InvalidReport for a misfit that is refused."""
        try:
            return self.kinds[position].value_or_none(text)
        except ValueError as why:
            self.keep(number, position, text, why)
            return text

    def keep(self, number: int, position: int, text: str, why: ValueError) -> None:
        """Count a value that does not fit. Raises InvalidReport where those are refused."""
        if self._refuse:
            raise misfit(number, self._columns[position], text, why)
        self._counts[position] += 1
        self._first.setdefault(position, f"record {number:,}: {shown(text)} {why}")

    def check(self, number: int, row: Sequence[str | None]) -> None:
        """Look at all cells of a record. Raises InvalidReport as `value` does."""
        for position in self.kinds:
            text = row[position]
            if text is not None:
                self.value(number, position, text)

    def leave_misfits_as_text(self) -> None:
        """Take the types from the columns that have values which do not fit; these are counted already."""
        for position in self.misfit_positions:
            del self.kinds[position]

    def note(self, text: str, times: int = 1) -> None:
        """Something else that the user must hear, and how often it was so; `{}` in it becomes the number."""
        self._notes[text] += times

    def warnings(self, format_name: str) -> tuple[str, ...]:
        """What was kept, column by column, and what became of it in this format."""
        became = _WHAT_BECAME.get(format_name, "kept unchanged")
        kept = (
            f"column {self._columns[position]!r}: {count:,} {'value does' if count == 1 else 'values do'} not fit "
            f"{self._names[position]}, {became} (the first one: {self._first[position]})"
            for position, count in sorted(self._counts.items())
        )
        return (*kept, *(text.format(f"{count:,}") for text, count in self._notes.items()))


def _types_of(columns: Sequence[str], wanted: Conversion) -> dict[str, ColumnType]:
    try:
        types = read_types(wanted.types)
    except ValueError as error:
        raise InvalidReport(str(error), reason="type", max_attempts=1) from error
    for column in types:
        if column not in columns:
            raise InvalidReport(
                f"a type is named for the column {column!r}, which the report does not have",
                reason="column",
                remedy=f"{did_you_mean(column, columns)} Its columns are {', '.join(columns)}.".lstrip(),
                max_attempts=1,
            )
    return types
