"""Joins the rows of one lookup to the rows at hand, batch by batch, and counts those that find nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sfr.errors import ReportError
from sfr.sources.sql.days import Day
from sfr.sources.sql.joined_options import Lookup
from sfr.sources.sql.lookup_keys import Key, Keys, Row
from sfr.sources.sql.lookup_table import Answer, LookupTable, Table, place_of

# Sends a query with its keys, by their parameters' names, and a day, where it wants one.
Ask = Callable[[Mapping[str, Sequence[str | None]], Day | None], Answer]


class LookupStep:
    """One lookup of a report. `name` is what it is called in messages; `ask` sends its query, `names` are the
    parameters of that.

    `begin` comes first. `columns` are then those of the rows with the lookup's own behind them. `seen` and `unmatched`
    count the rows that were looked up, and those of them that found nothing.
    """

    def __init__(self, name: str, options: Lookup, ask: Ask, names: Iterable[str], keep_rows: int) -> None:
        self.name, self.options = name, options
        self._ask, self._keep_rows = ask, keep_rows
        # By the parameter's name: the place of the key's column among those of `on`.
        possible = {f"keys_{column}": place for place, column in enumerate(options.on.values())}
        self._asked = {name: place for name, place in (possible | {"keys": 0}).items() if name in set(names)}
        self._before: tuple[str, ...] = ()
        self._row_keys = Keys((), options.match)
        self._reader: LookupTable | None = None
        self._read_for: tuple[Day | None, Table] | None = None
        self._has_day = False
        self.columns: tuple[str, ...] = ()
        self.of_nothing: Row = ()
        self.seen = self.unmatched = self._strays = 0
        self._stray = ""

    @property
    def is_left(self) -> bool:
        """Whether rows that find nothing stay."""
        return self.options.join == "left"

    def begin(self, columns: Sequence[str], day: Day | None = None, day_column: str = "") -> None:
        """Say which columns the rows have, and which day is the first one; `day_column` is put behind the lookup's own.

        The query is sent, to know its columns. Raises ReportError where those of the key are not there, and where two
        of the result would have the same name.
        """
        self._before = tuple(columns)
        places = [place_of(name, columns, f"{self.name}: on", "the rows have") for name in self.options.on]
        self._row_keys = Keys(places, self.options.match)
        self._has_day = bool(day_column)
        self.table((), day)
        assert self._reader is not None
        own = (*self._reader.columns, *([day_column] if day_column else ()))
        self.columns = (*self._before, *own)
        self.of_nothing = (*self._reader.of_nothing, *([None] if day_column else ()))
        if twice := [name for place, name in enumerate(own) if name in (*self._before, *own[:place])]:
            raise ReportError(
                f"{self.name}: it adds a column {twice[0]}, and there is one already",
                reason="columns",
                remedy=f"Give it another name: select … as {twice[0]}_2.",
            )

    def keys_of(self, rows: Sequence[Row]) -> Sequence[Key | None]:
        """The keys of rows, in their order; None for one that is equal to nothing."""
        return self._row_keys.of(rows)

    def apply(self, batches: Iterable[Sequence[Row]], day: Day | None) -> Iterator[list[Row]]:
        """The rows with what was looked up behind them; `day` only for a query that wants one."""
        otherwise = (self.of_nothing,) if self.is_left else ()
        for rows in self.portions(batches):
            found = self.find(rows, self.keys_of(rows), day)
            self.seen += len(rows)
            self.unmatched += found.count(())
            yield [row + tail for row, tails in zip(rows, found, strict=True) for tail in tails or otherwise]

    def portions(self, batches: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
        """The rows in portions that are looked up at once."""
        size = self.options.batch
        for rows in batches:
            if not self._asked or len(rows) <= size:
                yield rows
            else:
                yield from (rows[start : start + size] for start in range(0, len(rows), size))

    def find(self, rows: Sequence[Row], keys: Sequence[Key | None], day: Day | None) -> list[Sequence[Row]]:
        """For each of the rows, whose keys are `keys`, what there is for it."""
        rounds = self._row_keys.rounds(rows, keys) if self._asked else []
        if len(rounds) < 2:
            return self.table(rows, day).find(keys)
        found: list[Sequence[Row]] = [()] * len(rows)
        for places in rounds:
            table = self.table([rows[place] for place in places], day)
            for place, tails in zip(places, table.find([keys[place] for place in places]), strict=True):
                found[place] = tails
        return found

    def table(self, rows: Sequence[Row], day: Day | None) -> Table:
        """What there is for these rows: of their keys where the query asks for keys; else all there is, which is read
        once for a day, or once for all."""
        if self._asked:
            table = self._read(self._row_keys.to_ask(rows), day)
            self._note_strays(table, rows)
            return table
        if self._read_for is None or self._read_for[0] != day:
            self._read_for = None  # not two days in memory at a time
            self._read_for = (day, self._read([], day))
        return self._read_for[1]

    def warnings(self) -> list[str]:
        """What the user should know of rows that found nothing."""
        found = []
        if self.unmatched:
            lost = "" if self.is_left else ", which were left out"
            found.append(f"{self.name}: nothing there for {self.unmatched:,} of {self.seen:,} rows{lost}")
        if self._strays:
            found.append(
                f"{self.name}: it gave {self._strays:,} keys that are equal to none of those that it was asked for, "
                f"such as {self._stray!r}: is `match: number` or `match: caseless` meant?"
            )
        return found

    def _note_strays(self, table: Table, rows: Sequence[Row]) -> None:
        """Of several keys each column is asked for by itself, so that other pairs come as well; other values do not."""
        asked, found, is_single = self._row_keys.of(rows), table.keys(), len(self.options.on) == 1
        for place in set(self._asked.values()):
            wanted = {key if is_single else key[place] for key in asked if key is not None}
            if strays := {str(key if is_single else key[place]) for key in found} - wanted:
                self._strays += len(strays)
                self._stray = self._stray or min(strays)

    def _read(self, keys: Sequence[Sequence[str]], day: Day | None) -> Table:
        # NULL is equal to nothing, where there are no keys; a list must not be empty.
        asked: dict[str, Sequence[str | None]] = {name: keys[place] or [None] for name, place in self._asked.items()}
        answer = self._ask(asked, day)
        if self._reader is None:
            self._reader = LookupTable(self.name, self.options, answer.columns, self._keep_rows)
        behind = (day.name,) if day is not None and self._has_day else ()
        return self._reader.read(answer, behind)
