"""The operating system's keyring as the place where a session outlives a run; without one there is no other place."""

from __future__ import annotations

from sfr import system_keyring
from sfr.sources.salesforce.session.values import Candidate, Offers, Reason, Step
from sfr.system_keyring import Answer, Question, State, backend

LINK = "keyring"
SERVICE = "sfr"


def offers(host: str, *, may_ask: bool, limit_seconds: float | None = None) -> Offers:
    """The value kept for this host. With `may_ask` False a locked keyring is not touched: it would open a dialog.

    Read in a process of its own, because a keyring may open its dialog anyway and wait for ever for an answer.
    """
    question = Question("read", SERVICE, (host,), may_ask=may_ask)
    (answer,) = system_keyring.ask(question, limit_seconds=limit_seconds)
    yield Candidate(LINK, answer.value) if answer.state is State.OK else _step(answer)


def keep(host: str, value: str) -> Step:
    """Keep a value for later runs, if there is a keyring; a session that cannot be kept is still a session."""
    return _step(backend.kept(SERVICE, host, value))


def forget(host: str) -> Step:
    """Remove what is kept for this host; the step's reason is ok when something was there and is gone."""
    question = Question("forget", SERVICE, (host,), may_ask=True)
    (answer,) = system_keyring.ask(question, limit_seconds=system_keyring.LIMIT_SECONDS)
    return _step(answer)


def _step(answer: Answer) -> Step:
    return Step(LINK, Reason(answer.state.value), answer.detail)
