"""Checks that records are appended once by one job, also where it dies between the file's new name and its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.destinations.folder import Folder
from sfr.model import Outcome, Status
from tests.scripted import HEADER, bring, left, rows, whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def append(folder: Path, data: bytes, job_id: str = "", **wanted: object) -> Outcome:
    return bring(folder, whole(data), job_id=job_id, **{"update": "append", **wanted})


@pytest.mark.parametrize(
    "old",
    [b"", HEADER, HEADER + rows(1, 2), HEADER + rows(1, 2) + b"\n\n", HEADER + rows(1, 2)[:-1]],
    ids=["no file", "only a header", "records", "blank lines at the end", "no last line end"],
)
def test_a_job_that_runs_again_takes_back_what_it_had_put_there(folder: Path, old: bytes) -> None:
    file = folder / "sales.csv"
    if old:
        file.write_bytes(old)
    append(folder, HEADER + rows(3, 4), "the job")
    once = file.read_bytes()
    assert once.endswith(rows(3, 4))
    again = append(folder, HEADER + rows(3, 4), "the job")
    assert (again.status, again.bytes, again.warnings) == (Status.DONE, len(once), ())
    assert file.read_bytes() == once
    append(folder, HEADER + rows(3, 9), "the job")  # more records by now
    assert file.read_bytes() == once + rows(5, 9)


def test_another_job_appends_even_equal_records_and_says_so(folder: Path) -> None:
    append(folder, HEADER + rows(1, 2), "one")
    second = append(folder, HEADER + rows(1, 2), "two")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 2) * 2
    assert "the same records were added last time" in second.warnings[-1]
    assert append(folder, HEADER + rows(3, 3), "three").warnings == ()


def test_a_job_that_continues_one_of_an_earlier_run_takes_back_what_that_has_put_there(folder: Path) -> None:
    append(folder, HEADER + rows(1, 2), "run1-job")
    append(folder, HEADER + rows(3, 4), "run2-job")
    append(folder, HEADER + rows(3, 5), "run3-job", continues="run2-job")
    last = append(folder, HEADER + rows(3, 6), "run4-job", continues="run2-job")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 6)
    assert last.warnings == ()
    append(folder, HEADER + rows(7, 7), "run5-job")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 7)


def test_nothing_is_taken_back_from_a_file_that_somebody_has_changed(folder: Path) -> None:
    append(folder, HEADER + rows(1, 2), "the job")
    edited = HEADER + rows(7, 8)
    (folder / "sales.csv").write_bytes(edited)
    append(folder, HEADER + rows(1, 2), "the job")
    assert (folder / "sales.csv").read_bytes() == edited + rows(1, 2)


def test_a_job_that_dies_before_the_file_has_its_name_appends_when_it_runs_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(folder, HEADER + rows(1, 2), "one")

    class Dead(BaseException):
        pass

    def dies(*_: object) -> str:
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "put", dies)
        with pytest.raises(Dead):
            append(folder, HEADER + rows(3, 4), "two")
    append(folder, HEADER + rows(3, 4), "two")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 4)


def test_a_job_that_dies_behind_the_rename_does_not_double_its_records(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(folder, HEADER + rows(1, 2), "one")
    put = Folder.put

    class Dead(BaseException):
        pass

    def dies(shelf: Folder, staged: Path, name: str) -> str:
        put(shelf, staged, name)
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "put", dies)
        with pytest.raises(Dead):
            append(folder, HEADER + rows(3, 4), "two")
    append(folder, HEADER + rows(3, 4), "two")
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 4)


def test_where_nothing_can_be_remembered_nothing_is_appended(folder: Path) -> None:
    private = folder.parent / "reports-private"
    private.mkdir()
    (private / "appended").write_text("a file where the folder should be")
    outcome = append(folder, HEADER + rows(1, 2))
    assert (outcome.status, outcome.reason) == (Status.FAILED, "not-writable")
    assert left(folder) == []


def test_a_note_that_is_damaged_is_no_note(folder: Path) -> None:
    append(folder, HEADER + rows(1, 2), "the job")
    (note,) = (folder.parent / "reports-private" / "appended").iterdir()
    for damage in ("", "[]", "{}", '{"job_id": 1}'):
        note.write_text(damage)
        assert append(folder, HEADER + rows(3, 3), "another").status is Status.DONE
    assert left(folder) == ["sales.csv"]


MIXED = {
    "UTF-8": HEADER + "1,Zoë\n".encode(),
    "not UTF-8": HEADER + "1,Zoë\n".encode("cp1252"),
}


@pytest.mark.parametrize(("there", "new"), [("UTF-8", "not UTF-8"), ("not UTF-8", "UTF-8")])
def test_records_in_another_encoding_are_refused(folder: Path, there: str, new: str) -> None:
    append(folder, MIXED[there])
    refused = append(folder, MIXED[new])
    assert (refused.status, refused.reason) == (Status.FAILED, "encoding")
    assert f"it is {there}, and the new records are {new}" in refused.error
    assert (folder / "sales.csv").read_bytes() == MIXED[there]
    for data in (MIXED[there], HEADER + rows(1, 1)):
        assert append(folder, data).status is Status.DONE
