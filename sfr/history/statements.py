"""Knows the statements that are more than a line, and why they stay quick and safe beside other processes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, delete, func, insert, select, update

from sfr.history.rows import attempt_values, outcome_values
from sfr.history.schema import attempts, jobs, runs
from sfr.model import Outcome, Status


def newest_first() -> Select[Any]:
    """All runs, the newest first."""
    return select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc())


def due(run_id: str, limit: int, now: float) -> Select[tuple[str]]:
    """The ids of jobs that may be claimed now; the order is an index's, so that a long queue is never sorted."""
    return (
        select(jobs.c.id)
        .where(jobs.c.run_id == run_id, jobs.c.lease_until <= now)
        .order_by(jobs.c.lease_until, jobs.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def take(connection: Connection, due: Select[tuple[str]], claim: dict[str, Any]) -> list[Any]:
    """Set the `claim` columns of the `due` jobs and return their rows; no row goes to two connections."""
    wanted = (jobs.c.id, jobs.c.run_id, jobs.c.number, jobs.c.report, jobs.c.deaths)

    def taking(chosen: Any) -> Update:
        return update(jobs).where(jobs.c.id.in_(chosen)).values(claim)

    if connection.dialect.update_returning:
        # A CTE, because PostgreSQL may run a plain subquery several times and then takes more than the limit.
        return list(connection.execute(taking(select(due.cte("due").c.id)).returning(*wanted)))
    ids = connection.scalars(due).all()  # locked until the transaction ends
    if not ids:
        return []
    connection.execute(taking(ids))
    return list(connection.execute(select(*wanted).where(jobs.c.id.in_(ids))))


def last_good(connection: Connection, job_ids: list[str]) -> dict[str, Any]:
    """For each job the row of the newest good job of the same report in another run, found through one index."""
    if not job_ids:
        return {}
    good, older = jobs.alias("good"), jobs.alias("older")
    newest = (
        select(older.c.id)
        .where(older.c.report_key == jobs.c.report_key, older.c.good_at.is_not(None), older.c.run_id != jobs.c.run_id)
        .order_by(older.c.good_at.desc())
        .limit(1)
        .correlate(jobs)
        .scalar_subquery()
    )
    found = (
        select(jobs.c.id, good.c.records, good.c.columns, good.c.location, good.c.sha256, good.c.validator)
        .select_from(jobs)
        .join(good, good.c.id == newest)
    )
    return {row.id: row for row in connection.execute(found.where(jobs.c.id.in_(job_ids)))}


def write_outcomes(connection: Connection, placed: list[tuple[str, int, Outcome]]) -> None:
    """Write outcomes, each with run id and number of its job, over what was known of these jobs and attempts."""
    connection.execute(
        update(jobs).where(jobs.c.id == bindparam("settled_id")),
        [outcome_values(outcome) | {"settled_id": outcome.job_id} for _, _, outcome in placed],
    )
    connection.execute(
        delete(attempts).where(
            attempts.c.run_id == bindparam("settled_run"), attempts.c.job_number == bindparam("settled_number")
        ),
        [{"settled_run": run_id, "settled_number": number} for run_id, number, _ in placed],
    )
    tries = [
        attempt_values(run_id, number, position, attempt)
        for run_id, number, outcome in placed
        for position, attempt in enumerate(outcome.attempts)
    ]
    if tries:
        connection.execute(insert(attempts), tries)


def counts_of(connection: Connection, run_ids: list[str]) -> dict[str, dict[Status, int]]:
    """For each run how many of its jobs are in which status."""
    counts: dict[str, dict[Status, int]] = {run_id: {} for run_id in run_ids}
    grouped = select(jobs.c.run_id, jobs.c.status, func.count()).group_by(jobs.c.run_id, jobs.c.status)
    for run_id, status, count in connection.execute(grouped.where(jobs.c.run_id.in_(run_ids))):
        counts[run_id][Status(status)] = count
    return counts
