"""Keyrings that a child process can import as well: one in a file of the test, and some that misbehave."""

from __future__ import annotations

import json
import os
import pydoc
import time
from pathlib import Path

import keyring.backend

FILE, ERROR = "TEST_KEYRING_FILE", "TEST_KEYRING_ERROR"


class FileKeyring(keyring.backend.KeyringBackend):
    """Keeps passwords in the file that the environment names."""

    priority = 1

    @property
    def kept(self) -> dict[tuple[str, str], str]:
        file = Path(os.environ[FILE])
        rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        return {(service, username): password for service, username, password in rows}

    def _keep(self, passwords: dict[tuple[str, str], str]) -> None:
        rows = [[*key, password] for key, password in passwords.items()]
        Path(os.environ[FILE]).write_text(json.dumps(rows), encoding="utf-8")

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep(self.kept | {(service, username): password})

    def delete_password(self, service: str, username: str) -> None:
        self._keep({key: password for key, password in self.kept.items() if key != (service, username)})


class FailingKeyring(FileKeyring):
    """Raises the error that the environment names, with the value in its text."""

    def get_password(self, service: str, username: str) -> str | None:
        error = pydoc.locate(os.environ[ERROR])
        assert isinstance(error, type)
        raise error("00D000000000001!kept.value")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class WaitingKeyring(FileKeyring):
    """Waits for an answer to its dialog, which nobody gives."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(600)
        return None


class TalkativeKeyring(FileKeyring):
    """Prints what it does."""

    def get_password(self, service: str, username: str) -> str | None:
        print("looking into", username)
        return super().get_password(service, username)
