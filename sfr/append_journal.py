"""Remembers the last append to a file, so that a job that runs again takes back what it had put there."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from sfr.atomic import delivery_error
from sfr.checksum import sha256_of


@runtime_checkable
class Joining(Protocol):
    """A destination where an append is two steps: the joined file, and its name."""

    def place(self, name: str) -> Path:
        """Where a file of that name is, or will be."""

    def join(self, staged: Path, name: str, end: int | None) -> int:
        """Make `staged` the first `end` bytes (None: all) of the file that has the name, followed by its own records;
        returns where these begin. Raises DeliveryError as `append` does."""


@dataclass(frozen=True, slots=True)
class Appended:
    """An append: which job did it, the SHA-256 of its records, where they begin in the joined file, and the size and
    SHA-256 of that."""

    job_id: str
    records_sha256: str
    begin: int
    bytes: int
    sha256: str


class AppendJournal:
    """The last append to the file `target`; it is written down in `folder` before it happens."""

    def __init__(self, folder: Path, target: Path) -> None:
        self._target = target
        self._note = folder / f"{hashlib.sha256(str(target.absolute()).encode(errors='replace')).hexdigest()[:32]}.json"

    def last(self) -> Appended | None:
        """The last append, if the file still is what it became by it."""
        with suppress(OSError, ValueError, TypeError):
            found = Appended(**json.loads(self._note.read_text(encoding="utf-8")))
            if self._target.stat().st_size == found.bytes:
                return found if sha256_of(self._target) == found.sha256 else None
        return None

    def write(self, append: Appended) -> None:
        """Call it before the file gets its name. Raises DeliveryError, about the journal."""
        new = self._note.with_suffix(".new")
        try:
            self._note.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(asdict(append)), encoding="utf-8")
            new.replace(self._note)
        except OSError as error:
            raise delivery_error(self._note, error) from error
