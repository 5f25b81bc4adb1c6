"""A worker process as its parent sees it: started, listened to, given jobs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess

from sfr.model import Job, Outcome
from sfr.pool import start_unhearing, worker
from sfr.pool.worker import LogLine

GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Died:
    """A worker process ended while it had these jobs. They are `suspects` unless it was ended for another reason."""

    jobs: tuple[Job, ...]
    exit_code: int | None
    suspects: bool = True


@dataclass(slots=True)
class Hand:
    """One worker process with its private pipe and the jobs that it has now."""

    name: str
    process: SpawnProcess
    pipe: Connection
    jobs: dict[str, Job] = field(default_factory=dict)
    ready: bool = False

    @property
    def guarded(self) -> bool:
        """Whether it is reserved for a job that is under suspicion."""
        return any(job.deaths for job in self.jobs.values())

    def outcomes(self) -> list[Outcome]:
        """What has come through the pipe; log lines are written on the way."""
        found: list[Outcome] = []
        try:
            while self.pipe.poll():
                for message in self.pipe.recv():
                    if isinstance(message, Outcome):
                        self.jobs.pop(message.job_id, None)
                        found.append(message)
                    elif isinstance(message, LogLine):
                        logging.getLogger(message.logger).log(message.level, "%s  %s", message.process, message.text)
                    elif message == "ready":
                        self.ready = True
        except (EOFError, OSError):
            self.process.join(GRACE_SECONDS)
        return found


def launch(context: SpawnContext, name: str) -> Hand:
    """Start a worker process; it waits for its Setup as the first message."""
    ours, theirs = context.Pipe()
    process = context.Process(target=worker.main, args=(theirs,), name=name, daemon=True)
    start_unhearing(process.start)
    theirs.close()
    return Hand(name, process, ours)
