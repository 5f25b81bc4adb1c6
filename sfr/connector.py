"""The protocols a connector fulfils, and the tools it is handed; the promises are written here and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from sfr.model import Fetched, Report

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A value that opens a source, and its generation: 1 for the first, one more at each renewal."""

    value: str
    generation: int

    def __repr__(self) -> str:
        return f"Session(generation={self.generation})"


class Sink(Protocol):
    """Where a source writes a report: bytes in order, from the header on."""

    def write(self, data: bytes | memoryview, /) -> int: ...


class Asker(Protocol):
    """A person, or nobody. `interactive` is False where nobody can answer; then `hidden` must not be called."""

    interactive: bool

    def say(self, text: str) -> None: ...
    def hidden(self, prompt: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a source gets beside its Config: the session as it is now, whether the run is being stopped, a log."""

    name: str
    session: Callable[[], Session]
    stopped: Callable[[], bool] = lambda: False
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("sfr.source"))


class Source(Protocol):
    """A place reports come from. One instance per worker thread and configured name; built as `Class(config, tools)`.

    The implementer promises: write to `into` and nothing else; start no threads; read no environment; do not
    retry; raise only the errors of `sfr.errors` (AuthError when the session is dead).
    """

    Config: ClassVar[type[BaseModel]]

    def check(self) -> None:
        """May we talk? Cheap; raises AuthError or ConfigError."""
        ...

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the report's bytes to `into`, without any trailer, and say what was written."""
        ...

    def abort(self) -> None:
        """Called from another thread: make a blocked `fetch` fail soon."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A report that a source offers."""

    ref: str
    name: str
    folder: str = ""
    kind: str = ""


@runtime_checkable
class Listing(Protocol):
    """A source that can say which reports it has."""

    def list_reports(self) -> Iterator[Listed]: ...


class Destination(Protocol):
    """A place reports are delivered to."""

    Config: ClassVar[type[BaseModel]]

    def staging(self, name: str) -> Path:
        """Where a file of that name may grow before it is proven; on the same disk, where delivering is a rename.

        Nobody else is ever given the same place.
        """
        ...

    def put(self, staged: Path, name: str) -> str:
        """Deliver all or nothing; the same name twice replaces; returns where it is. Raises DeliveryError."""
        ...

    def close(self) -> None: ...
