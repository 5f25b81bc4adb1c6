"""The operating system's keyring as the place where a session outlives a run; without one there is no other place."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from sfr.sources.salesforce.session import children
from sfr.sources.salesforce.session.values import Candidate, Offers, Reason, Step

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

LINK = "keyring"
SERVICE = "sfr"
LIMIT_SECONDS = 15.0
DIALOG_SECONDS = 120.0
_CHILD = "sfr.sources.salesforce.session.read_keyring"


def offers(host: str, *, may_ask: bool, limit_seconds: float | None = None) -> Offers:
    """The value kept for this host. With `may_ask` False a locked keyring is not touched: it would open a dialog.

    Read in a process of its own, because a keyring may open its dialog anyway and wait for ever for an answer.
    """
    limit = limit_seconds if limit_seconds is not None else DIALOG_SECONDS if may_ask else LIMIT_SECONDS
    answer = _ask("read", host, *(["ask"] if may_ask else []), limit_seconds=limit)
    yield Candidate(LINK, answer) if isinstance(answer, str) else answer


def looked_up(host: str, *, may_ask: bool) -> str | Step:
    """The value itself, or why there is none; waits as long as the keyring does."""
    try:
        backend = _backend()
        if backend is None:
            return Step(LINK, Reason.NO_KEYRING)
        if not may_ask and _is_locked(backend):
            return Step(LINK, Reason.LOCKED)
        return backend.get_password(SERVICE, host) or Step(LINK, Reason.ABSENT)
    except Exception as error:  # each backend has errors of its own kind
        return _failed(error)


def keep(host: str, value: str) -> Step:
    """Keep a value for later runs, if there is a keyring; a session that cannot be kept is still a session."""
    try:
        backend = _backend()
        if backend is None:
            return Step(LINK, Reason.NO_KEYRING, "not kept")
        backend.set_password(SERVICE, host, value)
    except Exception as error:  # each backend has errors of its own kind
        return _failed(error)
    return Step(LINK, Reason.OK, "kept")


def forget(host: str) -> Step:
    """Remove what is kept for this host; the step's reason is ok when something was there and is gone."""
    answer = _ask("forget", host, limit_seconds=LIMIT_SECONDS)
    return answer if isinstance(answer, Step) else Step(LINK, Reason.ERROR)


def removed(host: str) -> Step:
    """As `forget`; waits as long as the keyring does."""
    try:
        backend = _backend()
        if backend is None:
            return Step(LINK, Reason.NO_KEYRING)
        if not backend.get_password(SERVICE, host):
            return Step(LINK, Reason.ABSENT)
        backend.delete_password(SERVICE, host)
    except Exception as error:  # each backend has errors of its own kind
        return _failed(error)
    return Step(LINK, Reason.OK, "removed")


def _ask(*arguments: str, limit_seconds: float) -> str | Step:
    """What the child process says: the value, or a step."""
    try:
        code, output = children.run_module(_CHILD, arguments, limit_seconds=limit_seconds)
    except children.TooSlow:
        return Step(LINK, Reason.LOCKED, f"it did not answer within {limit_seconds:g} s")
    if code != 0:
        return Step(LINK, Reason.ERROR, f"exit code {code}")
    try:
        answer = json.loads(output)
        return str(answer["value"]) if "value" in answer else Step(LINK, Reason(answer["reason"]), answer["detail"])
    except (ValueError, LookupError, TypeError):  # something printed beside it, such as a sitecustomize
        return Step(LINK, Reason.ERROR, "unreadable answer")


def _backend() -> KeyringBackend | None:
    """The keyring to use, or None: `fail` and `null` keep nothing, `keyrings.alt` keeps plain files."""
    import keyring

    chosen = keyring.get_keyring()
    for backend in getattr(chosen, "backends", [chosen]):  # a chain of backends, or a single one
        module = type(backend).__module__
        if not module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")):
            return backend  # type: ignore[no-any-return]
    return None


def _is_locked(backend: KeyringBackend) -> bool:
    """Would the Secret Service open a dialog, and wait for it without limit? Other keyrings fail at once."""
    if type(backend).__module__ != "keyring.backends.SecretService":
        return False
    import secretstorage

    with closing(secretstorage.dbus_init()) as bus:
        return bool(secretstorage.Collection(bus).is_locked())


def _failed(error: Exception) -> Step:
    """No text of the error: backends differ in what they put there."""
    locked = type(error).__name__ in ("KeyringLocked", "LockedException", "PromptDismissedException")
    return Step(LINK, Reason.LOCKED if locked else Reason.ERROR, type(error).__name__)
