"""Knows which columns and which records stay: drop, keep and filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sfr.cleansing.conditions import needs_type, tests_of, type_of
from sfr.cleansing.layout import Layout
from sfr.cleansing.plan import conditions_of, names_of
from sfr.cleansing.stage import Setting, left_out
from sfr.cleansing.values import Misfit, Reader, refusal
from sfr.csv_records import Batches, Row, Rows
from sfr.errors import InvalidReport

Keeps = Callable[[Row], bool]


class Pick:
    """Gives each record the cells that drop or keep leaves, and the layout their names."""

    def __init__(self, name: str, value: Any, label: str, layout: Layout) -> None:
        named = [layout.number_of(column, label) for column in names_of(value) or ()]
        if name == "drop":
            named = [number for number in range(len(layout.columns)) if number not in named]
        if not named:
            remedy = "Leave at least one column."
            raise InvalidReport(f"{label}: no column is left", reason="columns", remedy=remedy, max_attempts=1)
        self._numbers = named
        layout.pick(named)

    def __call__(self, batches: Batches) -> Batches:
        if len(self._numbers) == 1:
            (number,) = self._numbers
            for rows in batches:
                yield [(row[number],) for row in rows]
            return
        pick = itemgetter(*self._numbers)
        for rows in batches:
            yield list(map(pick, rows))

    def warnings(self) -> tuple[str, ...]:
        return ()


class Filter:
    """Leaves out records that fail a condition. No value equals nothing, contains nothing and is not above anything."""

    def __init__(self, value: Any, label: str, layout: Layout, setting: Setting) -> None:
        self._label, self._setting = label, setting
        self._readers: list[Reader] = []
        self._keeps = [self._keeper(condition, layout) for condition in conditions_of(value) or ()]
        self._seen = self._kept = 0

    def __call__(self, batches: Batches) -> Batches:
        keeps = self._all_of(self._keeps)
        for rows in batches:
            kept = self._kept_of(rows, keeps)
            self._seen += len(rows)
            self._kept += len(kept)
            if kept:
                yield kept

    def warnings(self) -> tuple[str, ...]:
        misfits = [text for reader in self._readers for text in reader.warnings(self._label)]
        return (*left_out(self._label, self._seen, self._kept), *misfits)

    def _kept_of(self, rows: Rows, keeps: Keeps) -> Rows:
        try:
            return [row for row in rows if keeps(row)]
        except Misfit as misfit:
            raise refusal(self._label, self._seen, rows, keeps) from misfit

    def _keeper(self, condition: Mapping[str, Any], layout: Layout) -> Keeps:
        column = condition["column"]
        number, value = layout.number_of(column, self._label), self._setting.value
        wanted = type_of(condition, self._setting.types.get(column, ""))
        tests = tests_of(condition, wanted)
        if wanted.kind == "text" and len(tests) == 1:
            (test,) = tests
            return lambda row: test(text := value(row[number]), text)
        read = Reader(column, wanted, keep_misfits=self._setting.keep_misfits) if needs_type(condition) else None
        if read is not None:
            self._readers.append(read)

        def keeps(row: Row) -> bool:
            text = value(row[number])
            typed = read(text) if read is not None else None
            return all(test(text, typed) for test in tests)

        return keeps

    @staticmethod
    def _all_of(keeps: Sequence[Keeps]) -> Keeps:
        if len(keeps) == 1:
            return keeps[0]
        return lambda row: all(each(row) for each in keeps)
