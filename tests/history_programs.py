"""Programs that the history tests run in other processes; each first gets its end of a pipe."""

from __future__ import annotations

import sqlite3
from multiprocessing.connection import Connection as Pipe

from sfr.history import History
from sfr.model import Run
from tests.histories import good, queued, reports


def claim_all(pipe: Pipe, url: str, owner: str) -> None:
    """Claims until nothing is left, three jobs at a time; sends the ids."""
    history = History(url, owner=owner)
    pipe.send("ready")
    pipe.recv()
    taken: list[str] = []
    while jobs := history.claim("r1", 3, 1000.0, 500.0):
        taken += [job.id for job in jobs]
    history.close()
    pipe.send(taken)


def open_new(pipe: Pipe, url: str, owner: str) -> None:
    """Opens a history that is not there yet, at the word of the other end; sends the error or None."""
    pipe.send("ready")
    pipe.recv()
    try:
        history = History(url, owner=owner, busy_timeout_seconds=30.0)
        history.add_run(Run(owner, 1.0), reports(1))
        history.close()
    except Exception as error:
        pipe.send(repr(error))
    else:
        pipe.send(None)


def settle_for_ever(pipe: Pipe, url: str) -> None:
    """Settles batches without an end, and says so each time."""
    history = History(url, owner="killed")
    queued(history, count=300)
    jobs = history.claim("r1", 300, 1000.0, 500.0)
    for batch in range(1_000_000):
        start = batch * 30 % 300
        history.settle([good(job) for job in jobs[start : start + 30]])
        pipe.send(batch)


def hold_lock(pipe: Pipe, file: str) -> None:
    """Locks a SQLite file until it is told to let go."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    pipe.send("locked")
    pipe.recv()
    connection.execute("COMMIT")
    pipe.send("released")
