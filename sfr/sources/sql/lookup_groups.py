"""Knows how the rows of a lookup are counted, added up and compared here, exactly, so that no database need group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from operator import itemgetter
from typing import Any

from sfr.errors import InvalidReport
from sfr.sources.sql.joined_options import Group
from sfr.sources.sql.lookup_keys import Row

_EXACT = Context(prec=200, traps=[InvalidOperation, Inexact])


class Grouping:
    """Rows on their way into groups. A row's group is what stands at `places`: the key, then the columns `by`.

    Adding is meant for many rows at a time; memory grows with the groups, not with the rows.
    """

    def __init__(self, group: Group, columns: Sequence[str], places: Sequence[int]) -> None:
        self._group = group
        self._places = tuple(places)
        self._counts: Counter[Any] = Counter()
        self._is_whole_row = self._places == tuple(range(len(columns)))
        index = {name: place for place, name in enumerate(columns)}
        self._further: list[_Sum | _Extreme] = [
            *(_Sum(name, index[column]) for name, column in group.sum.items()),
            *(_Extreme(index[column], smallest=True) for column in group.min.values()),
            *(_Extreme(index[column], smallest=False) for column in group.max.values()),
        ]
        self._of_row = itemgetter(*self._places) if len(self._places) > 1 else None

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, rows: Sequence[Row]) -> None:
        """Count rows, and what else is wanted of them. Raises InvalidReport for a sum of what is no number."""
        groups = self._groups(rows)
        self._counts.update(groups)
        for each in self._further:
            each.add(zip(groups, map(itemgetter(each.place), rows), strict=True))

    def rows(self) -> Iterable[Row]:
        """One row for each group, in the order in which they came: the group, then count, sums, min and max."""
        for group, count in self._counts.items():
            yield (*group, *([str(count)] if self._group.count else ()), *(each.of(group) for each in self._further))

    def _groups(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self._is_whole_row:
            return rows
        if self._of_row is not None:
            return list(map(self._of_row, rows))
        place = self._places[0]
        return [(row[place],) for row in rows]


class _Sum:
    """Exact sums of decimals; a group whose values are all NULL has none, as in SQL."""

    def __init__(self, name: str, place: int) -> None:
        self._name, self.place = name, place
        self._sums: dict[Row, Decimal] = {}

    def add(self, values: Iterable[tuple[Row, str | None]]) -> None:
        for group, value in values:
            if value is not None:
                self._sums[group] = self._added(self._sums.get(group, Decimal(0)), value)

    def of(self, group: Row) -> str | None:
        found = self._sums.get(group)
        return None if found is None else format(found, "f")

    def _added(self, sum_so_far: Decimal, value: str) -> Decimal:
        try:
            return _EXACT.add(sum_so_far, _as_decimal(value))
        except InvalidOperation as error:
            message = f"group.sum.{self._name}: {value[:40]!r} is no number"
            raise InvalidReport(message, reason="no-number", remedy="Sum a column of numbers.") from error
        except Inexact as error:
            message = f"group.sum.{self._name}: with {value[:40]!r} the exact sum has more than {_EXACT.prec} digits"
            remedy = "Sum a column of decimals, or let the query round it."
            raise InvalidReport(message, reason="no-number", remedy=remedy) from error


class _Extreme:
    """The smallest or largest value: numbers as numbers, before all texts; texts by their letters, so that ISO dates
    are right."""

    def __init__(self, place: int, *, smallest: bool) -> None:
        self.place, self._smallest = place, smallest
        self._found: dict[Row, tuple[tuple[Any, ...], str]] = {}

    def add(self, values: Iterable[tuple[Row, str | None]]) -> None:
        for group, value in values:
            if value is None:
                continue
            rank = _rank(value)
            before = self._found.get(group)
            if before is None or (rank < before[0] if self._smallest else rank > before[0]):
                self._found[group] = (rank, value)

    def of(self, group: Row) -> str | None:
        found = self._found.get(group)
        return None if found is None else found[1]


def _rank(value: str) -> tuple[Any, ...]:
    """Where two texts are the same number, 1 and 1.0, it must not depend on which one comes first."""
    try:
        number = _as_decimal(value)
    except InvalidOperation:
        return (1, value)
    return (0, number, value) if number.is_finite() else (1, value)


def _as_decimal(value: str) -> Decimal:
    """The number that a database means by a text. Raises InvalidOperation; Python would read 1_000 as well."""
    if "_" in value or not value.isascii():
        raise InvalidOperation
    return Decimal(value.strip())
