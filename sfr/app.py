"""The verbs, and the one place where the parts are wired together."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sfr.binding import Binding, with_workbooks
from sfr.connector import Asker, Listed, Listing, Session
from sfr.engine import Ending, Engine
from sfr.errors import AuthError, ConfigError, HistoryBusy, SfrError
from sfr.exit_codes import CONFIGURATION, FAILED, exit_code
from sfr.expansion import Expansion
from sfr.interruption import Interruption
from sfr.model import WORKBOOK, Outcome, Report, Result, Run, Status
from sfr.pool.supervisor import Pool
from sfr.pool_plan import plan_pool, staging_folders
from sfr.reception import OwnSignIns, Reception
from sfr.redaction import redact, remember_secret
from sfr.rerun import still_wanted
from sfr.run_files import write_run_files
from sfr.run_lock import only_run
from sfr.session_keeper import SessionKeeper
from sfr.settings import Settings
from sfr.staging import sweep
from sfr.transfer import RetryPolicy
from sfr.unfinished import sweep_unfinished
from sfr.watcher import Watcher

if TYPE_CHECKING:
    from sfr.history import History

BUSY_SECONDS = 1.0  # whoever waits for the history comes again, and Ctrl-C must not wait long

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

    `sign_ins` replace those of the connectors, by the name of the source; each gets the value that no longer works,
    "" at the start.
    """

    def __init__(self, settings: Settings, asker: Asker, sign_ins: OwnSignIns = MappingProxyType({})) -> None:
        self._settings = settings
        self._reception = Reception(settings, asker, sign_ins)
        self._private = settings.private.absolute()
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
            zone=self._settings.timezone,
        )
        try:
            yield history
        finally:
            history.close()

    def unfinished(self, *, unverified: bool) -> tuple[Run, list[Report]]:
        """The last run and what is `still_wanted` after it. Raises ConfigError when there was no run yet."""
        with self.history() as history:
            run = history.last_run()
            if run is None:
                raise ConfigError("no run yet in this history", remedy="run without --failed first")
            return run, still_wanted(history, run, unverified=unverified)

    def run(self, reports: Sequence[Report], watcher: Watcher, list_name: str = "") -> RunResult:
        """Fetch reports; returns when all have an outcome, or somebody interrupts.

        Raises Busy while another run uses the same output and ConfigError when the history cannot be opened; whatever
        happens to a report is in its outcome.
        """
        names = {name: self._settings.declared(name).name for name in dict.fromkeys(each.source for each in reports)}
        reports = with_workbooks([replace(report, source=names[report.source]) for report in reports])
        others = [name for report in reports for name in report.other_sources]
        self._reception.expect(dict.fromkeys([*(report.source for report in reports), *others]))
        with only_run(self._private), Interruption() as interruption:
            run = Run(
                id=f"{self.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
                started_at=time.time(),
                list_name=list_name,
                output=str(self._settings.output.absolute()),
                pid=os.getpid(),
                host=socket.gethostname(),
            )
            plan = plan_pool(self._settings, self._reception, reports, self._policy(run))
            # The workers come up while the history is opened and the sessions looked for.
            with Pool(plan) as pool, self.history() as history:
                self._sweep(reports)
                return self._fetch_all(run, reports, history, pool, watcher, interruption)

    def _fetch_all(  # noqa: PLR0917  the parts of a run, put together here and nowhere else
        self,
        run: Run,
        reports: Sequence[Report],
        history: History,
        pool: Pool,
        watcher: Watcher,
        interruption: Interruption,
    ) -> RunResult:
        policy = self._policy(run)
        sessions = SessionKeeper(self._reception.sign_in, policy, watcher)
        sessions.gone.update(self._reception.broken)
        expansion = Expansion(self._reception, sessions, policy, watcher, interruption)
        wanted = [] if any(report.many for report in reports) else list(reports)
        if wanted:  # before anybody is asked: what was wanted shall be known even if nothing comes of it
            self._write_down(history, run, wanted)
        try:
            sessions.open_all([name for name in pool.limits if name not in (*sessions.gone, WORKBOOK)], interruption)
            if WORKBOOK in pool.limits:
                sessions.first(WORKBOOK, interruption)  # which nobody need sign in to
            if not wanted:
                wanted = expansion.of(reports)
                self._write_down(history, run, wanted)
        except (SfrError, KeyboardInterrupt) as error:
            if not wanted:
                self._write_down(history, run, reports)
            return self._conclude(run, history, self._not_begun(run, history, error))
        jobs = {f"{run.id}-{number:05d}": report for number, report in enumerate(wanted, 1)}
        watcher.begin(run, {job_id: report.name for job_id, report in jobs.items()})
        engine = Engine(history, pool, watcher, sessions, Binding(jobs))
        try:
            ending = engine.drain(run, interruption, policy.deadline_at)
        finally:
            watcher.end()
        return self._conclude(run, history, ending, engine.unwritten)

    def check_source(self, name: str) -> None:
        """Sign in to a source and ask whether it lets us. Raises the SfrError that says why not."""
        with self._opened(name) as source:
            source.check()

    def list_reports(self, name: str, search: str = "") -> Iterator[Listed]:
        """The reports that a source offers. Raises ConfigError for a source that cannot list them."""
        with self._opened(name) as source:
            if not isinstance(source, Listing):
                raise ConfigError(
                    f"{name} cannot list its reports",
                    remedy="Look for them in the browser, and paste their addresses into the list.",
                )
            yield from source.list_reports(search)

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        name = self._settings.declared(name).name
        self._reception.expect([name])
        if name in self._reception.broken:
            raise self._reception.broken[name]
        session = Session(self._reception.sign_in(name, ""), 1)
        with self._reception.opened(name, session) as source:
            yield source

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
        why, remedy = redact(error.message), redact(error.remedy)
        history.close_open(run.id, Status.SKIPPED, error.reason, why, time.time(), remedy=remedy)
        if isinstance(error, ConfigError):
            history.finish_run(run.id, CONFIGURATION, time.time())
            raise error
        return Ending(login_needed=isinstance(error, AuthError))

    def _sweep(self, reports: Sequence[Report]) -> None:
        """Remove partial files: at the start those that a crash left behind, at the end those of killed workers."""
        output = self._settings.output.absolute()
        folders = {Path(report.folder) for report in reports} | staging_folders(self._settings, reports)
        folders.add(self._private / "staging")
        swept = sum(sweep(folder, ours=folder.is_relative_to(output)) for folder in folders if folder.is_dir())
        sweep_unfinished(self._private / "unfinished")
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
        files, problems = write_run_files(finished, results, self._settings)
        try:
            history.finish_run(run.id, code, time.time())
        except HistoryBusy as error:
            problems += (f"{error.message}. {error.remedy}",)
        return RunResult(finished, results, max(code, FAILED) if problems else code, files, problems)
