"""Writes a file whole or not at all: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sfr.errors import DeliveryError
from sfr.part_names import part_name

# A virus scanner or an indexer holds a fresh file for a moment there, and then it can neither move nor be replaced.
HELD_SECONDS = 3.0 if os.name == "nt" else 0.0


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path`; leaving the block without an error puts it in place of `path`.

    Do nothing but write inside the block. The folder is made if it is missing. The content is on the disk before
    the old file goes, and the temporary file ends in `.part`, so that what a power cut leaves behind is swept with
    the other partial files.
    Raises DeliveryError: folder or file not writable, disk full, file held open by another program (Windows).
    """
    partial = path.parent / part_name(path.name, os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a rename would put a file in place of /dev/null
            raise OSError(errno.EEXIST, "a folder or a device is there, and no file")
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        move_into_place(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        raise delivery_error(path, error) from error
    finally:
        with suppress(OSError):  # already in place, or the folder is gone: the first error is the one to tell
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, line ends as they are. Raises DeliveryError as `replacing` does.

    A lone surrogate (half of an undecodable file name) becomes "?": no encoding could hold it.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8", "replace"))


def move_into_place(partial: Path, path: Path) -> None:
    """Give a finished file its name; what had that name is replaced. Raises OSError, on Windows after patience."""
    deadline = time.monotonic() + HELD_SECONDS
    while True:
        try:
            partial.replace(path)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return


def sync_folders_of(locations: Iterable[str]) -> None:
    """Make the names of delivered files durable, each folder once; "" is where nothing was delivered."""
    for folder in {Path(location).parent for location in locations if location}:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the rename itself durable; Windows neither needs nor allows a handle on a folder."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network shares refuse this; the file is in place all the same
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def delivery_error(path: Path, error: OSError) -> DeliveryError:
    """What the system said about writing `path`, in our words and with what a person can do about it."""
    cause = error.strerror or type(error).__name__
    path = path.parent if path.name.endswith(".part") else path  # a name that nobody has seen
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DeliveryError(f"{path}: the disk is full", reason="disk-full", remedy="Free some space and run again.")
    if os.name == "nt" and isinstance(error, PermissionError) and path.is_file():
        return DeliveryError(
            f"{path}: another program holds this file open",
            reason="in-use",
            remedy="Close it in Excel (or whatever has it open) and run again.",
        )
    return DeliveryError(
        f"{path}: cannot be written ({cause})",
        reason="not-writable",
        remedy="Choose another place, or make this one writable for your account.",
    )
