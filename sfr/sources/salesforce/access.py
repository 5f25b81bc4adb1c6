"""Wires the sign-in chain to a configuration: get a session, look at the chain, forget the session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from sfr.connector import Asker
from sfr.errors import AuthError, SfrError
from sfr.kept_sessions import state_directory
from sfr.redaction import remember_secret
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.session.values import (
    SessionSettings,
    SignedIn,
    Step,
    Verdict,
    looks_like_session,
    tidy,
)

log = logging.getLogger("sfr.access")


class Access:
    """The ways to a session of one org."""

    def __init__(self, config: SalesforceConfig, asker: Asker) -> None:
        self._config = config
        self._asker = asker
        if config.sid is not None:
            remember_secret(config.sid.get_secret_value())

    def session(self, dead: str = "") -> str:
        """A session value that works; `dead` is the one that no longer does. Raises AuthError, ConfigError."""
        return self.sign_in(dead).value

    def sign_in(self, dead: str = "") -> SignedIn:
        """As `session`, with where it came from.

        One report may be answered with a login page though the session lives: `dead` is asked about first. A given
        value that died is not asked for again: the chain goes on without it.
        """
        from sfr.sources.salesforce.session.chain import sign_in

        chain, validate = self._chain(), self._validate()
        refused: frozenset[str] = frozenset()
        if dead:
            verdict = validate(dead)
            if verdict is Verdict.VALID:
                return SignedIn(dead, "the same session", ())
            refused = frozenset({dead} if verdict is Verdict.INVALID else ())
            chain = replace(chain, given=None)
        found = sign_in(chain, self._asker, validate, refused)
        remember_secret(found.value)
        log.info("session from: %s", found.link)
        return found

    def steps(self) -> tuple[Step, ...]:
        """Each place where a session may come from, and what it says now; nobody is asked."""
        from sfr.sources.salesforce.session.chain import steps_without_asking

        return steps_without_asking(self._chain(), self._validate())

    def sign_out(self, *, everything: bool) -> tuple[str, ...]:
        """Forget the kept session, and with `everything` the browser profile of the login window; says what went."""
        from sfr.sources.salesforce.session.chain import sign_out

        return sign_out(self._chain(), everything)

    def _validate(self) -> Callable[[str], Verdict]:
        return _validation(self._config.domain)

    def _chain(self) -> SessionSettings:
        config = self._config
        return SessionSettings(
            host=config.domain.partition("://")[2],
            origin=config.domain,
            given=config.sid.get_secret_value() if config.sid else None,
            browser=config.browser,
            browser_profile=config.browser_profile,
            browser_path=config.browser_path,
            login=config.login,
            login_seconds=config.login_seconds,
            state_directory=state_directory(),
        )


def checked(session: Callable[[str], str], origin: str) -> Callable[[str], str]:
    """A program's own `session` function as a sign-in: its value is held to what the chain's values are held to.

    What comes back raises AuthError when the function has no session, raises anything of its own, or gives a value
    that cannot be one or that the org refuses; TransientError when the org cannot be asked.
    """

    def sign_in(dead: str) -> str:
        value = _called(session, dead)
        if not value or value == dead:
            raise AuthError("the program has no other session", remedy=_FRESH)
        remember_secret(value)
        if not looks_like_session(value):
            raise AuthError("the program's session cannot be one: it must read 00D…!…, without blanks", remedy=_FRESH)
        if _validation(origin)(value) is Verdict.INVALID:
            raise AuthError("the org does not accept the program's session", remedy=_FRESH)
        return value

    return sign_in


_FRESH = "return a fresh session id from `session`"


def _called(session: Callable[[str], str], dead: str) -> str:
    try:
        return tidy(session(dead) or "")
    except SfrError:
        raise
    except Exception as error:
        log.exception("the program's session function failed")
        raise AuthError(f"the program's session function failed: {type(error).__name__}", remedy=_FRESH) from error


def _validation(origin: str) -> Callable[[str], Verdict]:
    from sfr.sources.salesforce.validation import validate

    return lambda value: validate(origin, value)
