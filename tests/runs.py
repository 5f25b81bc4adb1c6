"""Made-up runs for the tests of what a person sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sfr.model import Attempt, Job, Outcome, Proof, Report, Result, Run, Status

START = 1_795_500_000.0
NAMES = ("sales.csv", "売上報告書_東京支店_第三四半期.csv", f"pipeline_{'x' * 110}_end.csv", "Größe résumé.csv")


def run(**changes: Any) -> Run:
    given = {"id": "20261121-070000-ab12", "started_at": START, "finished_at": START + 60, **changes}
    return Run(**given)


def result(number: int = 1, name: str = "sales.csv", status: Status = Status.DONE, **changes: Any) -> Result:
    """A report that took 4.2 s: 1 s of silence, 3 s of transfer, 0.2 s of checking."""
    job = Job(f"job{number}", "20261121-070000-ab12", number, Report(name, f"00O{number:015}"))
    attempt = Attempt(1, START + 1, 4.0, server_seconds=1.0, bytes=12_000_000)
    given: dict[str, Any] = {"attempts": (attempt,), "started_at": START + 1, "finished_at": START + 5.2}
    if status in (Status.DONE, Status.UNVERIFIED):
        given |= {"bytes": 12_000_000, "records": 12_345, "columns": ("Id", "Name"), "proof": Proof.FOOTER}
    return Result(job, Outcome(job.id, status, **(given | changes)))


def retried(number: int, tries: int, **changes: Any) -> Result:
    """A report that failed `tries` - 1 times before it came."""
    attempts = [
        Attempt(
            n, START + n, 0.5, waited_seconds=0.5, server_seconds=0.2, reason="http-503" if n < tries else "", bytes=9
        )
        for n in range(1, tries + 1)
    ]
    return result(number, attempts=tuple(attempts), finished_at=START + tries + 1, **changes)


def many(count: int, names: Sequence[str] = NAMES) -> list[Result]:
    return [result(number, f"{number}_{names[number % len(names)]}") for number in range(1, count + 1)]
