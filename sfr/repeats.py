"""Knows in bounded memory which of many keys came before: a set of digests, and on the disk when they are too many."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

MOST_IN_MEMORY = 400_000  # digests, of some 90 bytes each
PARTS = 64
DIGEST_BYTES = 16  # among 10^9 keys two different ones would have the same digest once in 10^20 times
_NUMBER_BYTES = 8
_ENTRY_BYTES = DIGEST_BYTES + _NUMBER_BYTES
_ENTRIES_AT_ONCE = 1 << 13
_MISSING = b"\xff"  # no text in UTF-8 has this byte


class Repeats:
    """Asked once for each key, in order; use it in a `with`. Beyond MOST_IN_MEMORY different ones the answers come only
    at the end, from files without a name in `folder`: a 64th part of the keys is then in memory at once."""

    def __init__(self, folder: Path, most_in_memory: int | None = None) -> None:
        self._folder = folder
        self._most = MOST_IN_MEMORY if most_in_memory is None else most_in_memory
        self._seen: set[bytes] = set()
        self._parts: list[IO[bytes]] = []
        self._waiting: list[list[bytes]] = []
        self._asked_late = 0
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def news(self, keys: Iterable[bytes]) -> list[bool] | None:
        """For each digest whether it is a new one; None where this is to be asked from `late_news`. Raises OSError."""
        if not self._parts and len(self._seen) <= self._most:
            return [self._is_new(key) for key in keys]
        if not self._parts:
            self._open_parts()
        for key in keys:
            self._asked_late += 1
            self._put(key, self._asked_late)
        return None

    def late_news(self) -> bytearray:
        """For each digest that was asked for after the first None: 1 if it is a new one. Raises OSError."""
        news = bytearray(b"\x01") * self._asked_late
        for number, part in enumerate(self._parts):
            self._flush(number)
            part.seek(0)
            seen: set[bytes] = set()
            for key, place in _entries(part):
                if key in seen:
                    news[place - 1] = 0
                seen.add(key)
        return news

    def _is_new(self, key: bytes) -> bool:
        before = len(self._seen)
        self._seen.add(key)
        return len(self._seen) > before

    def _open_parts(self) -> None:
        for _ in range(PARTS):
            self._parts.append(self._files.enter_context(tempfile.TemporaryFile(dir=self._folder)))  # noqa: SIM115
        self._waiting = [[] for _ in self._parts]
        seen, self._seen = self._seen, set()
        for key in seen:
            self._put(key, 0)

    def _put(self, key: bytes, number: int) -> None:
        part = key[0] % PARTS
        waiting = self._waiting[part]
        waiting.append(key + number.to_bytes(_NUMBER_BYTES, "big"))
        if len(waiting) >= _ENTRIES_AT_ONCE // PARTS:
            self._flush(part)

    def _flush(self, part: int) -> None:
        self._parts[part].write(b"".join(self._waiting[part]))
        self._waiting[part].clear()


def key_reader(columns: Sequence[int], value: Callable[[bytes], bytes | None]) -> Callable[[Sequence[bytes]], bytes]:
    """Gives the digest of the values that a record has in `columns` (their numbers). No value is not the empty text."""
    between = len(columns) - 1

    def key(row: Sequence[bytes]) -> bytes:
        values = [_MISSING if (found := value(row[number])) is None else found for number in columns]
        joined = b"\0".join(values)
        if joined.count(b"\0") != between:  # a value holds what stands between them
            return hashlib.blake2b(repr(values).encode(), digest_size=DIGEST_BYTES, person=b"odd").digest()
        return hashlib.blake2b(joined, digest_size=DIGEST_BYTES).digest()

    return key


def _entries(part: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    while block := part.read(_ENTRIES_AT_ONCE * _ENTRY_BYTES):
        for begin in range(0, len(block), _ENTRY_BYTES):
            end = begin + DIGEST_BYTES
            yield block[begin:end], int.from_bytes(block[end : begin + _ENTRY_BYTES], "big")
