"""Values in the operating system's keyring, with a list of them beside it: a keyring cannot be asked what it has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sfr import system_keyring
from sfr.credentials.kept import KEYRING, Kept, read_kept
from sfr.credentials.private_files import REASON, read_private, write_private
from sfr.errors import ConfigError
from sfr.system_keyring import Answer, Question, State

SERVICE = "sfr-credentials"
_FORMAT = 1
_SAID = {
    State.ABSENT: "has no such value any more",
    State.LOCKED: "is locked",
    State.NO_KEYRING: "cannot be reached from here",
    State.ERROR: "cannot be read",
}


class KeyringShelf:
    """The keyring is not touched unless the list says that it has something."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "credentials.json"

    def kept(self) -> dict[str, Kept]:
        """What was put into the keyring, by name. Raises ConfigError when the list of it is damaged."""
        data = read_private(self.path, guarded=False)
        if data is None:
            return {}
        try:
            content = json.loads(data)
            if content["format"] > _FORMAT:
                message = f"{self.path} was written by a newer sfr"
                raise ConfigError(message, reason=REASON, remedy="Use that sfr here too; the file was left as it is.")
            return read_kept(content["kept"], KEYRING)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ConfigError(
                f"{self.path}, the list of what is in the keyring, is damaged",
                reason=REASON,
                remedy="It was left as it is. Bring it back from a copy; or move it away, and set its values again.",
            ) from None

    def values(self, names: Sequence[str], *, may_ask: bool) -> list[Answer]:
        """For each name its value, or why there is none."""
        return system_keyring.ask(Question("read", SERVICE, tuple(names), may_ask=may_ask))

    def keep(self, kept: Kept, value: str, *, may_ask: bool) -> Answer:
        """Keep a value and write it into the list, if the keyring takes it."""
        known = self.kept()
        (answer,) = system_keyring.ask(Question("keep", SERVICE, (kept.name,), value, may_ask))
        if answer.state is State.OK:
            self._write({**known, kept.name: kept})
        return answer

    def forget(self, name: str, *, may_ask: bool) -> Answer:
        """Take a value out of the keyring; it leaves the list when the keyring no longer has it."""
        (answer,) = system_keyring.ask(Question("forget", SERVICE, (name,), may_ask=may_ask))
        if answer.state in (State.OK, State.ABSENT):
            self.disown(name)
        return answer

    def disown(self, name: str) -> None:
        """Take a name out of the list, whatever the keyring has."""
        self._write({each: kept for each, kept in self.kept().items() if each != name})

    def _write(self, kept: dict[str, Kept]) -> None:
        content = {"format": _FORMAT, "kept": {name: each.to_dict() for name, each in sorted(kept.items())}}
        write_private(self.path, json.dumps(content, indent=1).encode("ascii"))


def told(answer: Answer) -> str:
    """What a keyring said when it did not do what was asked, for a person."""
    return _SAID[answer.state] + (f" ({answer.detail})" if answer.detail else "")
