"""Checks that records are put behind those that are there: all or nothing, and never into a file of other columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.connector import Sink
from sfr.destinations import folder as folder_module
from sfr.destinations.folder import Folder, FolderConfig
from sfr.errors import DeliveryError
from sfr.model import Fetched, Outcome, Proof, Status
from tests.scripted import DATA, HEADER, Step, bring, left, rows, whole
from tests.surroundings import sha256

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def append(folder: Path, data: bytes, **wanted: object) -> Outcome:
    return bring(folder, whole(data), **{"update": "append", **wanted})


def test_the_first_one_makes_the_file_and_the_next_ones_add_to_it(folder: Path) -> None:
    first = append(folder, HEADER + rows(1, 2))
    second = append(folder, HEADER + rows(3, 5))
    content = (folder / "sales.csv").read_bytes()
    assert content == HEADER + rows(1, 5)
    assert (first.records, second.records) == (2, 3)
    assert (second.bytes, second.sha256) == (len(content), sha256(content))
    (told,) = second.deliveries  # of the file as it lies there
    assert (told.records, told.bytes, told.sha256) == (5, len(content), sha256(content))
    assert left(folder) == ["sales.csv"]


def test_records_that_were_there_and_are_no_csv_are_not_counted(folder: Path) -> None:
    (folder / "sales.csv").write_bytes(HEADER + b"1,2,3\n")
    (told,) = append(folder, HEADER + rows(1, 2)).deliveries
    content = (folder / "sales.csv").read_bytes()
    assert (told.records, told.bytes, told.sha256) == (None, len(content), sha256(content))


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        (b"a,b\n1,2", b"a,b\n3,4\n", b"a,b\n1,2\n3,4\n"),
        (b"a,b\r\n1,2", b"a,b\r\n3,4", b"a,b\r\n1,2\r\n3,4"),
        (b"a,b\n1,2\n\n\n", b"a,b\n3,4\n", b"a,b\n1,2\n3,4\n"),
        (b"a,b", b"a,b\n3,4\n", b"a,b\n3,4\n"),
        (b"a,b\n1,2\n", b"a,b\n", b"a,b\n1,2\n"),
        (BOM + b"a,b\n1,2\n", b"a,b\n3,4\n", BOM + b"a,b\n1,2\n3,4\n"),
        (b"a,b\n1,2\n", BOM + b"a,b\n3,4\n", b"a,b\n1,2\n3,4\n"),
        (BOM + b'"a","b"\r\n"1","2"\r\n', BOM + b"a,b\n3,4\n", BOM + b'"a","b"\r\n"1","2"\r\n3,4\n'),
        (b"a\n1\n\n", b"a\n3\n", b"a\n1\n\n3\n"),
        (b"a\n1", b"a\n3\n", b"a\n1\n3\n"),
        (b"", b"a,b\n3,4\n", b"a,b\n3,4\n"),
        (BOM, BOM + b"a,b\n3,4\n", BOM + b"a,b\n3,4\n"),
        (b'"a\nb",c\n1,2\n', b'"a\nb",c\n3,4\n', b'"a\nb",c\n1,2\n3,4\n'),
    ],
    ids=[
        *("no last line end", "CRLF without the last", "blank lines at the end", "only a header", "nothing new"),
        *("a mark before", "a mark in the new one", "other quotes and line ends", "a single column with an empty cell"),
        *("a single column", "an empty file", "only a mark", "a line end in the header"),
    ],
)
def test_records_go_behind_records(folder: Path, old: bytes, new: bytes, both: bytes) -> None:
    (folder / "sales.csv").write_bytes(old)
    assert append(folder, new).status is Status.DONE
    assert (folder / "sales.csv").read_bytes() == both


@pytest.mark.parametrize(
    "new",
    [b"b,a\n3,4\n", b"a,b,c\n3,4,5\n", b"a\n3\n", b"A,b\n3,4\n", b"a;b\n3;4\n", b'"a,b"\n"3,4"\n'],
    ids=["another order", "one more", "one less", "another case", "another delimiter", "one column of that text"],
)
def test_other_columns_are_refused_and_the_old_file_is_as_it_was(folder: Path, new: bytes) -> None:
    old = b"a,b\n1,2\n"
    (folder / "sales.csv").write_bytes(old)
    outcome = append(folder, new)
    assert (outcome.status, outcome.reason) == (Status.FAILED, "columns")
    assert "another name" in outcome.remedy
    assert (folder / "sales.csv").read_bytes() == old
    assert left(folder) == ["sales.csv"]


def test_no_records_and_no_header_change_nothing(folder: Path) -> None:
    def nothing(_into: Sink) -> Fetched:
        return Fetched(records=0, proof=Proof.COUNT)

    for old in (None, DATA):
        if old is not None:
            (folder / "sales.csv").write_bytes(old)
        outcome = bring(folder, nothing, update="append")
        assert (outcome.status, outcome.records) == (Status.DONE, 0)
        assert (folder / "sales.csv").read_bytes() == (old or b"")
    assert append(folder, DATA).status is Status.DONE


def test_a_file_made_for_excel_has_one_mark(folder: Path) -> None:
    for data in (HEADER + rows(1, 1), HEADER + rows(2, 2)):
        assert append(folder, data, excel=True).status is Status.DONE
    assert (folder / "sales.csv").read_bytes() == BOM + b'"id","name"\n"1","name 1"\n"2","name 2"\n'


def test_a_footer_is_never_put_between_records(folder: Path) -> None:
    step: Step = whole(HEADER + rows(1, 1), trailer=b"\nthe end\n")
    for _ in range(2):
        assert bring(folder, step, update="append", keep_footer=True).status is Status.DONE
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 1) * 2


def test_what_cannot_be_appended_all_or_nothing_is_refused(folder: Path) -> None:
    def two_files(into: Sink) -> Fetched:
        into.write(DATA)
        into.another("b").write(DATA)
        return Fetched(proof=Proof.LENGTH)

    class OnlyReplacing:
        def put(self, staged: Path, name: str) -> str:
            raise AssertionError("nothing may be put")

    outcomes = [
        bring(folder, two_files, update="append"),
        append(folder, b'{"a": 1}', format="json", name="a.json"),
        bring(folder, whole(DATA), update="append", destination=OnlyReplacing()),
    ]
    assert {(outcome.status, outcome.reason) for outcome in outcomes} == {(Status.FAILED, "append")}
    assert left(folder) == []


@pytest.mark.parametrize("where", ["while it is copied", "while it is moved"])
def test_a_crash_leaves_the_old_file_whole(folder: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    (folder / "sales.csv").write_bytes(HEADER + rows(1, 2))
    shelf = Folder(FolderConfig(directory=folder))
    staged = shelf.staging("sales.csv")
    staged.write_bytes(HEADER + rows(3, 4))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    if where == "while it is copied":
        monkeypatch.setattr(folder_module.shutil, "copyfileobj", dies)
    else:
        monkeypatch.setattr(folder_module, "move_into_place", dies)
    with pytest.raises(KeyboardInterrupt):
        shelf.append(staged, "sales.csv")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 2)


def test_a_full_disk_leaves_the_old_file_whole_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sales.csv").write_bytes(HEADER + rows(1, 2))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.shutil, "copyfileobj", full)
    outcome = append(folder, HEADER + rows(3, 4))
    assert (outcome.status, outcome.reason) == (Status.FAILED, "disk-full")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 2)
    assert left(folder) == ["sales.csv"]


def test_a_folder_in_the_place_of_the_file_is_told(folder: Path) -> None:
    (folder / "sales.csv").mkdir()
    shelf = Folder(FolderConfig(directory=folder))
    staged = shelf.staging("sales.csv")
    staged.write_bytes(DATA)
    with pytest.raises(DeliveryError, match="cannot be written"):
        shelf.append(staged, "sales.csv")
