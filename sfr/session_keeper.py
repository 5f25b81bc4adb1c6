"""Keeps a living session for each source: gets the first one, renews it once for all, with pauses between tries."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sfr.connector import Session
from sfr.errors import AuthError, SfrError, TransientError
from sfr.interruption import Interruption
from sfr.pool.supervisor import Pool
from sfr.redaction import redact
from sfr.transfer import RetryPolicy, back_off_seconds
from sfr.watcher import Watcher

FIRST_SESSION_SECONDS = 900.0
LOOK_SECONDS = 0.1

log = logging.getLogger("sfr.session")


class SignIn(Protocol):
    """Gets a session for a source; `dead` is the value somebody found dead, "" at the start. Raises AuthError without
    one, TransientError when the org cannot be asked just now."""

    def __call__(self, source: str, dead: str) -> str: ...


@dataclass(slots=True)
class _Trouble:
    """The tries that failed in a row."""

    tries: int
    next_at: float
    message: str


class SessionKeeper:
    """The sessions of one run; used by its engine, in the main thread."""

    def __init__(self, sign_in: SignIn, policy: RetryPolicy, watcher: Watcher) -> None:
        self._sign_in, self._policy, self._watcher = sign_in, policy, watcher
        self._sessions: dict[str, Session] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._begun_at = time.time()
        self.gone: dict[str, SfrError] = {}

    def open_all(self, sources: Sequence[str], interruption: Interruption) -> None:
        """Get the first session of each source. Where there are several, one that cannot be had now does not keep the
        others waiting: it is tried again while they go on.

        Raises the reason when there is a single source and it cannot be had, KeyboardInterrupt. Of several, those that
        cannot be had are `gone`, each with its own reason.
        """
        if len(sources) == 1 and not self.gone:
            self.first(sources[0], interruption)
            return
        for source in sources:
            try:
                with interruption.suspended():
                    self._sessions[source] = Session(self._sign_in(source, ""), 1)
            except TransientError as error:
                if not self._again_later(source, error):
                    self._give_up(source, error)
            except SfrError as error:
                self._give_up(source, error)

    def has(self, source: str) -> bool:
        """Whether jobs of this source may begin."""
        return source in self._sessions

    @property
    def login_needed(self) -> bool:
        """Whether a source was given up because nobody is logged in."""
        return any(isinstance(error, AuthError) for error in self.gone.values())

    def current(self, source: str) -> Session:
        """The session that is handed out now."""
        return self._sessions[source]

    def first(self, source: str, interruption: Interruption) -> None:
        """Get the first session. While the org cannot be reached, try again for a quarter of an hour.

        Raises AuthError, ConfigError, TransientError when that was in vain, KeyboardInterrupt.
        """
        ends = (time.time() + FIRST_SESSION_SECONDS, self._policy.deadline_at)
        end = min(moment for moment in ends if moment is not None)
        while source not in self._sessions:
            try:
                with interruption.suspended():
                    value = self._sign_in(source, "")
                self._sessions[source] = Session(value, 1)
            except TransientError as error:
                trouble = self._again_later(source, error)
                if trouble is None or trouble.next_at > end:
                    raise
                _sleep_until(trouble.next_at, interruption)
        self._troubles.pop(source, None)

    def publish(self, pool: Pool) -> None:
        """Hand out what there is."""
        for source, session in self._sessions.items():
            pool.publish(source, session)

    def tend(self, pool: Pool, interruption: Interruption) -> None:
        """Renew what workers found dead, each once for all of them; try again where there is no first one yet."""
        late = [source for source in self._troubles if source not in self._sessions]
        for source in [*pool.lost_sessions(), *late]:
            trouble = self._troubles.get(source)
            if source not in self.gone and (trouble is None or time.time() >= trouble.next_at):
                self._renew(source, pool, interruption)

    def _give_up(self, source: str, error: SfrError) -> None:
        self.gone[source] = error
        self._troubles.pop(source, None)
        self._watcher.notice(f"{source}: {redact(error.message)}; its reports are left out")

    def _renew(self, source: str, pool: Pool, interruption: Interruption) -> None:
        old = self._sessions.get(source, Session("", 0))
        if source not in self._troubles and old.value:
            self._watcher.notice("the session has ended; getting a new one")
        self._watcher.pause()
        try:
            with interruption.suspended():
                value = self._again(source, old, pool)
        except TransientError as error:
            late = old.generation == 0 and time.time() - self._begun_at > FIRST_SESSION_SECONDS
            if late or not self._again_later(source, error):
                self._give_up(source, error)
                pool.give_up(source, error.message, error.remedy)
        except SfrError as error:
            self.gone[source] = error
            pool.give_up(source, redact(error.message), redact(error.remedy))
            what = "no new session" if old.value else source
            self._watcher.notice(f"{what}: {redact(error.message)}")
        except KeyboardInterrupt:
            interruption.asked = True
        else:
            self._troubles.pop(source, None)
            self._sessions[source] = Session(value, old.generation + 1)
            pool.publish(source, self._sessions[source])
            how = "is alive after all" if value == old.value else "was renewed"
            first = f"{source} lets us in now; its reports begin"
            self._watcher.notice(f"the session {how}; the reports go on" if old.generation else first)
        finally:
            self._watcher.resume()

    def _again(self, source: str, old: Session, pool: Pool) -> str:
        """Another session. A source that needs none has none to be renewed: what it was told is the reason."""
        if old.generation and not old.value:
            why, remedy = pool.why_lost(source)
            raise AuthError(why or "the source wants a login", remedy=remedy)
        return self._sign_in(source, old.value)

    def why_missing(self, source: str) -> str:
        """Why there is no session, as far as it is known."""
        trouble = self._troubles.get(source)
        return redact(trouble.message) if trouble else ""

    def _again_later(self, source: str, error: SfrError) -> _Trouble | None:
        """Plan the next try; each reason is told once. None when there were enough tries for this error, or for the
        policy."""
        before = self._troubles.get(source)
        tries = before.tries + 1 if before else 1
        if any(most is not None and tries >= most for most in (error.max_attempts, self._policy.max_attempts)):
            return None
        wait_seconds = back_off_seconds(self._policy, tries, error)
        if before is None or before.message != error.message:
            self._watcher.notice(f"{source}: no session yet: {redact(error.message)}; trying again until it works")
        log.warning("%s: no session: %s; again in %.1f s", source, redact(error.message), wait_seconds)
        self._troubles[source] = _Trouble(tries, time.time() + wait_seconds, error.message)
        return self._troubles[source]


def _sleep_until(moment: float, interruption: Interruption) -> None:
    while time.time() < moment:
        if interruption.asked:
            raise KeyboardInterrupt
        time.sleep(LOOK_SECONDS)
