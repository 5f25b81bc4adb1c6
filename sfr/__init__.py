"""Downloads every report on a list and proves that each file is complete.

    import sfr
    result = sfr.run([sfr.Report(name="sales.csv", ref="00O5g000004Kx2bEAC")], domain="acme.my.salesforce.com")
    for entry in result.results:
        print(entry.job.report.name, entry.outcome.status, entry.outcome.location)

Importing starts nothing and reads nothing. A script that calls `run` needs the usual guard
`if __name__ == "__main__":`, because the worker processes read it; without the guard `run` raises ConfigError.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sfr.errors import AuthError, Busy, ConfigError, SfrError
from sfr.model import Attempt, Job, Outcome, Proof, Report, Result, Run, Status

if TYPE_CHECKING:
    from sfr.app import RunResult
    from sfr.settings import Settings
    from sfr.watcher import Watcher

__version__ = "0.3.0"

logging.getLogger("sfr").addHandler(logging.NullHandler())  # a program that wants our log adds its own handler


def run(
    reports: Sequence[Report],
    *,
    domain: str | None = None,
    session: str | Callable[[str], str] | None = None,
    watcher: Watcher | None = None,
    **settings: Any,
) -> RunResult:
    """Fetch reports and return how each of them ended.

    `reports` are held to the rules of a list: names that every system can hold, folders that exist, ids with their
    checksum, no file twice. `domain` is the org's My Domain. `session` is a session id, or a function that returns
    one (it is called again with the dead one when a session ends; return "" for none; an exception counts as none);
    without it the sign-in chain is used, and nobody is asked anything. `settings` are the fields of
    `sfr.settings.Settings` (`output`, `concurrency`, `max_attempts` …); what is not given comes from the environment
    and `.env`. `watcher` is told what happens. While the run lasts, the secrets among the settings are out of
    `os.environ`, so that no child process inherits them.

    Returns a `RunResult`: `results` in the order of `reports`, each a job with its outcome, and `exit_code` as the
    command line has it. Raises ConfigError before anything starts (wrong reports or settings, unusable history) and
    Busy (another run uses the output). A missing session is no exception: the outcomes are skipped and the exit code
    is 3.
    """
    from sfr.app import App
    from sfr.catalog import verify_reports
    from sfr.pool import end_if_worker_reads_script
    from sfr.progress.plain import Silence
    from sfr.settings import load_settings
    from sfr.settings.inheritance import secrets_withheld

    end_if_worker_reads_script()
    given = {**settings, "domain": domain, "sid": session if isinstance(session, str) else None}
    try:
        read = load_settings(given)
        app = App(read, _Nobody(), {"salesforce": _held_to_account(session, read)} if callable(session) else {})
        with secrets_withheld():
            return app.run(verify_reports(reports, read, app.now()), watcher or Silence(), "sfr.run")
    except ConfigError as error:
        error.add_note(error.remedy)  # a traceback shows it below the message
        raise


def _held_to_account(session: Callable[[str], str], settings: Settings) -> Callable[[str], str]:
    from sfr.sources.salesforce.access import checked

    return checked(session, settings.require_domain())


class _Nobody:
    """A program runs us: there is no one to ask."""

    interactive = False

    def say(self, text: str) -> None:
        """Nobody listens."""

    def hidden(self, prompt: str) -> str:
        raise AuthError(f"nobody can answer: {prompt}")


__all__ = [
    "Attempt",
    "AuthError",
    "Busy",
    "ConfigError",
    "Job",
    "Outcome",
    "Proof",
    "Report",
    "Result",
    "Run",
    "SfrError",
    "Status",
    "run",
]
