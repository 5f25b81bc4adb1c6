"""Delivers into a folder: the new file replaces the old one in one step, after it is safe on the disk."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from sfr.atomic import delivery_error, move_into_place
from sfr.csv_scan import read_header
from sfr.errors import DeliveryError
from sfr.part_names import part_name

_END_BYTES = 1 << 16


class FolderConfig(BaseModel):
    """Where the folder is."""

    model_config = ConfigDict(frozen=True)

    directory: Path = Field(description="The folder to deliver to")
    may_create: bool = Field(False, description="Make the folder when it is missing")
    owner_pid: int = Field(
        default_factory=os.getpid, exclude=True, description="The process whose end makes partial files worthless"
    )


class Folder:
    """A folder of this machine or of a network share."""

    Config = FolderConfig

    def __init__(self, config: FolderConfig) -> None:
        self._directory = config.directory.absolute()  # where a file lies is told to people who are elsewhere
        self._may_create = config.may_create
        self._owner_pid = config.owner_pid

    def staging(self, name: str) -> Path:
        """Where a file may grow so that delivering it is a rename; another place each time. Folders within this one
        that `name` has are made.

        Raises DeliveryError without a folder.
        """
        try:
            if self._may_create:
                self._directory.mkdir(parents=True, exist_ok=True)
            elif not self._directory.is_dir():
                raise _no_folder(self._directory)
            (self._directory / name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise delivery_error(self._directory, error) from error
        return self._directory / part_name(PurePath(name).name, self._owner_pid)

    def put(self, staged: Path, name: str) -> str:
        """Give the staged file its name; whatever had that name before is replaced whole or not at all."""
        target = self._directory / name
        try:
            if self._directory.is_dir():  # it may be a drive that is not there today, and then nothing is made
                target.parent.mkdir(parents=True, exist_ok=True)
            with staged.open("rb+") as file:
                os.fsync(file.fileno())
            move_into_place(staged, target)
        except OSError as error:
            raise delivery_error(target, error) from error
        return str(target)

    def put_all(self, files: Sequence[tuple[Path, str]]) -> list[str]:
        """As `put` for each of them; where one is refused, those before it are taken back."""
        done: list[tuple[Path, Path | None]] = []
        target = self._directory
        try:
            for staged, _ in files:
                with staged.open("rb+") as file:
                    os.fsync(file.fileno())
            for staged, name in files:
                target = self._directory / name
                done.append((target, self._second_name(target)))
                move_into_place(staged, target)
        except OSError as error:
            for place, old in reversed(done):
                _take_back(place, old)
            raise delivery_error(target, error) from error
        finally:
            for _, old in done:
                if old is not None:
                    with suppress(OSError):  # swept with the partial files
                        old.unlink(missing_ok=True)
        return [str(self._directory / name) for _, name in files]

    def append(self, staged: Path, name: str) -> str:
        """Put the file's records behind those of the file that has the name already, if there is one."""
        self.join(staged, name, None)
        return self.put(staged, name)

    def place(self, name: str) -> Path:
        """Where a file of that name is, or will be."""
        return self._directory / name

    def join(self, staged: Path, name: str, end: int | None) -> int:
        """Make `staged` the first `end` bytes (None: all) of the file that has the name, followed by its own records;
        returns where these begin. Raises DeliveryError."""
        target = self._directory / name
        try:
            return self._put_in_front(target, staged, end) if end != 0 and target.exists() else 0
        except OSError as error:
            raise delivery_error(target, error) from error

    def _put_in_front(self, old: Path, staged: Path, end: int | None) -> int:
        joined = self.staging(old.name)
        try:
            with old.open("rb") as before, staged.open("rb") as after, joined.open("xb") as both:
                there, new = read_header(before), read_header(after)
                if there.columns and new.columns and (there.columns, there.delimiter) != (new.columns, new.delimiter):
                    raise DeliveryError(
                        f"{old}: its columns are not those of the new records",
                        reason="columns",
                        remedy="Give the report another name, or write update=replace.",
                    )
                if there.columns and new.columns:
                    _refuse_other_encoding(old, before, after)
                before.seek(0)
                if there.columns:
                    shutil.copyfileobj(before, both)
                    if end is not None:  # behind it are records, so that it ends with a line
                        both.truncate(end)
                        both.seek(end)
                    else:
                        _end_last_line(both, before, one_column=len(there.columns) == 1)
                begin = both.tell()
                after.seek(new.size if there.columns else 0)
                shutil.copyfileobj(after, both)
            joined.replace(staged)
        except BaseException:
            joined.unlink(missing_ok=True)
            raise
        return begin

    def _second_name(self, target: Path) -> Path | None:
        """The file that is there once more, to be put back if need be; None where there is none."""
        if not target.exists():
            return None
        second = self.staging(target.name)
        try:
            second.hardlink_to(target)
        except OSError:  # a file system without second names
            shutil.copy2(target, second)
        return second

    def close(self) -> None:
        """Nothing is held open."""


def _no_folder(directory: Path) -> DeliveryError:
    there = "that is no folder" if directory.exists() else "there is no such folder"
    return DeliveryError(
        f"{directory}: {there}",
        reason="no-folder",
        remedy="Make it, or correct the path; is the drive or network share there today?",
    )


def _refuse_other_encoding(old: Path, before: BinaryIO, after: BinaryIO) -> None:
    """No reader could make sense of a file whose beginning is UTF-8 and whose end is not, or the other way round."""
    new = _encoding_of(after)
    there = _encoding_of(before) if new else ""
    if there and new and there != new:
        raise DeliveryError(
            f"{old}: it is {there}, and the new records are {new}",
            reason="encoding",
            remedy="Give the report another name, write update=replace, or have the source send the same encoding.",
        )


def _encoding_of(file: BinaryIO) -> str:
    """ "" for plain ASCII, which is the same in all of them."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    while piece := file.read(1 << 20):
        plain = plain and piece.isascii()
        try:
            if not plain:
                decoder.decode(piece)
        except UnicodeDecodeError:
            return "not UTF-8"
    return "" if plain else "UTF-8"


def _take_back(place: Path, old: Path | None) -> None:
    with suppress(OSError):  # the reason why anything is taken back is the one to tell
        if old is None:
            place.unlink(missing_ok=True)
        else:
            move_into_place(old, place)


def _end_last_line(both: BinaryIO, before: BinaryIO, *, one_column: bool) -> None:
    """Behind the copy of `before`: exactly one line end, of the kind that its header has, and nothing at its start.

    Blank lines at the end of a file are nothing, and in its middle a broken record; only in a single column each is
    a record.
    """
    size = both.tell()
    start = max(size - _END_BYTES, 0)
    before.seek(start)
    end = before.read()
    text = end.rstrip(b"\r\n")
    if not text:  # nothing at all, or more blank lines than anybody writes
        return
    before.seek(0)
    line_end = b"\r\n" if before.readline(_END_BYTES).endswith(b"\r\n") else b"\n"
    if not one_column:
        both.seek(start + len(text))
        both.truncate()
        both.write(line_end)
    elif not end.endswith(b"\n"):
        both.write(line_end)
