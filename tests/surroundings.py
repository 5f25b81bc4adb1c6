"""What a job needs of a worker, without a worker: so that a whole transfer runs inside the test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfr.connector import Session, Tools
from sfr.demo.exchange import Behaviour
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.destinations.folder import Folder, FolderConfig
from sfr.errors import AuthError, Cancelled, SfrError
from sfr.model import Job, Outcome, Phase, Report
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.source import Salesforce
from sfr.transfer import RetryPolicy, Transfer

ID = "00O5g000000abcD"
NAME = "sales.csv"
QUICK = RetryPolicy(first_wait_seconds=0.001, longest_wait_seconds=0.01)


@dataclass
class Room:
    """Implements `Surroundings` in this process. `logins` give a new session each, in order.

    No pause is waited for; `pauses` tells how long they would have been, `left` how each try went. `source` is the
    one that a transfer uses just now.
    """

    value: str = DEMO_SID
    logins: list[Callable[[], str]] = field(default_factory=list)
    stopped: bool = False
    source: Salesforce | None = None
    pauses: list[float] = field(default_factory=list)
    left: list[SfrError | None] = field(default_factory=list)
    shown: list[tuple[Phase, int, str]] = field(default_factory=list)
    on_progress: Callable[[int], None] = lambda _: None
    aborted: SfrError | None = None
    _generation: int = 1

    def session(self, source: str) -> Session:
        return Session(self.value, self._generation)

    def await_session(self, source: str, lost: Session, why: AuthError) -> None:
        if not self.logins:
            raise AuthError("no session came", remedy="run `sfr login`, then run again with --failed")
        self.value = self.logins.pop(0)()
        self._generation += 1

    def enter(self, source: str) -> float:
        return 0.0

    def leave(self, source: str, error: SfrError | None) -> None:
        self.left.append(error)

    def show(self, phase: Phase, attempt: int, note: str = "") -> None:
        self.shown.append((phase, attempt, note))

    def progress(self, written_bytes: int) -> None:
        self.on_progress(written_bytes)
        if self.stopped:
            raise Cancelled("the run was stopped")

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.stopped:
            raise Cancelled("the run was stopped")

    def break_off(self, why: SfrError) -> None:
        """What the watching thread of a worker does to a transfer that is stuck."""
        self.aborted = why
        assert self.source is not None
        self.source.abort()

    def why_aborted(self) -> SfrError | None:
        why, self.aborted = self.aborted, None
        return why


@dataclass(frozen=True)
class Download:
    """What became of one report: its outcome, the requests that the org counted, the folder it should be in."""

    outcome: Outcome
    asked: int
    folder: Path

    @property
    def file(self) -> bytes | None:
        """The delivered file; None where there is none."""
        path = self.folder / Path(self.outcome.location).name
        return path.read_bytes() if self.outcome.location else None

    @property
    def leftovers(self) -> list[str]:
        """Everything in the folder beside the delivered file."""
        return sorted(path.name for path in self.folder.iterdir() if str(path) != self.outcome.location)


def source(org: DemoOrg | str, room: Room, **config: Any) -> Salesforce:
    origin = org if isinstance(org, str) else org.url
    return Salesforce(SalesforceConfig(domain=origin, **config), Tools("salesforce", lambda: room.session("")))


def transfer(
    org: DemoOrg | str,
    folder: Path,
    room: Room | None = None,
    policy: RetryPolicy = QUICK,
    private: Path | None = None,
    **wanted: Any,
) -> Outcome:
    """Run one report's transfer against `org`; `wanted` are fields of Report or, named so, of Job."""
    room = room or Room()
    of_job = {key: wanted.pop(key) for key in ("previous_records", "previous_columns") if key in wanted}
    report = Report(**{"name": NAME, "ref": ID, **wanted})
    job = Job("job1", "run1", 1, report, **of_job)
    opened: Any = source(org, room)
    room.source = opened
    destination: Any = Folder(FolderConfig(directory=folder, may_create=False))
    try:
        return Transfer(job, opened, [destination], policy, room, private=private).run()
    finally:
        opened.close()


def download(plan: Behaviour | Sequence[Behaviour], folder: Path, room: Room | None = None, **options: Any) -> Download:
    """One report from an org of its own that answers as planned."""
    with DemoOrg({ID: plan}) as org:
        outcome = transfer(org, folder, room, **options)
        return Download(outcome, org.count(ID), folder)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
