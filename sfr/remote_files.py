"""Delivers files to far file systems: under another name first, read back, and only then under their own."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, TypeVar
from urllib.parse import quote

from sfr.atomic import delivery_error
from sfr.connector import Parcel
from sfr.errors import AuthError, DeliveryError, SfrError
from sfr.model import Delivered
from sfr.part_names import Writer, is_of_this_process, part_name, writer_of

PIECE_BYTES = 1 << 20


class RemoteFiles(Protocol):
    """A far file system, its paths below the folder that is delivered to, with slashes. Its methods raise errors of
    `sfr.errors` only. `bucket` is "" where there is no such thing."""

    kind: str
    bucket: str

    def writing(self, path: str, facts: dict[str, str]) -> AbstractContextManager[BinaryIO]:
        """A new file; leaving the block without an error makes it whole. `facts` are kept beside it where that is
        possible."""

    def reading(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file that is there."""

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, without the folder; nothing where there is none."""

    def make_folder(self, folder: str) -> None:
        """Make it and those above it, where there is such a thing as a folder."""

    def replace(self, path: str, by: str) -> None:
        """Give the file `by` the name `path` in one step, whatever had that name before."""

    def remove(self, path: str) -> None: ...
    def location(self, path: str) -> str:
        """Where a file is, without any secret."""


class _Config(Protocol):
    @property
    def read_back(self) -> bool: ...


ConfigT = TypeVar("ConfigT", bound=_Config)


class RemoteShelf(ABC, Generic[ConfigT]):
    """A destination on a far file system; its classes only say how that is connected to."""

    def __init__(self, config: ConfigT) -> None:
        self._config = config
        self._refused: AuthError | None = None

    @abstractmethod
    def connected(self) -> AbstractContextManager[RemoteFiles]:
        """The file system for as long as the block takes. Raises ConfigError without the package that it needs, and
        AuthError, DeliveryError or TransientError where it does not let us in."""

    def check(self) -> None:
        """Write a small file and remove it. Raises as `deliver`."""
        name = part_name("check", os.getpid())
        with self.connected() as files:
            files.make_folder("")
            with _removed(files, name), files.writing(name, {}) as file:
                file.write(b"sfr")

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        """Deliver files; `read_back` of the configuration proves them by their SHA-256 before they get their names.

        All of them are there, and proven, before the first one gets its name. No such file system gives several names
        in one step: where the connection breaks between two of them, each file is the old or the new one, whole, and
        the next try brings them together again. Raises AuthError, DeliveryError or TransientError.
        """
        with self._let_in() as files, ExitStack() as parts:
            told = [_uploaded(files, parcel, parts, read_back=self._config.read_back) for parcel in parcels]
            for parcel, (part, _) in zip(parcels, told, strict=True):
                files.replace(parcel.path, part)
            parts.pop_all()
        return [delivered for _, delivered in told]

    def put(self, staged: Path, name: str) -> str:
        """As `deliver`, for a file of which nothing more is known."""
        return self.deliver([Parcel(staged, name)])[0].location

    @contextmanager
    def _let_in(self) -> Iterator[RemoteFiles]:
        """As `connected`; a login that was refused is not tried again with the next file, since servers lock accounts
        for that."""
        if self._refused is not None:
            raise AuthError(self._refused.message, reason=self._refused.reason, remedy=self._refused.remedy)
        try:
            with self.connected() as files:
                yield files
        except AuthError as error:
            self._refused = error
            raise

    def close(self) -> None:
        """Every delivery has a connection of its own: servers close those that rest."""


def facts_of(parcel: Parcel) -> dict[str, str]:
    """What is kept beside a file about where it comes from, in ASCII: all else is percent-encoded."""
    told = {
        "run": parcel.run_id,
        "report": parcel.report,
        "source": parcel.source,
        "records": "" if parcel.records is None else str(parcel.records),
        "sha256": parcel.sha256,
    }
    return {name: quote(value, safe=" ,:;/()+=@!$&'*") for name, value in told.items() if value}


def _uploaded(files: RemoteFiles, parcel: Parcel, parts: ExitStack, *, read_back: bool) -> tuple[str, Delivered]:
    """The part under which the file is there, to be removed by `parts` if anything fails."""
    folder, _, name = parcel.path.rpartition("/")
    files.make_folder(folder)
    _sweep(files, folder)
    part = _joined(folder, part_name(name, os.getpid()))
    parts.enter_context(_removed(files, part))
    size_bytes, sha256 = _upload(files, parcel, part)
    if read_back:
        _prove(files, part, size_bytes, sha256)
    return part, Delivered(
        files.location(parcel.path),
        kind=files.kind,
        bucket=files.bucket,
        key=parcel.path,
        bytes=size_bytes,
        records=parcel.records,
        sha256=sha256,
    )


def _upload(files: RemoteFiles, parcel: Parcel, part: str) -> tuple[int, str]:
    digest, sent = hashlib.sha256(), 0
    try:
        source = parcel.staged.open("rb")
    except OSError as error:
        raise delivery_error(parcel.staged, error) from error
    with source, files.writing(part, facts_of(parcel)) as target:
        while piece := source.read(PIECE_BYTES):
            target.write(piece)
            digest.update(piece)
            sent += len(piece)
            parcel.progress(sent)
    return sent, digest.hexdigest()


def _prove(files: RemoteFiles, part: str, size_bytes: int, sha256: str) -> None:
    digest, found_bytes = hashlib.sha256(), 0
    with files.reading(part) as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            found_bytes += len(piece)
    if (found_bytes, digest.hexdigest()) != (size_bytes, sha256):
        raise DeliveryError(
            f"{files.location(part)}: {size_bytes:,} bytes were sent and others came back ({found_bytes:,})",
            reason="changed-on-the-way",
            remedy="Look at that server's disk and at what lies between.",
            max_attempts=3,
        )


def _sweep(files: RemoteFiles, folder: str) -> None:
    """Remove what killed processes of this machine have left."""
    for name in files.names(folder):
        if writer_of(name) is Writer.GONE and not is_of_this_process(name):
            with suppress(SfrError):  # it is not in the way
                files.remove(_joined(folder, name))


@contextmanager
def _removed(files: RemoteFiles, path: str) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(SfrError):  # never begun, or out of reach: the first error is the one to tell
            files.remove(path)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
