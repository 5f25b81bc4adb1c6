"""The nouns: frozen values that travel between processes, into the history and out as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sfr.record import Record


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
    """What shows that a fetched file is whole: the source's own end mark, the length it announced, the number of
    records it counted, or nothing."""

    FOOTER = "footer"
    LENGTH = "length"
    COUNT = "count"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Window(Record):
    """A span of time, half-open: `start` belongs to it, `end` does not. Both are ISO 8601 with an offset from UTC,
    midnights of the IANA time zone `zone`."""

    start: str
    end: str
    zone: str


@dataclass(frozen=True, slots=True)
class Report(Record):
    """What is wanted: one line of a list, dates already filled in.

    `name` is the file name to write (with its extension), `folder` the directory it goes to (absolute once the
    catalog has read it; a program may give it "" for the default one), `ref` what the source calls the report,
    `params` what the user wants sent beside the source's defaults, in the user's order. `template` is what its row
    says of name, id, path and params before dates are filled in: with source and ref it tells that tomorrow's report
    is the same one as today's. `line` is the place in the list.

    `options` are JSON values that the source alone understands (a payload, a query), already held to its `Options`.
    `columns` are pairs of a column's name at the source and the name it shall get; `other_columns` says what becomes
    of the rest: "drop" or "keep". `update` says what happens to a file of that name: "replace" or "append".
    `many` marks a reference that stands for several reports (a dashboard) until the source has expanded it.
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
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    window: Window | None = None
    columns: tuple[tuple[str, str], ...] = ()
    other_columns: str = "drop"
    expected_columns: tuple[str, ...] = ()
    update: str = "replace"
    destination: str = "folder"
    many: bool = False


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

    The `previous_…` are what the last good run of this report had; `deaths` counts worker processes that ended while
    they had this job.
    """

    id: str
    run_id: str
    number: int
    report: Report
    deaths: int = 0
    previous_records: int | None = None
    previous_columns: tuple[str, ...] = ()
    previous_location: str = ""
    previous_sha256: str = ""
    previous_validator: str = ""


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

    `records` is how many there must be, if the source knows: another number in the file refuses it. `trailer` is what
    followed the last record and is no data (a footer); it is kept only when asked for. `request_id` is the server's own
    name of the answer, for its support. `warnings` are what the user must hear though the file is good ("exactly as
    many rows as the server's limit"). `validator` is what this version is known by (an ETag); `unchanged` says that
    nothing was written because the file delivered last is still the right one. `doubt` is a sentence about why the
    file may not be whole though its transfer is proven ("as many rows as the server gives at most"): it is delivered
    and called unverified, and not asked for again.
    """

    records: int | None = None
    proof: Proof = Proof.NONE
    trailer: bytes = b""
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    validator: str = ""
    unchanged: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Outcome(Record):
    """How a job ended. `bytes` and `sha256` describe the file at `location`; `records` excludes the header.

    `others` are further files of the same report, each as location and SHA-256. `validator` is what the source knows
    this version of the report by.
    """

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
    others: tuple[tuple[str, str], ...] = ()
    validator: str = ""


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
