"""Knows the figures sfr is meant to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from results import Results, peak_pss, wall_seconds
from startup import Startup

MEGABYTE = 1_000_000
CURL, SFR, SFR_100, SFROUT = "curl (8 in flight)", "sfr", "sfr --concurrency 100", "sfrout (all in flight)"
IDEAL_C_SECONDS = 26.0  # 100 reports, 8 at a time, 2 s each: 13 turns


@dataclass(frozen=True)
class Target:
    """`value` must not exceed `limit`; None where it could not be measured."""

    text: str
    value: float | None
    limit: float

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "reached" if self.value <= self.limit else f"missed by {self.value / self.limit - 1:.0%}"


def _per(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None


def _download_targets(results: Results) -> Iterator[Target]:
    memory, slow = results.median("A", SFR, peak_pss), results.median("C", SFR, wall_seconds)
    yield Target("A: wall time, × curl", results.ratio("A", SFR, CURL), 2.0)
    yield Target("A: wall time, × curl (ambition)", results.ratio("A", SFR, CURL), 1.3)
    yield Target("A: wall time, × sfrout", results.ratio("A", SFR, SFROUT), 1 / 20)
    yield Target("A: peak memory of all processes (PSS), MB", _per(memory, MEGABYTE), 250)
    yield Target("B: wall time, × sfrout", results.ratio("B", SFR, SFROUT), 0.5)
    yield Target("C: wall time with 100 in flight, × sfrout", results.ratio("C", SFR_100, SFROUT), 1.0)
    yield Target("C: wall time with 8 in flight, × ideal 26 s", _per(slow, IDEAL_C_SECONDS), 1.1)
    flat = _per(results.median("F1000", SFR, peak_pss), results.median("F27", SFR, peak_pss))
    yield Target("flat: peak memory for 1 GB, × that for 27 MB", flat, 1.2)


def targets(results: Results, started: Startup | None) -> list[Target]:
    """The targets of every part that was measured with sfr."""
    measured = {result.workload[0] for result in results.all if result.peer.startswith("sfr ") or result.peer == "sfr"}
    found = [target for target in _download_targets(results) if target.text[0].upper() in measured]
    if started is not None:
        found.append(Target("start: --help, × import requests", started.ratio if not started.exit_code else None, 1.5))
    return found
