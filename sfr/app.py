"""The verbs, and the one place where the parts are wired together."""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sfr.access import Access
from sfr.connector import Asker
from sfr.engine import Ending, Engine
from sfr.errors import AuthError, ConfigError, DeliveryError, HistoryBusy, SfrError
from sfr.exit_codes import CONFIGURATION, FAILED, exit_code
from sfr.interruption import Interruption
from sfr.model import Outcome, Report, Result, Run, Status
from sfr.pool.supervisor import Pool, PoolPlan
from sfr.pool.worker import Setup, Watch
from sfr.redaction import redact, remember_secret, remember_secrets_of
from sfr.run_lock import only_run
from sfr.session_keeper import SessionKeeper
from sfr.settings import Settings
from sfr.staging import sweep
from sfr.transfer import RetryPolicy
from sfr.watcher import Watcher

if TYPE_CHECKING:
    from sfr.history import History

PRIVATE = ".sfr"
BUSY_SECONDS = 1.0  # whoever waits for the history comes again, and Ctrl-C must not wait long
MOST_PROCESSES = 4

log = logging.getLogger("sfr.app")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run brought: its jobs in list order with their outcomes, the exit code, and the files about it."""

    run: Run
    results: tuple[Result, ...]
    exit_code: int
    files: dict[str, Path] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class App:
    """Everything sfr can do with reports, for any front door.

    `sign_in` replaces the Salesforce sign-in chain; it gets the value that no longer works, "" at the start.
    """

    def __init__(self, settings: Settings, asker: Asker, sign_in: Callable[[str], str] | None = None) -> None:
        self._settings = settings
        self._sign_in = sign_in or Access(settings, asker).session
        self._private = settings.output.absolute() / PRIVATE
        if settings.database_url is not None:
            remember_secret(settings.database_url.get_secret_value())

    def now(self) -> datetime:
        """The present moment in the zone of the settings."""
        return datetime.now(ZoneInfo(self._settings.timezone))

    @contextmanager
    def history(self) -> Iterator[History]:
        """The history, open. Raises ConfigError when it cannot be opened."""
        from sfr.history import History

        url = self._settings.database_url
        place = f"sqlite:///{(self._private / 'history.db').as_posix()}"
        history = History(
            url.get_secret_value() if url else place,
            owner=f"{socket.gethostname()}-{os.getpid()}",
            busy_timeout_seconds=BUSY_SECONDS,
        )
        try:
            yield history
        finally:
            history.close()

    def unfinished(self, *, unverified: bool) -> tuple[Run, list[Report]]:
        """The last run and what it did not bring. Raises ConfigError when there was no run yet."""
        with self.history() as history:
            run = history.last_run()
            if run is None:
                raise ConfigError("no run yet in this history", remedy="run without --failed first")
            return run, history.unfinished(run.id, unverified=unverified)

    def run(self, reports: Sequence[Report], watcher: Watcher, list_name: str = "") -> RunResult:
        """Fetch reports; returns when all have an outcome, or somebody interrupts.

        Raises Busy while another run uses the same output and ConfigError when the history cannot be opened; whatever
        happens to a report is in its outcome.
        """
        self._settings.require_domain()
        with only_run(self._private), Interruption() as interruption:
            run = Run(
                id=f"{self.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
                started_at=time.time(),
                list_name=list_name,
                output=str(self._settings.output.absolute()),
                pid=os.getpid(),
                host=socket.gethostname(),
            )
            # The workers come up while the history is opened and the session looked for.
            with Pool(self._plan(self._policy(run), len(reports))) as pool, self.history() as history:
                self._sweep(reports)
                self._write_down(history, run, reports)
                policy = self._policy(run)
                sessions = SessionKeeper(lambda _source, dead: self._sign_in(dead), policy, watcher)
                try:
                    sessions.first("salesforce", interruption)
                except (SfrError, KeyboardInterrupt) as error:
                    return self._conclude(run, history, self._not_begun(run, history, error))
                watcher.begin(run, {f"{run.id}-{number:05d}": report.name for number, report in enumerate(reports, 1)})
                engine = Engine(history, pool, watcher, sessions)
                try:
                    ending = engine.drain(run, interruption, policy.deadline_at)
                finally:
                    watcher.end()
                return self._conclude(run, history, ending, engine.unwritten)

    def _write_down(self, history: History, run: Run, reports: Sequence[Report]) -> None:
        try:
            history.add_run(run, reports)
        except HistoryBusy as error:
            raise ConfigError(error.message, reason=error.reason, remedy=error.remedy) from error

    def _policy(self, run: Run) -> RetryPolicy:
        seconds = self._settings.deadline_seconds
        return RetryPolicy(
            max_attempts=self._settings.max_attempts,
            deadline_at=None if seconds is None else run.started_at + seconds,
            max_report_bytes=self._settings.max_report_megabytes * 1_000_000,
        )

    def _not_begun(self, run: Run, history: History, error: BaseException) -> Ending:
        """Without a session nothing starts; what was asked for stays in the history, for `--failed`."""
        if not isinstance(error, SfrError):
            history.close_open(run.id, Status.CANCELLED, "interrupted", "the run was stopped", time.time())
            return Ending(interrupted=True)
        log.warning("no session: %s", redact(error.message))
        history.close_open(run.id, Status.SKIPPED, error.reason, redact(error.message), time.time())
        if isinstance(error, ConfigError):
            history.finish_run(run.id, CONFIGURATION, time.time())
            raise error
        return Ending(login_needed=isinstance(error, AuthError))

    def _plan(self, policy: RetryPolicy, reports: int) -> PoolPlan:
        from sfr.sources.salesforce.config import SalesforceConfig

        settings = self._settings
        in_flight = max(1, min(settings.concurrency, reports))
        processes = min(settings.processes or min(os.cpu_count() or 1, MOST_PROCESSES), in_flight)
        config = SalesforceConfig(
            origin=settings.require_domain(),
            connect_seconds=settings.connect_seconds,
            first_byte_seconds=settings.first_byte_seconds,
        )
        remember_secrets_of(config)
        setup = Setup(
            name="",
            threads=math.ceil(in_flight / processes),
            address=None,
            sources={"salesforce": ("salesforce", config)},
            policy=policy,
            watch=Watch(settings.stall_seconds, settings.attempt_seconds),
            output=settings.output.absolute(),
        )
        return PoolPlan(processes, setup.threads, setup, {"salesforce": (in_flight, settings.requests_per_second)})

    def _sweep(self, reports: Sequence[Report]) -> None:
        """Remove partial files: at the start those that a crash left behind, at the end those of killed workers."""
        output = self._settings.output.absolute()
        folders = {Path(report.folder) for report in reports}
        swept = sum(sweep(folder, ours=folder.is_relative_to(output)) for folder in folders if folder.is_dir())
        if swept:
            log.info("swept %d partial files", swept)

    def _conclude(
        self, run: Run, history: History, ending: Ending, unwritten: Mapping[str, Outcome] = MappingProxyType({})
    ) -> RunResult:
        """Look at all results, write the files about them. `unwritten` is what the history does not know yet."""
        known = history.results(run.id)
        results = tuple(replace(result, outcome=unwritten.get(result.job.id, result.outcome)) for result in known)
        self._sweep([result.job.report for result in results])
        code = exit_code(results, ending)
        finished = replace(run, exit_code=code, finished_at=time.time())
        files, problems = self._write_files(finished, results)
        try:
            history.finish_run(run.id, code, time.time())
        except HistoryBusy as error:
            problems += (f"{error.message}. {error.remedy}",)
        return RunResult(finished, results, max(code, FAILED) if problems else code, files, problems)

    def _write_files(self, run: Run, results: Sequence[Result]) -> tuple[dict[str, Path], tuple[str, ...]]:
        """Write the files about a run; one that cannot be written keeps no other from being written."""
        from sfr.summary import write_final_csv, write_manifest
        from sfr.summary.page import write_page

        settings, zone = self._settings, self._settings.timezone
        output, kept = self._private.parent, self._private / "runs" / run.id
        writers: list[tuple[str, Path, Callable[[Path], None]]] = [
            ("page", output / "summary.html", lambda path: write_page(run, results, path, zone)),
            ("manifest", kept / "SHA256SUMS", lambda path: write_manifest(results, path)),
        ]
        if (final := settings.final_report_path) is not None:
            writers.append(("table", final.absolute(), lambda path: write_final_csv(run, results, path, zone)))
        files, problems = {}, []
        for word, path, write in writers:
            try:
                write(path)
                files[word] = path
            except DeliveryError as error:
                problems.append(f"{error.message}. {error.remedy}")
        return files, tuple(problems)
