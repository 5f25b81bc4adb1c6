"""Keeps a source's session between runs, in a file that only this user may read: some servers count every login."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path


def state_directory() -> Path:
    """Where this user's programs keep what outlives a run; private, and synced nowhere."""
    from platformdirs import user_state_path

    return user_state_path("sfr", appauthor=False)


class KeptSession:
    """The place of one source's session. `account` tells apart servers and users that went by the same name.

    A disk that refuses costs a login, nothing else.
    """

    def __init__(self, directory: Path, name: str, account: str) -> None:
        digest = hashlib.sha256(account.encode()).hexdigest()[:16]
        self._path = directory / "sessions" / f"{name}-{digest}"

    def get(self) -> str:
        """What was kept, "" for nothing."""
        with suppress(OSError, UnicodeDecodeError):
            return self._path.read_text(encoding="utf-8")
        return ""

    def keep(self, value: str) -> None:
        """Keep a value instead of what was there; "" forgets it."""
        with suppress(OSError, UnicodeEncodeError):
            if not value:
                self._path.unlink(missing_ok=True)
                return
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = self._path.with_suffix(f".{os.getpid()}.new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(value)
            new.replace(self._path)
