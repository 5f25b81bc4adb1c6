"""Knows how blob stores that fsspec speaks to take part in delivery: files grow under another name and are copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from sfr.errors import DeliveryError, SfrError, TransientError
from sfr.remote_refusals import first_line, login_refused, missing, not_allowed

Renamed = Callable[[str, Exception], SfrError | None]
"""Our error for one of a store's library, met at a place; None for what is none of the store's."""


class BlobFiles:
    """Implements `RemoteFiles` over an fsspec file system. `scheme` is what addresses begin with, as gs in gs://bucket;
    `renamed` knows the errors of the store's library."""

    def __init__(self, system: Any, kind: str, bucket: str, directory: str, *, scheme: str, renamed: Renamed) -> None:
        self._system, self._renamed = system, renamed
        self._root = "/".join(filter(None, [bucket, directory.strip("/")]))
        self._scheme = scheme
        self.kind, self.bucket = kind, bucket

    @contextmanager
    def writing(self, path: str, facts: dict[str, str]) -> Iterator[BinaryIO]:
        kept = {"metadata": {f"sfr_{name}": value for name, value in facts.items()}} if facts else {}
        with renaming(self.location(path), self._renamed):
            file = self._system.open(self._at(path), "wb", **kept)
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
            renaming(self.location(path), self._renamed),
            self._system.open(self._at(path), "rb", cache_type="readahead") as file,
        ):
            yield file

    def names(self, folder: str) -> list[str]:
        with renaming(self.location(folder), self._renamed):
            try:
                found = self._system.ls(self._at(folder), detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    def make_folder(self, folder: str) -> None:
        """There are none; names only look so."""

    def replace(self, path: str, by: str) -> None:
        """The copy appears whole or not at all, and is looked at before the other one goes."""
        with renaming(self.location(path), self._renamed):
            size_bytes = self._size(by)
            self._system.cp_file(self._at(by), self._at(path))
            if self._size(path) != size_bytes:
                raise TransientError(f"{self.location(path)}: the store has not copied all of it", reason="copy")
            self._system.rm_file(self._at(by))

    def remove(self, path: str) -> None:
        with renaming(self.location(path), self._renamed):
            self._system.rm_file(self._at(path))

    def location(self, path: str) -> str:
        return f"{self._scheme}://{self._root}/{path}"

    def _size(self, path: str) -> int:
        self._system.invalidate_cache()
        return int(self._system.info(self._at(path))["size"])

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


@contextmanager
def renaming(where: str, renamed: Renamed) -> Iterator[None]:
    """What a store's library raises in the block becomes one of our errors."""
    try:
        yield
    except SfrError:
        raise
    except Exception as error:
        if (ours := renamed(where, error)) is None:
            raise
        raise ours from error


def store_error(where: str, status: int | None, error: BaseException, *, bucket: str, login: str) -> SfrError:
    """Our error for what a store answered with an HTTP status, None where that is not known.

    `bucket` is what the store calls it, and the setting that names it; `login` are the settings that say who we are.
    """
    match status:
        case 401:
            return login_refused(where, login)
        case 403:
            return not_allowed(where)
        case 404:
            return missing(where, bucket, bucket)
        case None | 0 | 408 | 429:
            return _busy(where, error, slow_down=status == 429)
        case _ if status >= 500:
            return _busy(where, error, slow_down=status == 503)
    return DeliveryError(
        f"{where}: the store refuses it: {first_line(error)}", reason="refused", remedy=f"Look at the {bucket} there."
    )


def _busy(where: str, error: BaseException, *, slow_down: bool) -> TransientError:
    return TransientError(f"{where}: {first_line(error)}", reason="store", slow_down=slow_down)
