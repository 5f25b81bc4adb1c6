"""Knows how the nouns become rows of the history and come back from them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sfr.model import Attempt, Delivered, Job, Outcome, Proof, Report, Run, Status

LONGEST_TEXT = 4000
GOOD = (Status.DONE, Status.UNVERIFIED)


def report_key(report: Report) -> str:
    """The same for every day's copy of one report. Without a template it is known by name, folder and parameters."""
    known_by = report.template or [
        report.name,
        report.folder,
        report.params,
        *([report.options] if report.options else []),
    ]
    identity = json.dumps([report.source, report.ref, known_by])
    return hashlib.sha256(identity.encode()).hexdigest()


def storable(value: str) -> str:
    """Text as every database takes it: without NUL (PostgreSQL refuses it), lone surrogates spelled out."""
    return value.replace("\x00", "").encode("utf-8", "backslashreplace").decode()


def _shortened(value: str) -> str:
    value = storable(value)
    return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"


def _json(values: Iterable[str]) -> str:
    return storable(json.dumps(list(values), ensure_ascii=False))


def _deliveries(delivered: tuple[Delivered, ...]) -> str | None:
    return storable(json.dumps([each.to_dict() for each in delivered], ensure_ascii=False)) if delivered else None


def run_values(run: Run) -> dict[str, Any]:
    """The row of a run."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in run.to_dict().items()}


def queued_values(run_id: str, number: int, report: Report) -> dict[str, Any]:
    """The row of a job that waits; its outcome columns are those of an outcome that is not there yet."""
    job_id = f"{run_id}-{number:05d}"
    return outcome_values(Outcome(job_id, Status.QUEUED)) | {
        "id": job_id,
        "run_id": run_id,
        "number": number,
        "report": storable(report.to_json()),
        "name": storable(report.name),
        "ref": storable(report.ref),
        "source": storable(report.source),
        "report_key": report_key(report),
        "owner": "",
        "lease_until": 0.0,
        "deaths": 0,
    }


def outcome_values(outcome: Outcome) -> dict[str, Any]:
    """The columns of a job that change when it has ended; long texts are cut."""
    return {
        "status": outcome.status.value,
        "lease_until": None,
        "good_at": (outcome.finished_at or 0.0) if outcome.status in GOOD else None,
        "location": storable(outcome.location),
        "bytes": outcome.bytes,
        "records": outcome.records,
        "columns": _json(outcome.columns),
        "sha256": outcome.sha256,
        "proof": outcome.proof.value,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "scope": _shortened(outcome.scope),
        "reason": _shortened(outcome.reason),
        "error": _shortened(outcome.error),
        "remedy": _shortened(outcome.remedy),
        "warnings": _json(map(_shortened, outcome.warnings)),
        "others": storable(json.dumps(outcome.others, ensure_ascii=False)) if outcome.others else None,
        "validator": storable(outcome.validator) or None,
        "deliveries": _deliveries(outcome.deliveries),
    }


def attempt_values(run_id: str, job_number: int, position: int, attempt: Attempt) -> dict[str, Any]:
    """The row of an attempt; `position` tells apart attempts that share a number (a renewed session costs none)."""
    texts = {name: _shortened(getattr(attempt, name)) for name in ("reason", "error", "request_id")}
    return attempt.to_dict() | texts | {"run_id": run_id, "job_number": job_number, "position": position}


def job_from(row: Any, previous: Any = None) -> Job:
    """A job from its row and the row of its last good run."""
    return Job(
        row.id,
        row.run_id,
        row.number,
        Report.from_json(row.report),
        row.deaths,
        previous_records=previous.records if previous else None,
        previous_columns=tuple(json.loads(previous.columns)) if previous else (),
        previous_location=previous.location if previous else "",
        previous_sha256=previous.sha256 if previous else "",
        previous_validator=(previous.validator or "") if previous else "",
    )


def outcome_from(row: Any, tries: Iterable[Attempt]) -> Outcome:
    """How the job of this row stands."""
    return Outcome(
        job_id=row.id,
        status=Status(row.status),
        location=row.location,
        bytes=row.bytes,
        records=row.records,
        columns=tuple(json.loads(row.columns)),
        sha256=row.sha256,
        proof=Proof(row.proof),
        attempts=tuple(tries),
        started_at=row.started_at,
        finished_at=row.finished_at,
        scope=row.scope,
        reason=row.reason,
        error=row.error,
        remedy=row.remedy,
        warnings=tuple(json.loads(row.warnings)),
        others=tuple((place, sha256) for place, sha256 in json.loads(row.others or "[]")),
        validator=row.validator or "",
        deliveries=tuple(Delivered.from_dict(each) for each in json.loads(row.deliveries or "[]")),
    )


_ATTEMPT_FIELDS = tuple(field.name for field in dataclasses.fields(Attempt))


def attempt_from(row: Any) -> Attempt:
    """Columns are named like the fields."""
    return Attempt(*(getattr(row, name) for name in _ATTEMPT_FIELDS))


def run_from(row: Any) -> Run:
    """Columns are named like the fields."""
    return Run(**{field.name: getattr(row, field.name) for field in dataclasses.fields(Run)})
