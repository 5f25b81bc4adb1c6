"""Knows how blob stores that fsspec speaks to take part in delivery: files grow under another name and are copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO

from sfr.errors import TransientError

Renaming = Callable[[str], AbstractContextManager[None]]


class BlobFiles:
    """Implements `RemoteFiles` over an fsspec file system. `root` is the bucket or container and the folder in it;
    `renaming` turns the errors of the store's library, met at a place, into ours; `keyword` is what the library calls
    the facts that are kept beside a blob."""

    def __init__(self, system: Any, kind: str, root: str, renaming: Renaming, *, keyword: str, shown: str) -> None:
        self._system, self._root, self._renaming = system, root.strip("/"), renaming
        self._keyword, self._shown = keyword, shown
        self.kind = kind

    @contextmanager
    def writing(self, path: str, facts: dict[str, str]) -> Iterator[BinaryIO]:
        plain = {
            name.replace("-", "_"): value.encode("ascii", "backslashreplace").decode() for name, value in facts.items()
        }
        with self._renaming(self.location(path)):
            file = self._system.open(self._at(path), "wb", **({self._keyword: plain} if plain else {}))
            try:
                yield file
            except BaseException:
                # Closing would make it whole; without that its pieces are dropped by the store.
                file.closed = True
                raise
            file.close()

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        with (
            self._renaming(self.location(path)),
            self._system.open(self._at(path), "rb", cache_type="readahead") as file,
        ):
            yield file

    def names(self, folder: str) -> list[str]:
        with self._renaming(self.location(folder)):
            try:
                found = self._system.ls(self._at(folder), detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    def make_folder(self, folder: str) -> None:
        """There are none; names only look so."""

    def replace(self, path: str, by: str) -> None:
        """The copy appears whole or not at all, and is looked at before the other one goes."""
        with self._renaming(self.location(path)):
            size_bytes = self._size(by)
            self._system.cp_file(self._at(by), self._at(path))
            if self._size(path) != size_bytes:
                raise TransientError(f"{self.location(path)}: the store has not copied all of it", reason="copy")
            self._system.rm_file(self._at(by))

    def remove(self, path: str) -> None:
        with self._renaming(self.location(path)):
            self._system.rm_file(self._at(path))

    def location(self, path: str) -> str:
        return f"{self._shown}/{path}"

    def _size(self, path: str) -> int:
        self._system.invalidate_cache()
        return int(self._system.info(self._at(path))["size"])

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root
