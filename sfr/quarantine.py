"""Keeps files that were refused, with the reason beside them, where nobody takes them for delivered ones."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

from sfr.part_names import part_name
from sfr.redaction import redact

_LONGEST_NAME_BYTES = 200  # what file systems hold, with room for a number and `.why.txt`
MOST_OF_ONE_NAME = 1000

log = logging.getLogger("sfr.quarantine")


def keep_aside(folder: Path, staged: Path, name: str, why: str) -> Path | None:
    """Move the file at `staged` into `folder`, under `name` or the next one that is free, and write the reason `why`
    beside it as `….why.txt`. Returns where it is now.

    None where that fails, which is said in the log: the report was refused before and stays so, and an error here would
    hide its reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = _claimed(folder, name, f"{redact(why)}\n")
        try:
            _move(staged, place)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                _reason_beside(place).unlink()
            raise
    except OSError as error:
        log.warning("%s could not be kept aside in %s: %s", name, folder, error.strerror or error)
        return None
    return place


def _claimed(folder: Path, name: str, why: str) -> Path:
    """A place that is free; it is ours from the moment that the file with the reason is there. Raises OSError."""
    for number in range(1, MOST_OF_ONE_NAME):
        place = folder / _numbered(name, number)
        if place.exists():
            continue
        try:
            with _reason_beside(place).open("x", encoding="utf-8", errors="replace") as file:
                file.write(why)
        except FileExistsError:
            continue
        return place
    raise FileExistsError(errno.EEXIST, f"there are {MOST_OF_ONE_NAME:,} files of that name already")


def _reason_beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.why.txt")


def _numbered(name: str, number: int) -> str:
    """`sales.csv`, `sales.2.csv`, …"""
    path = Path(Path(name).name or "report")
    stem = path.stem.encode(errors="ignore")[:_LONGEST_NAME_BYTES].decode(errors="ignore")
    return f"{stem}.{number}{path.suffix}" if number > 1 else f"{stem}{path.suffix}"


def _move(staged: Path, place: Path) -> None:
    """By name where both are on one disk, else by a copy that gets its name when it is whole. Raises OSError."""
    try:
        staged.rename(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    partial = place.parent / part_name(place.name, os.getpid())
    try:
        shutil.copyfile(staged, partial)
        partial.rename(place)
    finally:
        with suppress(OSError):  # it has its name, or it could not be written at all
            partial.unlink(missing_ok=True)
    with suppress(OSError):  # the copy is what counts; the rest is swept
        staged.unlink()
