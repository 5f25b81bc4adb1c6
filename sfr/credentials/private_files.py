"""Files that nobody but this user may read: written whole or not at all, refused where others could read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfr.atomic import move_into_place, sync_folder
from sfr.errors import ConfigError

REASON = "credentials"
_LOCK_SECONDS = 10.0


def write_private(path: Path, data: bytes) -> None:
    """Put a file in place of `path`, readable by this user alone. Raises ConfigError; what was there then stays."""
    new = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        move_into_place(new, path)
        sync_folder(path.parent)
    except OSError as error:
        raise _refused(path, "written", error) from error
    finally:
        with suppress(OSError):  # already in place, or the folder is gone
            new.unlink(missing_ok=True)


def read_private(path: Path, *, guarded: bool = True) -> bytes | None:
    """The content of a file, None where there is none. Raises ConfigError when it cannot be read, or when others could
    read it and it is `guarded`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            data = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, "read", error) from error
    if guarded and os.name != "nt" and mode & 0o077:
        raise ConfigError(
            f"{path} may be read or changed by others (its rights are {mode:o}), so it is not used",
            reason=REASON,
            remedy=f"Take their rights away: chmod 600 {path}. If somebody may have read it, change the secrets too.",
        )
    return data


def remove_private(path: Path) -> None:
    """Take a file away. Raises ConfigError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, "removed", error) from error


def replace_private(new: Path, path: Path) -> None:
    """Put a finished file in place of another; nothing happens where somebody else has just done so. Raises
    ConfigError."""
    try:
        move_into_place(new, path)
        sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refused(path, "written", error) from error


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of the credentials while they are changed. Raises ConfigError when another one does not end."""
    from filelock import FileLock, Timeout

    place = folder / "credentials.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(place)
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        message = "another command is changing the credentials, and has not ended"
        raise ConfigError(message, reason=REASON, remedy="Wait for it, or end it; nothing was changed.") from None
    except OSError as error:
        raise _refused(place, "written", error) from error
    try:
        yield
    finally:
        lock.release()


def _refused(path: Path, what: str, error: OSError) -> ConfigError:
    remedy = "Make the file, or its folder, yours and writable."
    return ConfigError(f"{path} cannot be {what}: {error.strerror or error}", reason=REASON, remedy=remedy)
