"""What the program says to scripts when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sfr.engine import Ending
from sfr.errors import AuthError, ConfigError, SfrError
from sfr.model import Outcome, Result, Status
from sfr.placing import LOGIN_REFUSED

OK, FAILED, CONFIGURATION, LOGIN, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 130


def exit_code(results: Sequence[Result], ending: Ending) -> int:
    """130 interrupted · 3 login needed, at a source or a destination · 1 some report is not there · 0 all are."""
    statuses = Counter(result.outcome.status for result in results)
    if ending.interrupted:
        return INTERRUPTED
    if ending.login_needed and statuses[Status.SKIPPED]:
        return LOGIN
    if any(login_refused(result.outcome) for result in results):
        return LOGIN
    missing = len(results) - statuses[Status.DONE] - statuses[Status.UNVERIFIED]
    return FAILED if missing else OK


def login_refused(outcome: Outcome) -> bool:
    """Whether a destination does not accept the login in its settings, and so the file is not there."""
    return outcome.reason == LOGIN_REFUSED


def exit_code_of(error: SfrError) -> int:
    """The exit code for an error that kept a run from starting."""
    if error.reason == "busy":
        return BUSY
    if isinstance(error, AuthError):
        return LOGIN
    return CONFIGURATION if isinstance(error, ConfigError) else FAILED
