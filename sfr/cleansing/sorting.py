"""Sorts records that memory cannot hold: sorted parts on the disk, merged; equal ones stay in their order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Any

from sfr.cleansing.layout import Layout
from sfr.cleansing.plan import Order, orders_of
from sfr.cleansing.spool import Spool
from sfr.cleansing.stage import Setting
from sfr.cleansing.values import Misfit, Reader, Value, refusal
from sfr.column_types import read_type
from sfr.csv_records import Batches, Row, Rows

MOST_BYTES_IN_MEMORY = 48 << 20
MOST_PARTS_AT_ONCE = 32
ROWS_AT_ONCE = 2000
PART_BLOCK_BYTES = 1 << 15
_BYTES_PER_CELL = 50  # what a cell costs beside its text
_BYTES_PER_ROW = 300

Key = Any  # what sorts as the records shall
Keyed = tuple[Key, Row]
KeyOf = Callable[[Row], Key]

_COMPLEMENT = bytes(0xFE - min(byte, 0xFE) for byte in range(256))
_NO_VALUE = (1,)  # behind all values, whatever the direction


class Sort:
    """By one column after the other. Texts go by their code points, other types by their value."""

    def __init__(self, value: Any, label: str, layout: Layout, setting: Setting) -> None:
        self._label, self._setting, self._width = label, setting, len(layout.columns)
        orders = orders_of(value) or ()
        self._readers = [self._reader(order) for order in orders]
        numbers = [layout.number_of(order.column, label) for order in orders]
        self._key = self._key_of(numbers, orders, self._readers)
        # Keys of records that come from the disk are made again; misfits must not be counted again.
        self._key_again = self._key_of(numbers, orders, [self._reader(order) for order in orders])
        self._passed = 0

    def __call__(self, batches: Batches) -> Batches:
        levels: list[list[Spool]] = [[]]  # the further up, the earlier the records
        try:
            held: list[Keyed] = []
            held_bytes = 0
            for rows in batches:
                held.extend(zip(self._keys(rows), rows, strict=True))
                held_bytes += sum(map(self._bytes_of, rows))
                if held_bytes > MOST_BYTES_IN_MEMORY:
                    self._put_away(held, levels)
                    held, held_bytes = [], 0
            held.sort(key=itemgetter(0))
            parts = [part for level in reversed(levels) for part in level]
            yield from _in_batches(self._merged(parts, held) if parts else held)
        finally:
            for part in (part for level in levels for part in level):
                part.close()

    def warnings(self) -> tuple[str, ...]:
        return tuple(text for reader in self._readers for text in reader.warnings(self._label))

    def _put_away(self, held: list[Keyed], levels: list[list[Spool]]) -> None:
        held.sort(key=itemgetter(0))
        levels[0].append(self._spooled(held))
        for number, level in enumerate(levels):
            if len(level) >= MOST_PARTS_AT_ONCE:
                if number + 1 == len(levels):
                    levels.append([])
                levels[number + 1].append(self._spooled(self._merged(level, [])))
                level.clear()

    def _spooled(self, keyed: Iterable[Keyed]) -> Spool:
        spool = Spool(self._setting.folder, self._width, self._setting.delimiter)
        for rows in _in_batches(keyed):
            spool.write(rows)
        return spool

    def _merged(self, parts: Sequence[Spool], held: list[Keyed]) -> Iterator[Keyed]:
        return heapq.merge(*map(self._again, parts), held, key=itemgetter(0))

    def _again(self, part: Spool) -> Iterator[Keyed]:
        for rows in part.batches(PART_BLOCK_BYTES):
            yield from zip(map(self._key_again, rows), rows, strict=True)

    def _keys(self, rows: Rows) -> list[Key]:
        try:
            keys = list(map(self._key, rows))
        except Misfit as misfit:
            raise refusal(self._label, self._passed, rows, self._key) from misfit
        self._passed += len(rows)
        return keys

    def _bytes_of(self, row: Row) -> int:
        return sum(map(len, row)) + _BYTES_PER_ROW + _BYTES_PER_CELL * self._width

    def _reader(self, order: Order) -> Reader:
        wanted = read_type(order.type or self._setting.types.get(order.column) or "text")
        return Reader(order.column, wanted, keep_misfits=self._setting.keep_misfits)

    def _key_of(self, numbers: Sequence[int], orders: Sequence[Order], readers: Sequence[Reader]) -> KeyOf:
        parts = [
            self._part_of_key(number, read, descending=order.descending)
            for number, order, read in zip(numbers, orders, readers, strict=True)
        ]
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            first, second = parts
            return lambda row: (first(row), second(row))
        return lambda row: tuple([part(row) for part in parts])

    def _part_of_key(self, number: int, read: Reader, *, descending: bool) -> KeyOf:
        value = self._setting.value
        if read.is_text and self._setting.null is None:  # then every cell has a value
            if descending:
                return lambda row: _turned(value(row[number]))
            return lambda row: value(row[number])
        turned = _turned if descending else _as_it_is

        def part(row: Row) -> Key:
            found = read(value(row[number]))
            return _NO_VALUE if found is None else (0, turned(found))

        return part


class _Turned:
    """A value that comes before those that it is greater than."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Turned) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def _turned(value: Value | None) -> Any:
    """What sorts the other way round."""
    if isinstance(value, bytes):  # UTF-8 has no byte above F4, so that a text's end can come behind its longer kin
        return value.translate(_COMPLEMENT) + b"\xff"
    if isinstance(value, Decimal):
        return value.copy_negate()  # a minus sign would round
    return -value if isinstance(value, (int, float)) else _Turned(value)


def _as_it_is(value: Value) -> Any:
    return value


def _in_batches(keyed: Iterable[Keyed]) -> Batches:
    rows = map(itemgetter(1), keyed)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch
