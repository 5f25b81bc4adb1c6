"""Delivers into a folder: the new file replaces the old one in one step, after it is safe on the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from sfr.atomic import delivery_error, move_into_place
from sfr.csv_scan import read_header
from sfr.errors import DeliveryError
from sfr.part_names import part_name


class FolderConfig(BaseModel):
    """Where the folder is."""

    model_config = ConfigDict(frozen=True)

    directory: Path = Field(description="The folder to deliver to")
    may_create: bool = Field(False, description="Make the folder when it is missing")
    owner_pid: int = Field(default_factory=os.getpid, description="The process whose end makes partial files worthless")


class Folder:
    """A folder of this machine or of a network share."""

    Config = FolderConfig

    def __init__(self, config: FolderConfig) -> None:
        self._directory = config.directory
        self._may_create = config.may_create
        self._owner_pid = config.owner_pid

    def staging(self, name: str) -> Path:
        """Where a file may grow so that delivering it is a rename; another place each time.

        Raises DeliveryError without a folder.
        """
        try:
            if self._may_create:
                self._directory.mkdir(parents=True, exist_ok=True)
            elif not self._directory.is_dir():
                raise NotADirectoryError(20, "no such folder")
        except OSError as error:
            raise delivery_error(self._directory, error) from error
        return self._directory / part_name(name, self._owner_pid)

    def put(self, staged: Path, name: str) -> str:
        """Give the staged file its name; whatever had that name before is replaced whole or not at all."""
        target = self._directory / name
        try:
            with staged.open("rb+") as file:
                os.fsync(file.fileno())
            move_into_place(staged, target)
        except OSError as error:
            raise delivery_error(target, error) from error
        return str(target)

    def append(self, staged: Path, name: str) -> str:
        """Put the file's records behind those of the file that has the name already, if there is one."""
        target = self._directory / name
        try:
            if target.exists():
                self._put_in_front(target, staged)
        except OSError as error:
            raise delivery_error(target, error) from error
        return self.put(staged, name)

    def _put_in_front(self, old: Path, staged: Path) -> None:
        """Make `staged` the old file followed by the records of `staged`, which is the new file then."""
        joined = self.staging(old.name)
        try:
            with old.open("rb") as before, staged.open("rb") as after, joined.open("xb") as both:
                if read_header(before).columns != (header := read_header(after)).columns:
                    raise DeliveryError(
                        f"{old}: its columns are not those of the new records",
                        reason="columns",
                        remedy="Give the report another name, or write update=replace.",
                    )
                before.seek(0)
                shutil.copyfileobj(before, both)
                if not _ends_with_line(before):
                    both.write(b"\n")
                after.seek(header.size)
                shutil.copyfileobj(after, both)
            joined.replace(staged)
        except BaseException:
            joined.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Nothing is held open."""


def _ends_with_line(file: BinaryIO) -> bool:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - 1, 0))
    return file.read(1) in (b"\n", b"")
