"""Knows the private folder that a stage grows in, and how what a killed process left of one is found and removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfr.atomic import delivery_error
from sfr.part_names import Writer, part_name, writer_of

_NAME = "stage"


@contextmanager
def stage_folder() -> Iterator[Path]:
    """A new folder in the system's place for temporary files (TMPDIR), for this account alone and gone at the end.

    Those of processes that have ended are removed first. Raises DeliveryError where none can be made.
    """
    place = Path(tempfile.gettempdir())
    _sweep(place)
    folder = place / part_name(_NAME, os.getpid())
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise delivery_error(folder, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    for left in place.glob(f".{_NAME}.sfr-*.part"):
        with suppress(OSError):  # somebody else's, or gone meanwhile
            # This process may have another stage at work just now.
            if f"-{os.getpid()}-" not in left.name and writer_of(left.name) is Writer.GONE:
                shutil.rmtree(left)
