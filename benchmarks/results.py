"""Knows what was found: single results, their medians, and ratios between tools."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from measure import Measurement


@dataclass(frozen=True)
class Result:
    """One tool, one workload, one round. `right` of `total` files were what they must be."""

    workload: str
    peer: str
    round: int
    right: int
    total: int
    cost: Measurement
    last_words: str

    @property
    def is_good(self) -> bool:
        return self.right == self.total and self.cost.exit_code == 0 and not self.cost.timed_out


Figure = Callable[[Result], float]


def wall_seconds(result: Result) -> float:
    return result.cost.wall_seconds


def peak_pss(result: Result) -> float:
    return result.cost.peak_pss_bytes


class Results:
    """All results of one run of the benchmark."""

    def __init__(self, results: list[Result]) -> None:
        self.all = results

    def of(self, workload: str, peer: str) -> list[Result]:
        return [result for result in self.all if (result.workload, result.peer) == (workload, peer)]

    def peers(self, workload: str) -> list[str]:
        """Names of the tools measured on this workload, in the order they ran."""
        return list(dict.fromkeys(result.peer for result in self.all if result.workload == workload))

    def median(self, workload: str, peer: str, figure: Figure) -> float | None:
        """The median over good rounds; None when there is none."""
        values = [figure(result) for result in self.of(workload, peer) if result.is_good]
        return statistics.median(values) if values else None

    def ratio(self, workload: str, peer: str, base: str) -> float | None:
        """Wall time of `peer` over that of `base`: the median over rounds in which both were good."""
        rounds = {result.round: result for result in self.of(workload, base) if result.is_good}
        ratios = [
            result.cost.wall_seconds / rounds[result.round].cost.wall_seconds
            for result in self.of(workload, peer)
            if result.is_good and result.round in rounds
        ]
        return statistics.median(ratios) if ratios else None
