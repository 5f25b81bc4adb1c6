"""The operating system's keyring as the place where a session outlives a run; without one there is no other place."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sfr.sources.salesforce.session.values import Candidate, Offers, Reason, Step

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

LINK = "keyring"
SERVICE = "sfr"


def offers(host: str, *, may_ask: bool) -> Offers:
    """The value kept for this host. With `may_ask` False a locked keyring is not touched: it would open a dialog."""
    try:
        backend = _backend()
        if backend is None:
            yield Step(LINK, Reason.NO_KEYRING)
        elif not may_ask and _is_locked(backend):
            yield Step(LINK, Reason.LOCKED)
        else:
            value = backend.get_password(SERVICE, host)
            yield Candidate(LINK, value) if value else Step(LINK, Reason.ABSENT)
    except Exception as error:  # each backend has errors of its own kind
        yield _failed(error)


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
