"""Reads the rows of a lookup into memory by their key, grouped or as they are, and not more than may be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from sfr.errors import ReportError
from sfr.similar_names import did_you_mean
from sfr.sources.sql.joined_options import Lookup
from sfr.sources.sql.lookup_groups import Grouping
from sfr.sources.sql.lookup_keys import Keys, Row


class Table:
    """What stands behind a row, by its key. `counts` are found there by key in place of `rows` where most keys share
    theirs with others."""

    def __init__(self, rows: Mapping[Any, Sequence[Row]], counts: Mapping[Any, int] | None = None) -> None:
        self._rows, self._counts = rows, counts

    def find(self, keys: Sequence[Any]) -> list[Sequence[Row]]:
        """For each key what there is for it; nothing for None and for others that are not there."""
        places = keys if self._counts is None else map(self._counts.get, keys)
        return list(map(self._rows.get, places, repeat(())))

    def keys(self) -> Set[Any]:
        """All that there are."""
        return (self._rows if self._counts is None else self._counts).keys()


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query on their way."""

    columns: tuple[str, ...]
    batches: Iterator[Sequence[Row]]


class LookupTable:
    """How the rows of one lookup become a table: what stands behind a row, for each key. `name` is for messages.

    `columns` are those of what stands behind a row. Raises ReportError for a column that the query does not give.
    """

    def __init__(self, name: str, options: Lookup, given: Sequence[str], keep_rows: int) -> None:
        self._name, self._options, self._keep_rows = name, options, keep_rows
        check_columns(name, given)
        self._keys = [place_of(column, given, f"{name}: on", "its query gives") for column in options.on.values()]
        self._given = tuple(given)
        group = options.group
        if group is None:
            self._tail = [place for place in range(len(given)) if place not in self._keys]
            self.columns = tuple(given[place] for place in self._tail)
        else:
            further = {**group.sum, **group.min, **group.max}
            for column in (*group.by, *further.values()):
                place_of(column, given, f"{name}: group", "its query gives")
            self.columns = (*group.by, *([group.count] if group.count else ()), *further)

    @property
    def of_nothing(self) -> Row:
        """What stands behind a row that finds nothing: no values, and a count of 0."""
        count = self._options.group.count if self._options.group else None
        return tuple("0" if name == count else None for name in self.columns)

    def read(self, answer: Answer, behind: Row = ()) -> Table:
        """All rows of an answer, with the values `behind` each. Raises ReportError for more than may be kept."""
        if self._options.group is None:
            return self._kept(answer, behind)
        counts_only = len(self.columns) == 1 and self._options.group.count is not None
        return self._counted(answer, behind) if counts_only else self._grouped(answer, behind)

    def _kept(self, answer: Answer, behind: Row) -> Table:
        keys = Keys(self._keys, self._options.match)
        table: dict[Any, list[Row]] = {}
        kept = 0
        for batch in answer.batches:
            kept += len(batch)
            self._check_kept(kept)
            tails = [(*[row[place] for place in self._tail], *behind) for row in batch]
            _add(table, keys.of(batch), tails)
        return Table(table)

    def _counted(self, answer: Answer, behind: Row) -> Table:
        """Only how many there are for each key: most counts are small, and their tails the same."""
        keys = Keys(self._keys, self._options.match)
        counts: Counter[Any] = Counter()
        for batch in answer.batches:
            counts.update(keys.of(batch))
            self._check_kept(len(counts))
        counts.pop(None, None)
        return Table({count: ((str(count), *behind),) for count in set(counts.values())}, counts)

    def _grouped(self, answer: Answer, behind: Row) -> Table:
        group = self._options.group
        assert group is not None
        by = [self._given.index(column) for column in group.by]
        groups = Grouping(group, self._given, [*self._keys, *by])
        keys = Keys(self._keys, self._options.match)
        for batch in answer.batches:
            groups.add(keys.made_equal(batch))
            self._check_kept(len(groups))
        table: dict[Any, list[Row]] = {}
        first, count = Keys(range(len(self._keys)), "text"), len(self._keys)
        rows = list(groups.rows())
        _add(table, first.of(rows), [row[count:] + behind for row in rows])
        return Table(table)

    def _check_kept(self, rows: int) -> None:
        if rows > self._keep_rows:
            raise too_many(self._name, self._keep_rows)


def _add(table: dict[Any, list[Row]], keys: Sequence[Any], tails: Sequence[Row]) -> None:
    for key, tail in zip(keys, tails, strict=True):
        if key is not None:
            table.setdefault(key, []).append(tail)


def too_many(name: str, keep_rows: int) -> ReportError:
    """For what would take more memory than was allowed."""
    return ReportError(
        f"{name}: gives more than {keep_rows:,} rows at a time, and they would be kept in memory",
        reason="keep-rows",
        remedy="Use :keys in a lookup, or for_each: day with :day_start and :day_end; or a stage, which keeps rows on "
        "the disk; or allow more with keep_rows.",
    )


def check_columns(name: str, columns: Sequence[str]) -> None:
    """Raises ReportError where two columns have the same name, so that nobody can tell which one is meant."""
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise ReportError(
            f"{name}: its query gives two columns called {twice[0]}",
            reason="columns",
            remedy=f"Give one of them another name: select … as {twice[0]}_2.",
        )


def place_of(column: str, columns: Sequence[str], who: str, whose: str) -> int:
    """Where a column stands. Raises ReportError that names it, and those that there are."""
    if column in columns:
        return list(columns).index(column)
    hint = did_you_mean(column, columns)
    raise ReportError(
        f"{who}: there is no column {column}",
        reason="columns",
        remedy=f"{hint} {whose[:1].upper()}{whose[1:]}: {', '.join(columns)}.".lstrip(),
    )
