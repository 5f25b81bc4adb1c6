"""Knows where one page ends and the next begins, by what the rows say rather than by their number.

An offset names another row as soon as a row before it came or went. So each page begins with the last row of the page
before it: what stands before that row in the answer was read already, or is new in a part that was; where it is
missing, the pages do not fit together.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

Identity = Callable[[bytes], str]
# Through pandas a column of numbers, or of midnights, looks different where other rows of the page have gaps, or hours.
_SHAPES = re.compile(rb"(?:\.0| 00:00:00)(?=[,\n])")
_LAST = 2


class Writing(Protocol):
    """Takes bytes."""

    def write(self, data: bytes | memoryview, /) -> int: ...


def identity_of(header: bytes, columns: list[str]) -> Identity:
    """What tells a record, which ends with LF, from others: its cells in `columns`, where the header has them all, or
    all that it says. An aggregate of a grouped row may differ in its last digit from one query to the next."""
    names = _cells(header)
    places = [names.index(column) for column in columns if column in names]
    whole = not places or len(places) < len(columns)

    def identity(record: bytes) -> str:
        plain = _SHAPES.sub(b"", record)
        if not whole:
            with suppress(csv.Error):  # a cell of more than 128 kB
                cells = _cells(plain)
                plain = "\x1f".join(cells[place] for place in places if place < len(cells)).encode("utf-8", "replace")
        return hashlib.sha256(plain).hexdigest()

    return identity


class Border:
    """The records of one page on their way into a file, without the header.

    `after` is the identity of the last record of the page before, "" for the first page: up to it nothing is written.
    `found` says whether it came, `skipped` counts the records that were left out, itself among them. With `lagging`
    the last records are written by `finish` only, so that one that was asked for in excess can be left out.
    """

    def __init__(
        self, into: Writing, after: str = "", identity: Identity | None = None, *, lagging: bool = False
    ) -> None:
        self._into, self._after, self._identity, self._lagging = into, after, identity, lagging
        self._held = b""  # begins with a record
        self._passed = 0  # bytes at its beginning that are written, or left out
        self.found = not after
        self.skipped = 0

    def write(self, data: bytes | memoryview, /) -> int:
        """Take the next bytes."""
        self._held += data
        if not self.found:
            self._skip()
        if self.found:
            ends = _some(_ends_backwards(self._held), _LAST + 1)
            if not self._lagging:
                self._pass_on(len(self._held))
            if len(ends) > _LAST:
                self._pass_on(ends[-1])
                self._held = self._held[ends[-1] :]
                self._passed -= ends[-1]
        return len(data)

    def finish(self, *, without_last: bool = False) -> None:
        """After the last byte: write what lags behind, with or without the last record."""
        if without_last:
            self._held = self._held[: len(self._held) - len(self.last()[0])]
        if self.found:
            self._pass_on(len(self._held))

    def _pass_on(self, end: int) -> None:
        if end > self._passed:
            self._into.write(self._held[self._passed : end])
            self._passed = end

    def last(self) -> list[bytes]:
        """The last record, and the one before it, as far as this page has them."""
        ends = _some(_ends_backwards(self._held), _LAST)
        starts = [*ends[1:], 0][: len(ends)]
        return [self._held[start:end] for start, end in zip(starts, ends, strict=True)]

    def _skip(self) -> None:
        begin = 0
        for end in reversed(list(_ends_backwards(self._held))):
            record = self._held[begin:end]
            self.skipped += 1
            if self._identity is not None and self._identity(record) == self._after:
                self.found = True
                self._held = self._held[begin:]
                self._passed = len(record)
                return
            begin = end
        self._held = self._held[begin:]


def _ends_backwards(text: bytes) -> Iterator[int]:
    """Where records end in a text that begins with one, the last end first."""
    parts = text.split(b'"')  # every other one is inside of quotes
    start = len(text) + 1
    for index in range(len(parts) - 1, -1, -1):
        start -= len(parts[index]) + 1
        if index % 2 == 0:
            at = parts[index].rfind(b"\n")
            while at >= 0:
                yield start + at + 1
                at = parts[index].rfind(b"\n", 0, at)


def _some(ends: Iterator[int], number: int) -> list[int]:
    return [end for end, _ in zip(ends, range(number), strict=False)]


def _cells(record: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline="")), [])
