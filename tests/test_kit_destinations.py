"""The contract of destinations: each promise is broken once, by a folder wrong in one way, and must be noticed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest import SkipTest

import pytest

from sfr.atomic import delivery_error
from sfr.connector import Parcel
from sfr.destinations.folder import Folder, FolderConfig
from sfr.model import Delivered
from sfr.testing import DestinationContract
from sfr.testing.carrying_contract import CarryingPromises


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


# Destinations that carry more than a name


class Carried(Folder):
    """Keeps every promise: copies all beside, then renames."""

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        copies = [self._copied(parcel) for parcel in parcels]
        return [self._named(parcel, copy) for parcel, copy in zip(parcels, copies, strict=True)]

    def _copied(self, parcel: Parcel) -> Path:
        copy = self.staging("copy")
        try:
            copy.write_bytes(parcel.staged.read_bytes())
        except OSError as error:
            raise delivery_error(parcel.staged, error) from error
        parcel.progress(parcel.bytes)
        return copy

    def _named(self, parcel: Parcel, copy: Path) -> Delivered:
        target = self._directory / parcel.path
        target.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(target)
        return Delivered(str(target), bytes=parcel.bytes, records=parcel.records, sha256=parcel.sha256)


class OneByOne(Carried):
    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        return [self._named(parcel, self._copied(parcel)) for parcel in parcels]


class Taking(Carried):
    def _copied(self, parcel: Parcel) -> Path:
        copy = super()._copied(parcel)
        parcel.staged.unlink()
        return copy


class Deaf(Carried):
    """Tells of its progress when it is too late to stop it."""

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        told = super().deliver([replace(parcel, progress=lambda _: None) for parcel in parcels])
        for parcel in parcels:
            parcel.progress(parcel.bytes)
        return told


class Silent(Carried):
    def _named(self, parcel: Parcel, copy: Path) -> Delivered:
        return replace(super()._named(parcel, copy), sha256="")


def test_a_destination_that_carries_as_it_should_passes(tmp_path: Path) -> None:
    promises = [name for name in dir(CarryingPromises) if name.startswith("test_")]
    for number, name in enumerate(promises):
        (tmp_path / str(number)).mkdir()
        with suppress(SkipTest):
            getattr(Shelf(tmp_path / str(number), Carried), name)()
    assert len(promises) >= 10


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (OneByOne, "where_one_of_several_cannot_be_delivered_none_is"),
        (Taking, "a_staged_file_is_only_read"),
        (Deaf, "progress_is_told_and_may_stop_it"),
        (Silent, "what_is_delivered_is_there_and_told_without_a_secret"),
    ],
)
def test_a_destination_that_carries_wrongly_is_noticed(tmp_path: Path, kind: type[Carried], promise: str) -> None:
    with pytest.raises((AssertionError, FileNotFoundError)):
        getattr(Shelf(tmp_path, kind), f"test_{promise}")()
