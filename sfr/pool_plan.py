"""Decides how many workers a run gets, and how many of them each source may have."""

from __future__ import annotations

import logging
import math
import os
import pickle
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sfr.errors import BrokenConnector, SfrError
from sfr.model import Report
from sfr.pool.supervisor import PoolPlan
from sfr.pool.worker import Setup, Watch
from sfr.reception import Reception
from sfr.redaction import redact, remember_secrets_of
from sfr.settings import Settings
from sfr.settings.configured import Limits, configure_destination
from sfr.transfer import RetryPolicy

MOST_PROCESSES = 4
MOST_THREADS = 1000
FOLDER = "folder"

log = logging.getLogger("sfr.pool")


def plan_pool(settings: Settings, reception: Reception, reports: Sequence[Report], policy: RetryPolicy) -> PoolPlan:
    """A plan for reports whose sources are all at the `reception`."""
    count = Counter(report.source for report in reports)
    many = {report.source for report in reports if report.many}
    paces: dict[str, tuple[int, float | None, float]] = {}
    for name in count:
        limits = reception.configured[name].limits if name in reception.configured else Limits.model_validate({})
        most = limits.concurrency or settings.concurrency
        in_flight = most if name in many else max(1, min(most, count[name]))
        paces[name] = (in_flight, limits.requests_per_second or settings.requests_per_second, limits.jitter_seconds)
    in_flight = max(1, min(sum(pace[0] for pace in paces.values()), MOST_THREADS))
    processes = min(settings.processes or min(os.cpu_count() or 1, MOST_PROCESSES), in_flight)
    setup = Setup(
        name="",
        threads=math.ceil(in_flight / processes),
        address=None,
        sources={name: (each.kind, pickle.dumps(each.config)) for name, each in reception.configured.items()},
        policy=policy,
        watch=Watch(settings.stall_seconds, settings.attempt_seconds),
        output=settings.output.absolute(),
        private=settings.private.absolute(),
        destinations=_destinations(settings, reports),
    )
    return PoolPlan(processes, setup.threads, setup, paces)


def staging_folders(settings: Settings, reports: Iterable[Report]) -> set[Path]:
    """The folders beside `Report.folder` where files of these reports may have grown: those of named folders."""
    named = {place.destination for report in reports for place in report.places} - {FOLDER}
    found = set()
    for name in named:
        with suppress(SfrError):  # then nothing grew there
            if settings.destination_type(name) == FOLDER:  # others may have secrets, which are not to be opened for it
                _, config = configure_destination(settings, name)
                found.add(Path(config.directory).absolute())
    return found


def _destinations(settings: Settings, reports: Sequence[Report]) -> dict[str, tuple[str, Any]]:
    """The destinations beside folders; those that are broken are left out, and cost their own reports. Raises
    ConfigError."""
    found = {}
    for name in sorted({place.destination for report in reports for place in report.places} - {FOLDER}):
        try:
            found[name] = configure_destination(settings, name)
        except BrokenConnector as error:
            log.warning("%s", redact(error.message))
    remember_secrets_of(found)
    return found
