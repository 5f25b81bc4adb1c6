"""The key to the encrypted file: a setting, or a file of its own that is made when it is first needed."""

from __future__ import annotations

import secrets
from pathlib import Path

from sfr.credentials.private_files import REASON, read_private, replace_private, write_private
from sfr.errors import ConfigError
from sfr.redaction import remember_secret

_SHORTEST = 16


class MasterKey:
    """`given` is SFR_MASTER_KEY, "" where it is not set; then `file` has the key."""

    def __init__(self, given: str, file: Path) -> None:
        self._given, self.file = given.strip(), file
        self._next = file.with_name(f"{file.name}.next")
        remember_secret(self._given)

    @property
    def is_given(self) -> bool:
        """Whether it is a setting."""
        return bool(self._given)

    @property
    def place(self) -> str:
        """Where the key comes from, for people."""
        return "SFR_MASTER_KEY" if self.is_given else str(self.file)

    def candidates(self) -> list[str]:
        """The keys that may open the file, the best first: after a rotation that was killed, the file of the key may
        be behind. Raises ConfigError for a key that is too short, or a file that others can read."""
        if self.is_given:
            return [_checked(self._given, self.place)]
        return self.in_files()

    def in_files(self) -> list[str]:
        """What the files of the key hold, whatever the setting says."""
        found = [(path, read_private(path)) for path in (self.file, self._next)]
        return [_checked(_text(data, path), str(path)) for path, data in found if data is not None]

    def made(self) -> str:
        """The key for a file that does not exist yet; its own file is written where there is none."""
        if found := self.candidates():
            return found[0]
        key = secrets.token_urlsafe(32)
        write_private(self.file, f"{key}\n".encode("ascii"))
        return _checked(key, self.place)

    def next_one(self) -> str:
        """The key to seal with in a rotation: the setting, or a new one, which is written beside the present one."""
        if self.is_given:
            return _checked(self._given, self.place)
        key = secrets.token_urlsafe(32)
        write_private(self._next, f"{key}\n".encode("ascii"))
        return _checked(key, self.place)

    def settle(self, key: str) -> None:
        """`key` has opened the file, or sealed it: it is the one that counts. Raises ConfigError."""
        if not self.is_given and read_private(self._next) == f"{key}\n".encode():
            replace_private(self._next, self.file)


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} holds no text, so it is no key", reason=REASON, remedy="Bring it back.") from None


def _checked(key: str, place: str) -> str:
    remember_secret(key)
    if len(key) >= _SHORTEST:
        return key
    raise ConfigError(
        f"{place} holds {len(key)} characters, which is too short for a master key",
        reason=REASON,
        remedy=f"It needs at least {_SHORTEST}, better 40 by chance: "
        'python -c "import secrets; print(secrets.token_urlsafe(32))"',
    )
