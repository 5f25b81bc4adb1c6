"""Leaves out records whose values came before; the first of them stays where it was."""

from __future__ import annotations

from contextlib import closing
from itertools import compress
from typing import Any

from sfr.cleansing.layout import Layout
from sfr.cleansing.plan import names_of
from sfr.cleansing.spool import Spool
from sfr.cleansing.stage import Setting, left_out
from sfr.csv_records import BLOCK_BYTES, Batches
from sfr.repeats import Repeats, key_reader


class Dedupe:
    """By the values of some columns, or of all where none is named. Values are compared as texts."""

    def __init__(self, value: Any, label: str, layout: Layout, setting: Setting) -> None:
        self._label, self._setting, self._width = label, setting, len(layout.columns)
        columns = [layout.number_of(name, label) for name in names_of(value) or ()]
        self._key = key_reader(columns or range(self._width), setting.value)
        self._seen = self._kept = 0

    def __call__(self, batches: Batches) -> Batches:
        for rows in self._firsts(batches):
            self._kept += len(rows)
            if rows:
                yield rows

    def warnings(self) -> tuple[str, ...]:
        return left_out(self._label, self._seen, self._kept)

    def _firsts(self, batches: Batches) -> Batches:
        """What is new passes at once, until there is too much to remember: then the rest waits on the disk."""
        waiting = Spool(self._setting.folder, self._width, self._setting.delimiter)
        with closing(waiting), Repeats(self._setting.folder) as repeats:
            for rows in batches:
                self._seen += len(rows)
                news = repeats.news(map(self._key, rows))
                if news is None:
                    waiting.write(rows)
                else:
                    yield list(compress(rows, news))
            late_news = repeats.late_news()
            passed = 0
            for rows in waiting.batches(BLOCK_BYTES):
                yield list(compress(rows, late_news[passed : passed + len(rows)]))
                passed += len(rows)
