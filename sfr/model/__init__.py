"""The nouns: frozen values that travel between processes, into the history and out as JSON."""

from __future__ import annotations

from sfr.model.job import (
    Attempt,
    Delivered,
    Fetched,
    Job,
    Outcome,
    Phase,
    Proof,
    Result,
    Run,
    Snapshot,
    Status,
)
from sfr.model.report import WORKBOOK, Expectations, Place, Report, Shape, Window

__all__ = [
    "WORKBOOK",
    "Attempt",
    "Delivered",
    "Expectations",
    "Fetched",
    "Job",
    "Outcome",
    "Phase",
    "Place",
    "Proof",
    "Report",
    "Result",
    "Run",
    "Shape",
    "Snapshot",
    "Status",
    "Window",
]
