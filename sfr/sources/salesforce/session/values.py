"""The words of the sign-in chain, and what a session value looks like before anybody is asked about it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sfr.errors import AuthError

log = logging.getLogger("sfr.session")

# An organisation id (15 or 18 characters, key prefix 00D), "!" and then only what RFC 6265 allows in a cookie value.
_SESSION = re.compile(r"00D[0-9A-Za-z]{12,15}![\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")


class Verdict(StrEnum):
    """What the org says about a value. UNSURE: its answer was neither a yes nor a login page."""

    VALID = "valid"
    INVALID = "invalid"
    UNSURE = "unsure"


class Reason(StrEnum):
    """Why a link of the chain gave a session, or none."""

    OK = "ok"
    UNSURE = "unsure"  # used although the org's answer about it was unclear
    EXPIRED = "expired"  # there is a value, and the org refuses it
    MALFORMED = "malformed"  # there is a value, and it cannot be a session
    ABSENT = "absent"
    LOCKED = "locked"  # the browser holds its cookie file, or the keyring wants a password
    APP_BOUND = "app-bound"  # only the browser itself can decrypt the value
    NO_KEY = "no-key"  # the key that decrypts the value is not to be had
    NOT_INSTALLED = "not-installed"
    NOT_LOGGED_IN = "not-logged-in"
    NOT_SUPPORTED = "not-supported"
    NO_KEYRING = "no-keyring"
    NO_DISPLAY = "no-display"
    BLOCKED = "blocked"  # the window opened no debugging port: a policy, or it could not start
    CLOSED = "closed"
    TIMEOUT = "timeout"
    NOT_INTERACTIVE = "not-interactive"
    DISABLED = "disabled"
    WOULD_ASK = "would-ask"  # only in `check`: this link asks a person, so it was not tried
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain and what came of it; `detail` is for a person and never holds the value."""

    link: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.link}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True, repr=False)
class Candidate:
    """A value that a link offers and nobody has validated yet."""

    link: str
    value: str
    detail: str = ""


Offers = Iterator[Candidate | Step]
"""What a silent link yields: values to try in order, and steps that say why there was none."""


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A usable session value, the link it came from, and every step up to it."""

    value: str
    link: str
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        return f"SignedIn(link={self.link!r}, steps={self.steps!r})"


class LoginNeeded(AuthError):
    """No link gave a valid session; `steps` says why, link by link."""

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        remedy: str | None = None,
        max_attempts: int | None = -1,
        steps: tuple[Step, ...] = (),
    ) -> None:
        super().__init__(message, reason=reason, remedy=remedy, max_attempts=max_attempts)
        self.steps = steps


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What the chain must know. `host` may carry a port; `given` is the value of SFR_SID or standard input.

    `browser` is edge, chrome, chromium, brave or firefox. `browser_profile` is a profile's directory or shown
    name; None looks at all. `browser_path` is the program for the window, where it is not at its usual place.
    `state_directory` holds the dedicated profile and the lock; it must be private to the user and not synced.
    """

    host: str
    origin: str
    given: str | None = field(repr=False)
    browser: str
    browser_profile: str | None
    browser_path: Path | None
    login: bool
    state_directory: Path
    login_seconds: float = 300
    extra_browser_arguments: tuple[str, ...] = ()
    start_seconds: float = 20

    @property
    def cookie_host(self) -> str:
        """The host as cookies know it: without port, lower case."""
        return self.host.partition(":")[0].lower()

    @property
    def window_directory(self) -> Path:
        """The user-data directory of the dedicated window. It is a credential."""
        return self.state_directory / f"{self.browser}-profile"


def looks_like_session(value: str) -> bool:
    """Could this be a `sid`, and may it stand in a Cookie header? Says nothing about whether it is still alive."""
    return _SESSION.fullmatch(value) is not None


def tidy(text: str) -> str:
    """The value somebody pasted, without what came along: blanks, quotes, `sid=`, the next cookies, `%21` for `!`."""
    value = text.strip().removeprefix("sid=").partition(";")[0].strip().strip("\"'")
    return re.sub("%21", "!", value, count=1)


class Trial:
    """Asks the org about each distinct value at most once, and keeps the steps and the best unsure value."""

    def __init__(self, validate: Callable[[str], Verdict], refused: frozenset[str] = frozenset()) -> None:
        self._validate = validate
        self._verdicts = dict.fromkeys(refused, Verdict.INVALID)
        self.steps: list[Step] = []
        self.unsure: Candidate | None = None

    def note(self, step: Step) -> None:
        """Keep a step, and log it (link and reason; the detail may name people and folders)."""
        self.steps.append(step)
        log.debug("%s: %s", step.link, step.reason)

    def verdict(self, value: str) -> Verdict:
        """Whatever `validate` raises (the network is down …) goes through."""
        if value not in self._verdicts:
            self._verdicts[value] = self._validate(value) if looks_like_session(value) else Verdict.INVALID
        return self._verdicts[value]

    def accepts(self, candidate: Candidate) -> bool:
        """Is this value valid? An unsure one is remembered in case nothing better comes."""
        verdict = self.verdict(candidate.value)
        if verdict is Verdict.UNSURE and self.unsure is None:
            self.unsure = candidate
        self.note(Step(candidate.link, self._reason(candidate.value, verdict), candidate.detail))
        return verdict is Verdict.VALID

    def signed_in(self, candidate: Candidate) -> SignedIn:
        return SignedIn(candidate.value, candidate.link, tuple(self.steps))

    @staticmethod
    def _reason(value: str, verdict: Verdict) -> Reason:
        if verdict is Verdict.INVALID:
            return Reason.EXPIRED if looks_like_session(value) else Reason.MALFORMED
        return Reason.OK if verdict is Verdict.VALID else Reason.UNSURE
