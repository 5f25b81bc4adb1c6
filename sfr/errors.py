"""Ways to fail: every error says how much of a run it stops, and whether asking again can help."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """How much stops: one attempt, one job, everything from one source, or the whole run."""

    ATTEMPT = "attempt"
    JOB = "job"
    SOURCE = "source"
    RUN = "run"


class SfrError(Exception):
    """Root of the family. `message` is one line for a person, `remedy` what that person can do about it.

    `reason` is a stable short code for scripts and the history. `max_attempts` bounds how often a job may be
    tried while it fails for this reason; None means without a bound of its own. `request_id` is the server's name of
    the answer, where it gave one.
    Every attribute beside the message travels in `__dict__`, so that each error survives pickling.
    """

    scope: Scope = Scope.RUN
    reason: str = "error"
    remedy: str = ""
    max_attempts: int | None = 1
    request_id: str = ""

    def __init__(
        self, message: str, *, reason: str | None = None, remedy: str | None = None, max_attempts: int | None = -1
    ) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason
        if remedy is not None:
            self.remedy = remedy
        if max_attempts != -1:
            self.max_attempts = max_attempts

    @property
    def message(self) -> str:
        """The one line for a person, without the remedy."""
        return str(self.args[0])


class TransientError(SfrError):
    """Asking again may help: time-out, reset, cut body, 408, 425, 429, 5xx.

    `retry_after_seconds` is what the server asked for; `slow_down` means it asked everybody (429, 503).
    """

    scope = Scope.ATTEMPT
    reason = "transient"
    max_attempts = None

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        remedy: str | None = None,
        max_attempts: int | None = None,
        retry_after_seconds: float | None = None,
        slow_down: bool = False,
    ) -> None:
        super().__init__(message, reason=reason, remedy=remedy, max_attempts=max_attempts)
        self.retry_after_seconds = retry_after_seconds
        self.slow_down = slow_down


class ReportError(SfrError):
    """This report cannot be had: not found, no permission, bad query."""

    scope = Scope.JOB
    reason = "report"


class InvalidReport(ReportError):
    """Something came, but not this report: a web page, a cut file, wrong columns, too few records."""

    reason = "invalid"


class DeliveryError(SfrError):
    """A good report and a bad shelf: disk full, folder read-only, bucket refused."""

    scope = Scope.JOB
    reason = "delivery"


class HistoryBusy(TransientError):
    """The history could not be written just now: locked, disk full, server gone. Nothing was written; try again."""

    reason = "history-busy"


class AuthError(SfrError):
    """The session or key of a source is dead; nothing from this source can be had until it is renewed. Raised by a
    destination: the login in its settings is refused, which fails the job alone."""

    scope = Scope.SOURCE
    reason = "session"


class ConfigError(SfrError):
    """Settings or lists are wrong; nothing is started."""

    reason = "config"


class BrokenConnector(SfrError):
    """A connector of an installed package cannot be imported; nothing from its sources can be had."""

    scope = Scope.SOURCE
    reason = "connector"


class Busy(ConfigError):
    """Another run is active on the same output."""

    reason = "busy"


class Cancelled(SfrError):
    """The user stopped the run; says nothing about the report."""

    reason = "cancelled"
