"""Knows which folder a path of a list means, and that only folders of the output are made."""

from __future__ import annotations

import os
from pathlib import Path

from sfr.catalog.file_names import check_name
from sfr.catalog.problems import BadCell


def read_folder(text: str, output: Path) -> str:
    """The folder that a path means, seen from the current directory, as an absolute one.

    What lies inside `output`, by links or not, is written as a folder below it. It must exist, unless it lies there,
    where folders are made: a misspelt folder is not to be created. Raises BadCell.
    """
    try:
        # ".." goes as on Windows; resolve() would make network addresses of mapped drives.
        folder = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100
        is_there = folder.is_dir()
        if not is_there and folder.exists():
            raise BadCell("is a file, not a folder", "Name a folder.")
        place, inside = folder.resolve(), output.resolve()
    except (OSError, RuntimeError) as error:
        raise BadCell(f"cannot be looked into: {error}", "Correct it, or ask for the right to read it.") from error
    if place.is_relative_to(inside):
        parts = place.relative_to(inside).parts
        for part in () if is_there else parts:
            check_name(part)
        return str(output.absolute().joinpath(*parts))
    if not is_there:
        raise BadCell("is a folder that does not exist", f"Correct it, or create {place}")
    return str(folder)
