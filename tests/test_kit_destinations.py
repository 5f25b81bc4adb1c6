"""The contract of destinations: each promise is broken once, by a folder wrong in one way, and must be noticed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sfr.destinations.folder import Folder, FolderConfig
from sfr.testing import DestinationContract


class InPlace(Folder):
    """Writes over the old file before it knows that there is a new one."""

    def put(self, staged: Path, name: str) -> str:
        target = self._directory / name
        target.write_bytes(b"")
        target.write_bytes(staged.read_bytes())
        return str(target)


class OneAfterTheOther(Folder):
    """Puts several files as they come, and leaves those that it has put where one is refused."""

    def put_all(self, files: Sequence[tuple[Path, str]]) -> list[str]:
        return [self.put(staged, name) for staged, name in files]


class Shelf(DestinationContract):
    __test__ = False

    def __init__(self, folder: Path, kind: type[Folder] = InPlace) -> None:
        self.folder = folder
        self.connector = kind  # type: ignore[misc]

    def config(self) -> FolderConfig:
        return FolderConfig(directory=self.folder)

    def content(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None


def test_a_destination_that_ruins_the_old_file_is_noticed(tmp_path: Path) -> None:
    Shelf(tmp_path).test_the_same_name_replaces()
    with pytest.raises((AssertionError, FileNotFoundError)):
        Shelf(tmp_path).test_a_put_that_fails_leaves_the_old_file()


def test_a_destination_that_puts_some_of_several_files_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    with pytest.raises(AssertionError):
        Shelf(tmp_path / "bad", OneAfterTheOther).test_where_one_of_several_files_fails_none_is_put()
    Shelf(tmp_path / "good", Folder).test_where_one_of_several_files_fails_none_is_put()
    Shelf(tmp_path / "good", Folder).test_several_files_are_put_under_their_names()
