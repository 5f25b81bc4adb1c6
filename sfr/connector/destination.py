"""The protocols that a destination fulfils, and what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from sfr.model import Delivered

if TYPE_CHECKING:
    from pydantic import BaseModel


def _nothing(_bytes: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Parcel:
    """A finished file on its way to a place, and what is known about it.

    `staged` is to be read only: other places get the same file. `path` is what it shall be called there, with slashes
    between folders. `format` is csv, csv.gz, csv.zst, parquet, xlsx, jsonl, or what the source gave. `records`
    excludes a header. `null` is the text without quotes that stands for no value in a CSV, None where every text is a
    value; `types` are pairs of a column and its declared type. `update` and `identity` are those of `Place`. `job_id`
    is the same when a job that was killed runs again. `progress` is to be called now and then with the bytes that went;
    it raises Cancelled when the run is being stopped, which must leave the place as it was.
    """

    staged: Path
    path: str
    format: str = "csv"
    bytes: int = 0
    records: int | None = None
    sha256: str = ""
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    types: tuple[tuple[str, str], ...] = ()
    null: str | None = None
    update: str = "replace"
    identity: tuple[str, ...] = ()
    run_id: str = ""
    job_id: str = ""
    report: str = ""
    source: str = ""
    progress: Callable[[int], None] = field(default=_nothing, repr=False)


class Destination(Protocol):
    """A place reports are delivered to."""

    Config: ClassVar[type[BaseModel]]

    def put(self, staged: Path, name: str) -> str:
        """Deliver all or nothing; the same name twice replaces; returns where it is.

        Raises DeliveryError, and AuthError where the login in its settings is refused."""

    def close(self) -> None: ...


@runtime_checkable
class Together(Protocol):
    """A destination that can deliver several files at once. A report that comes as several is refused by others."""

    def put_all(self, files: Sequence[tuple[Path, str]]) -> list[str]:
        """As `put` for each staged file and its name; where one is refused, everything is as it was before."""


@runtime_checkable
class Staging(Protocol):
    """A destination on a disk of this machine, where delivering is a rename."""

    def staging(self, name: str) -> Path:
        """Where a file of that name may grow before it is proven. Nobody else is ever given the same place."""


@runtime_checkable
class Appending(Protocol):
    """A destination that can add records to what is there."""

    def append(self, staged: Path, name: str) -> str:
        """As `put`, but the records (a CSV's lines below its header) go behind those that are there already, all or
        nothing. Raises DeliveryError when the columns are others."""


@runtime_checkable
class Carrying(Protocol):
    """A destination that wants to know more about a file than its name, and says more about where it is."""

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        """Deliver all of them or none, in their order. A crash at any moment leaves under each path what was there
        before, or the whole new file. Done again for the same job, or for the same path with `update` "replace", it
        ends in the same state as done once. Raises AuthError where the login in its settings is refused, DeliveryError,
        or TransientError where another try may help."""


@runtime_checkable
class Linking(Protocol):
    """A destination that can make links which anybody may fetch a file by, for a while."""

    def link(self, delivered: Delivered) -> Delivered:
        """The same with a new `link` and `link_expires_at`. Raises DeliveryError when nothing is there any more."""


@runtime_checkable
class Updating(Protocol):
    """A destination that can do more to what is there than to replace it."""

    updates: ClassVar[frozenset[str]]  # of "replace", "append" and "upsert"


@runtime_checkable
class Checking(Protocol):
    """A destination that can say before a run whether it would take files. Cheap."""

    def check(self) -> None:
        """Raises AuthError, DeliveryError, TransientError or ConfigError, and leaves nothing behind."""


@runtime_checkable
class TakingRecords(Protocol):
    """A destination of records and not of files: it gets the CSV, whatever format the report asks for."""

    takes_records: ClassVar[bool]
