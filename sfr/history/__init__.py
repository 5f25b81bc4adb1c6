"""Knows what was asked for, who is at work on it and how it ended: the queue, the past runs and crash repair in one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import Connection, insert, select, update

from sfr.errors import ConfigError, HistoryBusy
from sfr.history import ledger
from sfr.history.database import Database
from sfr.history.rows import (
    attempt_from,
    job_from,
    outcome_from,
    outcome_values,
    queued_values,
    run_from,
    run_values,
    storable,
)
from sfr.history.schema import attempts, is_current, jobs, migrate, runs
from sfr.history.statements import counts_of, due, last_good, newest_first, take, write_outcomes
from sfr.model import Job, Outcome, Report, Result, Run, Status

__all__ = ["History", "HistoryBusy"]

PAGE = 500
_OPEN = (Status.QUEUED, Status.RUNNING)
_UNFINISHED = (*_OPEN, Status.FAILED, Status.CANCELLED, Status.SKIPPED)
_log = logging.getLogger("sfr.history")


class History:
    """The history database at a SQLAlchemy `url`, for one `owner`: a name no other live process has.

    `zone` is the time zone of the days in the ledger. Used from one thread. Every time is in seconds since the epoch.
    Each method is one transaction: it happened as a whole or not at all. All raise HistoryBusy where waiting may help
    (locked longer than the time-out, disk full, server gone) and ConfigError where it does not. The constructor makes
    what is missing (the folder of a SQLite file, tables) and raises only ConfigError.
    """

    def __init__(self, url: str, *, owner: str, busy_timeout_seconds: float = 5.0, zone: str = "UTC") -> None:
        self._owner, self._zone = owner, zone
        # Only these are renewed: a job claimed in a transaction whose answer was lost must come back.
        self._held: set[str] = set()
        self._database = Database(url, busy_timeout_seconds=busy_timeout_seconds)
        place = self._database.place
        with self._database.opening(write=False) as connection:
            current = is_current(connection, place)
        if not current:
            with self._database.opening(write=True) as connection:
                migrate(connection, place)

    def close(self) -> None:
        self._database.close()

    # The queue

    def add_run(self, run: Run, reports: Sequence[Report]) -> None:
        """Write down a run and queue a job for each report, in this order."""
        with self._database.writing() as connection:
            connection.execute(insert(runs), run_values(run))
            for start in range(0, len(reports), PAGE):  # all at once would be in memory several times
                part = enumerate(reports[start : start + PAGE], start=start + 1)
                connection.execute(insert(jobs), [queued_values(run.id, number, report) for number, report in part])

    def claim(self, run_id: str, limit: int, lease_seconds: float, now: float) -> list[Job]:
        """Take up to `limit` jobs for `lease_seconds`: queued ones in list order, then those whose lease is over.

        No other owner gets them before the lease is over. Each knows what the last good run of its report had.
        """
        with self._database.writing() as connection:
            claim = {"status": Status.RUNNING, "owner": self._owner, "lease_until": now + lease_seconds}
            rows = take(connection, due(run_id, limit, now), claim | {"started_at": now})
            previous = last_good(connection, [row.id for row in rows])
        self._held.update(row.id for row in rows)
        rows.sort(key=lambda row: row.number)
        return [job_from(row, previous.get(row.id)) for row in rows]

    def renew(self, run_id: str, lease_seconds: float, now: float) -> None:
        """Keep all jobs that this owner has claimed for `lease_seconds` from now."""
        if not self._held:
            return
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.run_id == run_id, jobs.c.id.in_(self._held), jobs.c.owner == self._owner)
                .where(jobs.c.status == Status.RUNNING)
                .values(lease_until=now + lease_seconds)
            )

    def requeue(self, job_ids: Sequence[str], *, died: bool) -> None:
        """Give claimed jobs back to the queue; `died` counts a worker that ended while it had them."""
        if not job_ids:
            return
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id.in_(job_ids), jobs.c.owner == self._owner, jobs.c.status == Status.RUNNING)
                .values(status=Status.QUEUED, owner="", lease_until=0.0, deaths=jobs.c.deaths + int(died))
            )
        self._held.difference_update(job_ids)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Write down how jobs ended, with their attempts. Settling a job again replaces what was there.

        An outcome whose job another owner has taken over meanwhile (our lease was over) is dropped and logged.
        """
        latest = {outcome.job_id: outcome for outcome in outcomes}
        if not latest:
            return
        with self._database.writing() as connection:
            places = self._places(connection, list(latest))
            settled = [outcome for job_id, outcome in latest.items() if job_id in places]
            if settled:
                write_outcomes(connection, [(*places[outcome.job_id][:2], outcome) for outcome in settled])
                kept = [(places[each.job_id], each) for each in settled if each.deliveries]
                ended = [(run_id, Report.from_json(text), each) for (run_id, _, text), each in kept]
                ledger.write(connection, ended, self._zone)
        self._held.difference_update(latest)
        for job_id in latest.keys() - places.keys():
            _log.warning("the outcome of %s is not kept: another process has taken this job over", job_id)

    def _places(self, connection: Connection, job_ids: list[str]) -> dict[str, tuple[str, int, str]]:
        """Run, number and report (as JSON) of those jobs that nobody else has."""
        mine = (
            select(jobs.c.id, jobs.c.run_id, jobs.c.number, jobs.c.report)
            .where(jobs.c.id.in_(job_ids), jobs.c.owner.in_(("", self._owner)))
            .with_for_update()
        )
        return {row.id: (row.run_id, row.number, row.report) for row in connection.execute(mine)}

    def close_open(
        self, run_id: str, status: Status, reason: str, error: str, now: float, *, remedy: str = ""
    ) -> list[Outcome]:
        """End all jobs of a run that have not ended, whoever has them; returns their outcomes in list order."""
        end = Outcome("", status, finished_at=now, reason=reason, error=error, remedy=remedy)
        unended = (jobs.c.run_id == run_id, jobs.c.status.in_(_OPEN))
        with self._database.writing() as connection:
            chosen = select(jobs.c.id, jobs.c.started_at).where(*unended).order_by(jobs.c.number).with_for_update()
            outcomes = [replace(end, job_id=row.id, started_at=row.started_at) for row in connection.execute(chosen)]
            if outcomes:
                same = outcome_values(outcomes[0]) | {"owner": self._owner}
                del same["started_at"]
                connection.execute(update(jobs).where(*unended).values(same))
        self._held.difference_update(outcome.job_id for outcome in outcomes)
        return outcomes

    def renew_links(self, outcome: Outcome) -> None:
        """Write down the links that `outcome` has now, beside the job and in the ledger."""
        with self._database.writing() as connection:
            written = {"deliveries": outcome_values(outcome)["deliveries"]}
            connection.execute(update(jobs).where(jobs.c.id == outcome.job_id).values(written))
            ledger.renew_links(connection, outcome.deliveries)

    def replaced(self, outcome: Outcome) -> frozenset[str]:
        """The locations of its files at which a later job has put others."""
        with self._database.reading() as connection:
            return ledger.replaced(connection, outcome)

    def finish_run(self, run_id: str, exit_code: int, now: float) -> None:
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(exit_code=exit_code, finished_at=now))

    # The past

    def last_run(self) -> Run | None:
        return next((run for run, _ in self.runs(limit=1)), None)

    def run(self, run_id: str) -> Run | None:
        """The run with this id, or the only one whose id begins so; ConfigError where several do."""
        wanted = storable(run_id)
        if not wanted:
            return None
        with self._database.reading() as connection:
            rows = connection.execute(newest_first().where(runs.c.id.startswith(wanted, autoescape=True))).all()
        # SQLite takes capital and small letters for the same here.
        found = [run_from(row) for row in rows if row.id.startswith(wanted)]
        exact = next((run for run in found if run.id == wanted), None)
        if exact is None and len(found) > 1:
            raise ConfigError(
                f"{len(found)} runs begin with {wanted!r}: {', '.join(run.id for run in found[:3])} …",
                remedy="give more of the id; `history` lists them",
            )
        return exact or next(iter(found), None)

    def runs(self, limit: int = 20) -> list[tuple[Run, dict[Status, int]]]:
        """The newest runs first, each with how many of its jobs are in which status."""
        with self._database.reading() as connection:
            found = [run_from(row) for row in connection.execute(newest_first().limit(limit))]
            counts = counts_of(connection, [run.id for run in found])
        return [(run, counts[run.id]) for run in found]

    def counts(self, run_id: str) -> dict[Status, int]:
        """How many jobs of a run are in which status; a status without jobs is left out."""
        with self._database.reading() as connection:
            return counts_of(connection, [run_id])[run_id]

    def results(self, run_id: str) -> Iterator[Result]:
        """The jobs of a run in list order with their attempts, read page by page: memory does not grow with them."""
        last = 0
        while page := self._page(run_id, last):
            yield from page
            last = page[-1].job.number

    def _page(self, run_id: str, after: int) -> list[Result]:
        wanted = select(jobs).where(jobs.c.run_id == run_id, jobs.c.number > after).order_by(jobs.c.number).limit(PAGE)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
            last = rows[-1].number if rows else after
            tries = connection.execute(
                select(attempts)
                .where(attempts.c.run_id == run_id, attempts.c.job_number.between(after + 1, last))
                .order_by(attempts.c.job_number, attempts.c.position)
            ).all()
        found = {number: list(group) for number, group in groupby(tries, key=lambda row: row.job_number)}
        return [Result(job_from(row), outcome_from(row, map(attempt_from, found.get(row.number, ())))) for row in rows]

    def unfinished(self, run_id: str, *, unverified: bool = False) -> list[Report]:
        """The reports of a run that is over which are still wanted, in list order.

        Failed, cancelled, skipped, and what a dead run left queued or running; on request the unverified as well.
        """
        wanted = (*_UNFINISHED, Status.UNVERIFIED) if unverified else _UNFINISHED
        chosen = select(jobs.c.report).where(jobs.c.run_id == run_id, jobs.c.status.in_(wanted))
        with self._database.reading() as connection:
            return [Report.from_json(text) for text in connection.scalars(chosen.order_by(jobs.c.number))]
