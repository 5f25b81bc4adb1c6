"""Checks what happens when a report goes to several places, and some of them refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sfr.connector import Parcel
from sfr.delivery import Delivery
from sfr.destinations.folder import Folder, FolderConfig
from sfr.errors import AuthError, DeliveryError, InvalidReport, SfrError, TransientError
from sfr.intake import Intake
from sfr.model import Delivered, Fetched, Job, Outcome, Place, Proof, Report, Status
from sfr.staging import StagedFile
from tests.faults.small_disks import fill, small_disk
from tests.scripted import DATA, HEADER, Scripted, bring, rows, whole


class Bucket:
    """A rich destination that refuses as often as it was told to, and keeps what it takes."""

    Config: Any = None
    updates: ClassVar[frozenset[str]] = frozenset(("replace", "upsert"))

    def __init__(self, *refusals: SfrError) -> None:
        self.refusals = list(refusals)
        self.taken: dict[str, bytes] = {}
        self.parcels: list[Parcel] = []

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        self.parcels += parcels
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken |= {parcel.path: parcel.staged.read_bytes() for parcel in parcels}
        return [
            Delivered(
                f"s3://lake/{parcel.path}", bucket="lake", key=parcel.path, link="https://link", warnings=("cold",)
            )
            for parcel in parcels
        ]

    def close(self) -> None:
        """Nothing is open."""


BUSY = "the bucket is busy"
HERE = Place("folder")
THERE = Place("lake", "daily/sales.csv")


def folder_at(path: Path) -> Folder:
    return Folder(FolderConfig(directory=path, may_create=True))


def send(folder: Path, source: Scripted, *shelves: Any, places: tuple[Place, ...], **wanted: Any) -> Outcome:
    return bring(folder, source, destination=list(shelves), places=places, **wanted)


def left_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_each_place_gets_the_same_file_and_the_first_is_the_main_one(tmp_path: Path) -> None:
    bucket, folder = Bucket(), tmp_path / "here"
    outcome = send(folder, Scripted(whole(DATA)), bucket, folder_at(folder), places=(THERE, HERE))
    assert (outcome.status, outcome.location) == (Status.DONE, "s3://lake/daily/sales.csv")
    assert bucket.taken == {"daily/sales.csv": DATA}
    assert (folder / "sales.csv").read_bytes() == DATA
    assert [(each.destination, each.link) for each in outcome.deliveries] == [("lake", "https://link"), ("folder", "")]
    assert outcome.deliveries[1].records == 6
    assert "cold" in outcome.warnings
    assert left_in(folder) == ["sales.csv"]


def test_a_rich_destination_is_told_what_is_known_of_the_file(tmp_path: Path) -> None:
    bucket = Bucket()
    place = Place("lake", "sales.csv", "upsert", ("id",))
    outcome = send(tmp_path / "here", Scripted(whole(DATA)), bucket, places=(place,), job_id="job-7")
    (parcel,) = bucket.parcels
    assert (parcel.format, parcel.bytes, parcel.records, parcel.columns) == ("csv", len(DATA), 6, ("id", "name"))
    assert (parcel.update, parcel.identity, parcel.job_id, parcel.run_id) == ("upsert", ("id",), "job-7", "run1")
    assert (parcel.report, parcel.sha256) == ("sales.csv", outcome.sha256)


def test_a_place_that_is_busy_costs_no_second_download(tmp_path: Path) -> None:
    source, bucket, folder = (
        Scripted(whole(DATA)),
        Bucket(TransientError(BUSY), TransientError(BUSY)),
        tmp_path / "here",
    )
    outcome = send(folder, source, bucket, folder_at(folder), places=(THERE, HERE))
    assert outcome.status is Status.DONE
    assert [attempt.error for attempt in outcome.attempts] == [BUSY, BUSY, ""]
    assert len(source.points) == 1
    assert bucket.taken == {"daily/sales.csv": DATA}
    assert left_in(folder) == ["sales.csv"]


def test_asking_whether_files_wait_for_a_place_takes_none_away(tmp_path: Path) -> None:
    job = Job("job1", "run1", 1, Report("sales.csv", "1", places=(THERE,)))
    shelves = [Bucket(TransientError(BUSY))]
    ignored: Any = lambda _told: None  # noqa: E731
    delivery = Delivery(job, shelves, private=tmp_path, origin="", progress=ignored, tell=ignored)
    intake = Intake(lambda label: StagedFile(delivery.place(label), "csv", 1 << 20, ignored))
    intake.write(DATA)
    with pytest.raises(TransientError):
        delivery.deliver(intake, Fetched(proof=Proof.LENGTH), [intake.main.finish()])
    away = intake.main.path.rename(tmp_path / "away")
    assert not delivery.pending
    away.rename(intake.main.path)
    assert delivery.pending
    assert delivery.go_on().status is Status.DONE


def test_a_place_that_refuses_for_good_keeps_no_other_from_its_file(tmp_path: Path) -> None:
    first, second = Bucket(), Bucket(DeliveryError("no such bucket"))
    source, folder = Scripted(whole(DATA)), tmp_path / "here"
    places = (THERE, Place("attic", "b.csv"), HERE)
    outcome = send(folder, source, first, second, folder_at(folder), places=places)
    assert (outcome.status, outcome.error, outcome.reason) == (Status.FAILED, "no such bucket", "delivery")
    assert [each.destination for each in outcome.deliveries] == ["lake", "folder"]
    assert (folder / "sales.csv").read_bytes() == DATA
    assert left_in(folder) == ["sales.csv"]
    assert len(source.points) == len(outcome.attempts) == 1


def test_a_place_that_is_busy_is_waited_for_and_one_that_refused_is_not_asked_again(tmp_path: Path) -> None:
    busy, closed = Bucket(TransientError(BUSY), TransientError(BUSY)), Bucket(DeliveryError("no such bucket"))
    source, folder = Scripted(whole(DATA)), tmp_path / "here"
    places = (THERE, Place("attic", "b.csv"), HERE)
    outcome = send(folder, source, busy, closed, folder_at(folder), places=places)
    both = f"lake: {BUSY}; attic: no such bucket"
    assert [attempt.error for attempt in outcome.attempts] == [both, both, "no such bucket"]
    assert (len(busy.parcels), len(closed.parcels), len(source.points)) == (3, 1, 1)
    assert [each.destination for each in outcome.deliveries] == ["lake", "folder"]
    assert left_in(folder) == ["sales.csv"]


def test_what_each_place_refuses_is_told_and_a_refused_login_decides_how_the_run_ends(tmp_path: Path) -> None:
    gone = DeliveryError("no such bucket", remedy="Make it.")
    locked = AuthError("the key is not accepted", remedy="look at the key")
    off = TransientError("cannot be reached", reason="unreachable", remedy="look at the network", max_attempts=1)
    for refusals in ((gone, locked, off), (off, gone, locked)):
        places = tuple(Place(f"place{number}") for number in range(3))
        outcome = send(tmp_path, Scripted(whole(DATA)), *(Bucket(each) for each in refusals), places=places)
        named = [(place.destination, error) for place, error in zip(places, refusals, strict=True)]
        assert outcome.error == "; ".join(f"{name}: {error.message}" for name, error in named)
        assert outcome.remedy == " ".join(f"{name}: {error.remedy.rstrip('.')}." for name, error in named)
        assert outcome.reason == "destination-login"


def test_a_folder_that_is_not_there_keeps_no_other_from_its_file_wherever_it_stands(tmp_path: Path) -> None:
    missing = Folder(FolderConfig(directory=tmp_path / "attic"))
    for number, attic_first in enumerate((True, False)):
        folder = tmp_path / f"here{number}"
        found = [(missing, Place("attic")), (folder_at(folder), HERE)]
        shelves, places = zip(*(found if attic_first else reversed(found)), strict=True)
        outcome = send(folder, Scripted(whole(DATA)), *shelves, places=places)
        assert (outcome.status, outcome.reason) == (Status.FAILED, "no-folder")
        assert [each.destination for each in outcome.deliveries] == ["folder"]
        assert left_in(folder) == ["sales.csv"]


def test_a_place_that_wants_a_login_does_not_cost_the_source_its_session(tmp_path: Path) -> None:
    outcome = send(tmp_path / "here", Scripted(whole(DATA)), Bucket(AuthError("key expired")), places=(THERE,))
    assert (outcome.status, outcome.reason, outcome.error) == (Status.FAILED, "destination-login", "key expired")


def test_a_place_may_find_that_the_records_are_not_what_was_declared(tmp_path: Path) -> None:
    source = Scripted(whole(DATA))
    outcome = send(tmp_path / "here", source, Bucket(InvalidReport("record 3: no number")), places=(THERE,))
    assert (outcome.status, outcome.error) == (Status.FAILED, "record 3: no number")
    assert len(source.points) == 1


def test_two_folders_have_a_file_each(tmp_path: Path) -> None:
    here, archive = tmp_path / "here", tmp_path / "archive"
    places = (HERE, Place("archive", "2026/11/sales-21.csv"))
    outcome = send(here, Scripted(whole(DATA)), folder_at(here), folder_at(archive), places=places)
    assert outcome.status is Status.DONE
    assert (here / "sales.csv").read_bytes() == (archive / "2026/11/sales-21.csv").read_bytes() == DATA
    assert (left_in(here), left_in(archive)) == (["sales.csv"], ["2026/11/sales-21.csv"])


def test_records_are_appended_once_though_another_place_was_busy(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    bring(folder, whole(DATA))
    source, bucket = Scripted(whole(HEADER + rows(7, 8))), Bucket(TransientError(BUSY))
    places = (Place("folder", update="append"), Place("lake", "new.csv", "replace"))
    outcome = send(folder, source, folder_at(folder), bucket, places=places)
    assert outcome.status is Status.DONE
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 8)
    assert bucket.taken == {"new.csv": HEADER + rows(7, 8)}


def test_an_update_that_a_place_cannot_do_is_refused_before_anything_is_delivered(tmp_path: Path) -> None:
    folder, bucket = tmp_path / "here", Bucket()
    for shelf, place in (
        (bucket, Place("lake", "a.csv", "append")),
        (folder_at(folder), Place("folder", "", "upsert")),
    ):
        outcome = send(folder, Scripted(whole(DATA)), shelf, places=(place,))
        assert (outcome.status, outcome.reason) == (Status.FAILED, "append")
    assert (bucket.taken, left_in(folder)) == ({}, [])


def test_a_folder_whose_disk_is_full_keeps_no_other_from_its_file(tmp_path: Path) -> None:
    content = HEADER + rows(1, 20_000)
    with small_disk(tmp_path / "full", megabytes=1) as full:
        old = full / "sales.csv"
        old.write_bytes(DATA)
        fill(full)
        bucket, here = Bucket(), tmp_path / "here"
        places = (HERE, Place("archive"), THERE)
        outcome = send(here, Scripted(whole(content)), folder_at(here), folder_at(full), bucket, places=places)
        assert (outcome.status, outcome.reason) == (Status.FAILED, "disk-full")
        assert [each.destination for each in outcome.deliveries] == ["folder", "lake"]
        assert bucket.taken == {"daily/sales.csv": content}
        assert (here / "sales.csv").read_bytes() == content
        assert old.read_bytes() == DATA
        assert left_in(full) == ["filler", "sales.csv"]


def test_a_file_has_no_second_name_when_it_was_delivered_to_folders(tmp_path: Path) -> None:
    here, archive = tmp_path / "here", tmp_path / "archive"
    send(here, Scripted(whole(DATA)), folder_at(here), folder_at(archive), places=(HERE, Place("archive", "old/s.csv")))
    assert [path.stat().st_nlink for path in (here / "sales.csv", archive / "old/s.csv")] == [1, 1]
    assert left_in(tmp_path) == ["archive/old/s.csv", "here/sales.csv"]


def test_people_are_told_the_whole_path_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = send(tmp_path, Scripted(whole(DATA)), folder_at(Path("archive")), places=(Place("archive"),))
    assert outcome.location == str(tmp_path / "archive" / "sales.csv")
