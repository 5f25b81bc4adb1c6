"""The keyring itself, in this process: each function waits as long as the keyring does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from sfr.system_keyring import Answer, State

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend


def looked_up(service: str, names: Iterable[str], *, may_ask: bool) -> list[Answer]:
    """For each name its value, or why there is none."""

    def look(name: str, keyring: KeyringBackend) -> Answer:
        value = keyring.get_password(service, name)
        return Answer(State.OK, value=value) if value else Answer(State.ABSENT)

    return [_answered(partial(look, name), may_ask=may_ask) for name in names]


def kept(service: str, name: str, value: str, *, may_ask: bool = True) -> Answer:
    """Keep a value."""

    def keep(keyring: KeyringBackend) -> Answer:
        keyring.set_password(service, name, value)
        return Answer(State.OK, "kept")

    return _answered(keep, may_ask=may_ask)


def removed(service: str, name: str, *, may_ask: bool = True) -> Answer:
    """Take a value away; OK means that there was one."""

    def remove(keyring: KeyringBackend) -> Answer:
        if not keyring.get_password(service, name):
            return Answer(State.ABSENT)
        keyring.delete_password(service, name)
        return Answer(State.OK, "removed")

    return _answered(remove, may_ask=may_ask)


def _answered(act: Callable[[KeyringBackend], Answer], *, may_ask: bool) -> Answer:
    try:
        keyring = _backend()
        if keyring is None:
            return Answer(State.NO_KEYRING)
        if not may_ask and _is_locked(keyring):
            return Answer(State.LOCKED)
        return act(keyring)
    except Exception as error:  # each backend has errors of its own kind, and puts what it likes into their text
        locked = type(error).__name__ in ("KeyringLocked", "LockedException", "PromptDismissedException")
        return Answer(State.LOCKED if locked else State.ERROR, type(error).__name__)


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
