"""The secrets of sources and destinations that were typed once: in the keyring, or in an encrypted file without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sfr.credentials.kept import FILE, KEYRING, Kept, kept_now
from sfr.credentials.keyring_shelf import SERVICE, KeyringShelf, told
from sfr.credentials.master_key import MasterKey
from sfr.credentials.private_files import REASON, only_writer
from sfr.credentials.sealed_file import SealedFile
from sfr.errors import ConfigError
from sfr.redaction import remember_secret
from sfr.system_keyring import State

__all__ = ["FILE", "KEYRING", "Credentials", "Kept", "key_file_by_default"]


def key_file_by_default() -> Path:
    """Where the master key is, unless a setting says so."""
    from platformdirs import user_config_path

    return user_config_path("sfr", appauthor=False) / "master.key"


class Credentials:
    """The values of one user. `folder` is private to that user; `choice` is auto, keyring or file and says where a new
    value goes: a value that is there already is found wherever it is. All of it raises ConfigError.

    `may_ask` says whether the keyring may open a dialog, which somebody has to answer.
    """

    def __init__(self, folder: Path, choice: str, master_key: str, key_file: Path | None) -> None:
        self._folder, self._choice = folder, choice
        self._shelf = KeyringShelf(folder)
        self._key = MasterKey(master_key, key_file or key_file_by_default())
        self._file = SealedFile(folder, self._key)

    @property
    def key_place(self) -> str:
        """Where the master key comes from, for people."""
        return self._key.place

    def kept(self) -> dict[str, Kept]:
        """What is there, by name. Neither the keyring nor a key is needed for that."""
        return {**self._file.kept(), **self._shelf.kept()}

    def values(self, names: Iterable[str], *, may_ask: bool = False) -> dict[str, str]:
        """The values of those names that are kept. One that is kept and cannot be had is an error: an older value from
        somewhere else would be a lie."""
        kept = self.kept()
        wanted = [kept[name] for name in names if name in kept]
        in_keyring = [each.name for each in wanted if each.store == KEYRING]
        found = dict(self._from_keyring(in_keyring, may_ask=may_ask)) if in_keyring else {}
        if in_file := [each.name for each in wanted if each.store == FILE]:
            opened = self._opened(in_file)
            found |= {name: opened[name] for name in in_file}
        for value in found.values():
            remember_secret(value)
        return found

    def keep(self, name: str, server: str, value: str, *, may_ask: bool) -> tuple[Kept, str]:
        """Keep a value instead of an older one. Returns where it is, and what a person should know, or ""."""
        remember_secret(value)
        with only_writer(self._folder):
            if self._choice != "file":
                kept = kept_now(name, KEYRING, server)
                answer = self._shelf.keep(kept, value, may_ask=may_ask)
                if answer.state is State.OK:
                    return kept, self._without_older(name)
                if answer.state is not State.NO_KEYRING or self._choice == "keyring":
                    raise ConfigError(
                        f"{name} was not kept: the keyring {told(answer)}", reason=REASON, remedy=_other_place(name)
                    )
            kept = kept_now(name, FILE, server)
            self._file.keep(kept, value)
            return kept, self._out_of_keyring(name, may_ask=may_ask)

    def forget(self, name: str, *, may_ask: bool) -> Kept | None:
        """Take a value away, wherever it is; None when there was none."""
        with only_writer(self._folder):
            kept = self.kept().get(name)
            if name in self._file.kept():  # first, or an older value would be the one that counts
                self._file.forget(name)
            if name in self._shelf.kept():
                answer = self._shelf.forget(name, may_ask=may_ask)
                if answer.state not in (State.OK, State.ABSENT):
                    message = f"{name} is still there: the keyring {told(answer)}"
                    raise ConfigError(message, reason=REASON, remedy="Unlock the keyring, and try again.")
            return kept

    def needs_old_key(self) -> bool:
        """Whether `rotate` has to be told the key that the file was sealed with."""
        return self._file.needs_old_key()

    def rotate(self, old: str) -> int:
        """Seal the file with another master key; returns how many values it holds."""
        with only_writer(self._folder):
            return self._file.rotate(old.strip())

    def _from_keyring(self, names: list[str], *, may_ask: bool) -> Iterator[tuple[str, str]]:
        for name, answer in zip(names, self._shelf.values(names, may_ask=may_ask), strict=True):
            if answer.state is not State.OK:
                message = f"{name} is kept in the keyring, which {told(answer)}"
                raise ConfigError(message, reason=REASON, remedy=_unreadable(name))
            yield name, answer.value

    def _opened(self, names: list[str]) -> Mapping[str, str]:
        try:
            return self._file.values()
        except ConfigError as error:
            message = f"{', '.join(names)} cannot be read: {error.message}"
            raise ConfigError(message, reason=REASON, remedy=error.remedy) from error

    def _without_older(self, name: str) -> str:
        """Take what the file has of it away; the keyring's value counts in any case."""
        try:
            self._file.forget(name)
        except ConfigError as error:
            return f"what the encrypted file may still have of it is not used: {error.message}"
        return ""

    def _out_of_keyring(self, name: str, *, may_ask: bool) -> str:
        """The keyring would count before the file: take the value out of its list in any case."""
        if name not in self._shelf.kept():
            return ""
        answer = self._shelf.forget(name, may_ask=may_ask)
        if answer.state in (State.OK, State.ABSENT):
            return ""
        self._shelf.disown(name)
        return f"an older value is still in the keyring ({SERVICE}, {name}), and not used: the keyring {told(answer)}"


def _other_place(name: str) -> str:
    again = f"SFR_CREDENTIALS=file, then `sfr credentials set {name}`"
    return f"Unlock it and try again; or keep it in the encrypted file: {again}."


def _unreadable(name: str) -> str:
    return (
        "Unlock the keyring, where `sfr credentials check` may ask for its password. Where nobody can (a server, cron) "
        f"keep it in the encrypted file: SFR_CREDENTIALS=file, then `sfr credentials set {name}`."
    )
