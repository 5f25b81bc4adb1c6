"""What becomes of reports: runs, jobs, attempts, and how they end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sfr.model.report import Report
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
    and called unverified, and not asked for again. `null` is the text without quotes that stands for no value in the
    CSV that was written, None where every text is a value.
    """

    records: int | None = None
    proof: Proof = Proof.NONE
    trailer: bytes = b""
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    validator: str = ""
    unchanged: bool = False
    doubt: str = ""
    null: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered(Record):
    """A file (or a table's rows) that is at a place: where, without any secret, and as what.

    `bytes`, `records` and `sha256` are those of all that lies there now, also where the job has added to it; `records`
    is None where nobody can count them. Of a table they are those that the job has loaded.
    `destination` is the place's name. `bucket` and `key` are given where a place has them. `link` fetches it without
    further rights, until `link_expires_at` (seconds since the epoch); "" where a place has no links. `warnings` are for
    the user. `null` is the text without quotes that stands for no value in a CSV, None where every text is a value.
    """

    location: str
    destination: str = ""
    kind: str = ""
    bucket: str = ""
    key: str = ""
    bytes: int = 0
    records: int | None = None
    sha256: str = ""
    link: str = ""
    link_expires_at: float | None = None
    warnings: tuple[str, ...] = ()
    null: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Record):
    """How a job ended. `bytes` and `sha256` describe the file at `location`, its main place; `records` are those that
    came, without a header, in all sheets of a workbook.

    `others` are further files of the same report, each as location and SHA-256. `validator` is what the source knows
    this version of the report by. `deliveries` is all that was delivered, also by a job that failed at a later place.
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
    deliveries: tuple[Delivered, ...] = ()


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
