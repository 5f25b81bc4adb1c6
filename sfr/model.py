"""The nouns: frozen values that travel between processes, into the history and out as JSON."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Status(StrEnum):
    """Where a job is: queued → running → one of the others."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Proof(StrEnum):
    """What shows that a fetched file is whole."""

    FOOTER = "footer"
    LENGTH = "length"
    NONE = "none"


class Record:
    """Gives a dataclass JSON both ways; enumerations become their values, tuples become lists."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from `to_dict` output. Unknown keys are dropped, so that an older sfr reads a newer history."""
        revivers = _revivers_of(typing.cast(type, cls))
        return cls(**{name: revivers[name](value) for name, value in values.items() if name in revivers})

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.from_dict(json.loads(text))


@functools.cache
def _revivers_of(kind: type) -> dict[str, Callable[[Any], Any]]:
    """For each field of a noun, what turns its JSON value back."""
    return {name: _reviver(hint) for name, hint in typing.get_type_hints(kind).items()}


def _reviver(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        revive = _reviver(next(kind for kind in arguments if kind is not type(None)))
        return lambda value: None if value is None else revive(value)
    if origin is tuple and arguments[-1] is Ellipsis:
        revive_item = _reviver(arguments[0])
        return lambda value: tuple(revive_item(item) for item in value)
    if origin is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return lambda value: value


@dataclass(frozen=True, slots=True)
class Report(Record):
    """What is wanted: one line of a list, dates already filled in.

    `name` is the file name to write (with its extension), `folder` the directory it goes to (absolute once the
    catalog has read it; a program may give it "" for the default one), `ref` what the source calls the report,
    `params` what the user wants sent beside the source's defaults, in the user's order. `template` is what its row
    says of name, id, path and params before dates are filled in: with source and ref it tells that tomorrow's report
    is the same one as today's. `line` is the place in the list.
    """

    name: str
    ref: str
    source: str = "salesforce"
    params: tuple[tuple[str, str], ...] = ()
    format: str = "csv"
    folder: str = ""
    type: str = "report"
    tags: tuple[str, ...] = ()
    min_records: int | None = None
    may_be_empty: bool = True
    keep_footer: bool = False
    excel: bool = False
    template: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Run(Record):
    """One batch asked for at once. Times are seconds since the epoch."""

    id: str
    started_at: float
    list_name: str = ""
    output: str = ""
    pid: int = 0
    host: str = ""
    finished_at: float | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Job(Record):
    """One report in one run; what travels to workers. Names only, never a secret.

    `previous_records` and `previous_columns` are what the last good run of this report had; `deaths` counts
    worker processes that ended while they had this job.
    """

    id: str
    run_id: str
    number: int
    report: Report
    deaths: int = 0
    previous_records: int | None = None
    previous_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt(Record):
    """One try. `started_at` in seconds since the epoch; `waited_seconds` is the pause before it, `server_seconds`
    the silence until the first byte, `seconds` the whole try without the pause."""

    number: int
    started_at: float
    seconds: float
    waited_seconds: float = 0.0
    server_seconds: float = 0.0
    bytes: int = 0
    reason: str = ""
    error: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source says it wrote. It stays in the process that fetched, so it has no JSON.

    `trailer` is what followed the last record and is no data (a footer); it is kept only when asked for.
    `request_id` is the server's own name of the answer, for its support.
    """

    format: str = "csv"
    records: int | None = None
    proof: Proof = Proof.NONE
    trailer: bytes = b""
    request_id: str = ""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Outcome(Record):
    """How a job ended. `bytes` and `sha256` describe the file at `location`; `records` excludes the header."""

    job_id: str
    status: Status
    location: str = ""
    bytes: int = 0
    records: int | None = None
    columns: tuple[str, ...] = ()
    sha256: str = ""
    proof: Proof = Proof.NONE
    attempts: tuple[Attempt, ...] = ()
    started_at: float | None = None
    finished_at: float | None = None
    scope: str = ""
    reason: str = ""
    error: str = ""
    remedy: str = ""
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Result(Record):
    """A job and how it stands; a job that has not ended has an outcome with status queued or running."""

    job: Job
    outcome: Outcome


class Phase(StrEnum):
    """What a running job is doing just now."""

    WAITING = "waiting"
    SERVER = "server"
    TRANSFER = "transfer"
    FINISHING = "finishing"


@dataclass(frozen=True, slots=True)
class Snapshot(Record):
    """A running job as a watcher sees it. `since` (seconds since the epoch) is when its phase began."""

    job_id: str
    phase: Phase
    since: float
    bytes: int = 0
    attempt: int = 1
    note: str = ""
