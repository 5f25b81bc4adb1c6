"""Knows which reports the demonstration downloads, and what happens to each on the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sfr.demo.behaviours import (
    Behaviour,
    Csv,
    CutMidStream,
    DataNotAvailable,
    IdentityVerification,
    Maintenance,
    Nasty,
    NoPermission,
    NotFound,
    Ragged,
    SessionDies,
)

_MEGABYTE = 1_000_000


class DemoReport(NamedTuple):
    """One line of the demonstration's list, and the behaviour of each attempt (the last one for all further)."""

    name: str
    id: str
    behaviours: tuple[Behaviour, ...]


_OPPORTUNITIES = Csv.of_bytes(2 * _MEGABYTE, seed=2, bytes_per_second=3 * _MEGABYTE)

DEMO_REPORTS = (
    DemoReport("accounts.csv", "00O5g00000Ky9PfEAJ", (Csv(rows=4_000, seed=1, silence_seconds=0.4),)),
    DemoReport(
        "opportunities.csv",
        "00O5g0000034qY6EAI",
        (Maintenance(seconds=1), CutMidStream("close", _OPPORTUNITIES), _OPPORTUNITIES),
    ),
    DemoReport(
        "order_lines.csv",
        "00O5g00000Nb3wWEAR",
        (Csv.of_bytes(60 * _MEGABYTE, seed=3, bytes_per_second=15 * _MEGABYTE),),
    ),
    DemoReport("invoices.csv", "00O5g00000D25RQEAZ", (SessionDies(2.0), Csv(rows=9_000, seed=4, silence_seconds=0.5))),
    DemoReport("customer_voices.csv", "00O5g000004F5ZREA0", (Nasty(silence_seconds=0.3),)),
    DemoReport("open_complaints.csv", "00O5g000003qa7yEAA", (Csv(rows=0, silence_seconds=0.2),)),
    DemoReport(
        "products.csv", "00O5g00000EeebyEAB", (Csv(rows=800, columns=24, seed=7, footer="german", silence_seconds=0.8),)
    ),
    DemoReport("visits.csv", "00O5g000003abP3EAI", (Csv(rows=30_000, seed=8, bytes_per_second=2 * _MEGABYTE),)),
)

FAULT_REPORTS = (
    DemoReport("deleted_last_year.csv", "00O5g00000E2Zs8EAF", (NotFound(),)),
    DemoReport("salaries.csv", "00O5g00000IQ9Y7EAL", (NoPermission(),)),
    DemoReport("bank_details.csv", "00O5g00000aJZqhEAG", (IdentityVerification(),)),
    DemoReport("neither_here_nor_there.csv", "00O5g00000B6baeEAB", (DataNotAvailable(),)),
    DemoReport("always_cut.csv", "00O5g00000CN6ZjEAL", (CutMidStream("mid-record", Csv(rows=500)),)),
    DemoReport("lost_fields.csv", "00O5g000004a3dDEAQ", (Ragged(),)),
)


def plan_of(reports: Iterable[DemoReport]) -> dict[str, tuple[Behaviour, ...]]:
    """What the org needs to know to serve `reports`."""
    return {report.id: report.behaviours for report in reports}
