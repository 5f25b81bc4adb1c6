"""The encrypted file on the disk: opened with the master key, changed by one process at a time, never lost."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sfr.credentials.kept import Kept
from sfr.credentials.master_key import MasterKey
from sfr.credentials.private_files import REASON, read_private, remove_private, write_private
from sfr.credentials.sealing import Sealed, WrongKey, need_cryptography, read_sealed, seal, unseal
from sfr.errors import ConfigError


class SealedFile:
    """Whoever changes it holds the lock of the credentials meanwhile. All of it raises ConfigError."""

    def __init__(self, folder: Path, key: MasterKey) -> None:
        self.path = folder / "credentials.sealed"
        self._key = key

    def kept(self) -> Mapping[str, Kept]:
        """What it has, by name; no key is needed for that."""
        sealed = self._read()
        return sealed.kept if sealed else {}

    def values(self) -> dict[str, str]:
        """All values by name."""
        sealed = self._read()
        if sealed is None:
            return {}
        try:
            return self._opened(sealed)[1]
        except ConfigError:
            again = self._read()
            if again is None or again == sealed:
                raise
            return self._opened(again)[1]  # its key was changed between our two looks

    def keep(self, kept: Kept, value: str) -> None:
        """Add a value, or put it in place of an older one."""
        sealed = self._read()
        key, values = self._opened(sealed) if sealed else (self._key.made(), {})
        known = sealed.kept if sealed else {}
        write_private(self.path, seal({**known, kept.name: kept}, {**values, kept.name: value}, key))

    def forget(self, name: str) -> None:
        """Take a value out."""
        sealed = self._read()
        if sealed is None or name not in sealed.kept:
            return
        key, values = self._opened(sealed)
        del values[name]
        if not values:  # an empty file would ask for its key before it takes a new value
            remove_private(self.path)
            return
        write_private(self.path, seal({each: sealed.kept[each] for each in values}, values, key))

    def needs_old_key(self) -> bool:
        """Whether a rotation needs a key that nobody has written down for it. Raises ConfigError when there is nothing
        to rotate, or the setting has not been changed yet."""
        sealed = self._sealed_for_rotation()
        if self._key.is_given and self._fitting(sealed, self._key.candidates()):
            raise ConfigError(
                f"{self.path} is sealed with this SFR_MASTER_KEY already",
                reason=REASON,
                remedy="Put the new key into SFR_MASTER_KEY first; then this command asks for the old one.",
            )
        return self._fitting(sealed, self._key.in_files()) is None

    def rotate(self, old: str) -> int:
        """Seal everything with another key; `old` is the one that opens it, "" where its file has it. Returns how many
        values there are."""
        sealed = self._sealed_for_rotation()
        opened = self._fitting(sealed, [old] if old else self._key.in_files())
        if opened is None:
            raise ConfigError(
                f"the old key does not open {self.path}", reason=REASON, remedy="Nothing was changed; try again."
            )
        self._key.settle(opened[0])  # or the next key would take the place of the only one that opens the file
        key = self._key.next_one()
        write_private(self.path, seal(sealed.kept, opened[1], key))
        self._key.settle(key)
        return len(opened[1])

    def _sealed_for_rotation(self) -> Sealed:
        sealed = self._read()
        if sealed is None:
            message = f"there is no encrypted file {self.path}, so there is no key to change"
            raise ConfigError(message, reason=REASON, remedy="`sfr credentials list` shows what is kept.")
        return sealed

    def _read(self) -> Sealed | None:
        data = read_private(self.path)
        return None if data is None else read_sealed(data, self.path)

    def _opened(self, sealed: Sealed) -> tuple[str, dict[str, str]]:
        """The key that opens it, and the values."""
        keys = self._key.candidates()
        if not keys:
            raise ConfigError(
                f"{self.path} cannot be opened: SFR_MASTER_KEY is not set, and there is no key file {self._key.file}",
                reason=REASON,
                remedy="Give the key that it was sealed with; the file was left as it is.",
            )
        found = self._fitting(sealed, keys)
        if found is None:
            raise ConfigError(
                f"{self.path} does not open with the key in {self._key.place}: another one has sealed it",
                reason=REASON,
                remedy="Give that one, or `sfr credentials rotate` if it was changed; the file was left as it is.",
            )
        with suppress(ConfigError):  # both files of the key are there, so the next command can do it
            self._key.settle(found[0])
        return found

    def _fitting(self, sealed: Sealed, keys: list[str]) -> tuple[str, dict[str, str]] | None:
        need_cryptography()
        for key in keys:
            try:
                return key, unseal(sealed, key, self.path)
            except WrongKey:
                continue
        return None
