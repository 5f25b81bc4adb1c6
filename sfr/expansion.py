"""Turns the reports that stand for several, such as a dashboard, into those that they stand for just now."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfr.catalog import expanded_name, renamed, unique_names
from sfr.connector import Expanding
from sfr.errors import ReportError, SfrError, TransientError
from sfr.interruption import Interruption
from sfr.model import Report
from sfr.reception import Reception
from sfr.redaction import redact
from sfr.session_keeper import SessionKeeper
from sfr.transfer import RetryPolicy, back_off_seconds, surprise
from sfr.watcher import Watcher

MOST_TRIES = 5

log = logging.getLogger("sfr.expansion")


class Expansion:
    """Asks the sources, once their sessions are there."""

    def __init__(
        self,
        reception: Reception,
        sessions: SessionKeeper,
        policy: RetryPolicy,
        watcher: Watcher,
        interruption: Interruption,
    ) -> None:
        self._reception, self._sessions = reception, sessions
        self._policy, self._watcher, self._interruption = policy, watcher, interruption

    def of(self, reports: Sequence[Report]) -> list[Report]:
        """All reports, each that stands for several replaced by those; one that cannot be expanded stays as it is, to
        fail by its own name. No two files get the same name. Raises KeyboardInterrupt."""
        taken: dict[str, list[str]] = {}
        for report in reports:
            if not report.many:
                taken.setdefault(report.folder, []).append(report.name)
        found: list[Report] = []
        for report in reports:
            parts = self._parts(report) if report.many else [report]
            if report.many:
                names = taken.setdefault(report.folder, [])
                unique = unique_names([part.name for part in parts], names)
                parts = [renamed(part, name) for part, name in zip(parts, unique, strict=True)]
                names += unique
            found += parts
        return found

    def _parts(self, report: Report) -> list[Report]:
        if not self._sessions.has(report.source):
            return [report]
        for tries in range(1, MOST_TRIES + 1):
            try:
                parts = list(self._asked(report))
            except TransientError as error:
                self._watcher.notice(f"{report.name}: {redact(error.message)}")
                if tries < MOST_TRIES:
                    self._pause(back_off_seconds(self._policy, tries, error))
            except SfrError as error:
                self._watcher.notice(f"{report.name}: {redact(error.message)}")
                return [report]
            except (Exception, SystemExit) as error:  # whatever a stranger's connector does
                known = surprise(report, error)
                self._watcher.notice(f"{report.name}: {redact(known.message)}; {known.remedy}")
                return [report]
            else:
                self._watcher.notice(f"{report.name}: {len(parts)} reports")
                return parts or [report]
        return [report]

    def _asked(self, report: Report) -> Iterator[Report]:
        with self._reception.opened(report.source, self._sessions.current(report.source)) as source:
            if not isinstance(source, Expanding):
                raise ReportError(f"{report.source} cannot say what {report.ref} stands for", reason="many")
            for listed, reference in source.expand(report):
                yield replace(
                    report,
                    name=expanded_name(report.name, listed.name, listed.ref),
                    ref=reference.ref,
                    params=reference.params,
                    options=reference.options,
                    format=reference.format,
                    many=False,
                    template=f"{report.template}\n{reference.ref}",
                )

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._interruption.asked:
                raise KeyboardInterrupt
            time.sleep(0.1)
