"""Checks what is kept of unfinished reports on the disk: damaged, of another question, too large, forgotten."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from sfr.errors import AuthError, TransientError
from sfr.model import Report, Status, Window
from sfr.unfinished import FORGOTTEN_SECONDS, Mark, Unfinished, key_of, sweep_unfinished
from tests.scripted import DATA, Scripted, bring, left, the_rest, until_row

REPORT = Report("sales.csv", "1", "bi", folder="/reports")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def reset() -> TransientError:
    return TransientError("reset", reason="reset")


def damaged(place: Path, what: str) -> None:
    data, mark = place / "data", place / "point.json"
    known = json.loads(mark.read_text())
    if what == "other bytes":
        data.write_bytes(data.read_bytes()[::-1])
    elif what == "one bit":
        data.write_bytes(data.read_bytes().replace(b"name 2", b"name 3"))
    elif what == "shorter":
        data.write_bytes(data.read_bytes()[:-1])
    elif what == "no data":
        data.unlink()
    elif what == "half a mark":
        mark.write_text(mark.read_text()[:-5])
    elif what == "a mark of a list":
        mark.write_text("[]")
    elif what == "a size that is no number":
        mark.write_text(json.dumps(known | {"bytes": "many"}))
    elif what == "an old mark without a sum":
        mark.write_text(json.dumps({"bytes": known["bytes"], "point": known["point"]}))


@pytest.mark.parametrize(
    "what",
    [
        *("other bytes", "one bit", "shorter", "no data", "half a mark", "a mark of a list"),
        *("a size that is no number", "an old mark without a sum"),
    ],
)
def test_what_was_kept_and_is_damaged_is_not_gone_on_with(folder: Path, what: str) -> None:
    bring(folder, until_row(3, AuthError("dead")))
    (place,) = (folder.parent / "reports-private" / "unfinished").iterdir()
    damaged(place, what)
    source = Scripted(the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == [""]
    assert (folder / "sales.csv").read_bytes() == DATA
    assert left(folder) == ["sales.csv"]


def test_more_data_than_the_mark_tells_of_is_cut_back(folder: Path) -> None:
    """As after a crash between the data and its mark."""
    bring(folder, until_row(3, AuthError("dead")))
    (place,) = (folder.parent / "reports-private" / "unfinished").iterdir()
    with (place / "data").open("ab") as file:
        file.write(b"999,half")
    source = Scripted(until_row(5, reset()), the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == ["3", "5"]
    assert (folder / "sales.csv").read_bytes() == DATA


def test_a_disk_that_keeps_nothing_costs_only_the_going_on(folder: Path) -> None:
    private = folder.parent / "reports-private"
    private.mkdir()
    (private / "unfinished").write_text("a file where the folder should be")
    source = Scripted(until_row(3, reset()), the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == ["", ""]


@pytest.mark.parametrize(
    "change",
    [
        *({"ref": "2"}, {"params": (("a", "b"),)}, {"options": {"limit": 5}}, {"name": "other.csv"}),
        {"columns": (("name", "Name"),)},
    ],
)
def test_another_question_does_not_go_on_with_this_answer(folder: Path, change: dict[str, object]) -> None:
    bring(folder, until_row(3, AuthError("dead")))
    source = Scripted(the_rest)
    assert bring(folder, source, **change).status is Status.DONE
    assert source.points == [""]


def test_no_two_reports_of_a_run_have_the_same_place() -> None:
    window = Window("2026-11-20T00:00:00+01:00", "2026-11-21T00:00:00+01:00", "Europe/Berlin")
    changes: list[dict[str, object]] = [
        *({"source": "bi2"}, {"ref": "2"}, {"params": (("a", "1"),)}, {"options": {"a": 1}}, {"window": window}),
        *(
            {"format": "json"},
            {"columns": (("a", "b"),)},
            {"other_columns": "keep"},
            {"name": "b.csv"},
            {"folder": "/b"},
        ),
    ]
    reports = [REPORT, *(Report(**(REPORT.to_dict() | change)) for change in changes)]  # type: ignore[arg-type]
    assert len({key_of(report) for report in reports}) == len(reports)
    same = Report(**(REPORT.to_dict() | {"line": 7, "tags": ("daily",), "min_records": 5}))
    assert key_of(same) == key_of(REPORT)


def written(tmp_path: Path, data: bytes = b"abcdef", size: int = 6) -> tuple[Unfinished, Path]:
    source = tmp_path / "growing"
    source.write_bytes(data)
    unfinished = Unfinished(tmp_path / "kept" / "one")
    unfinished.save(source, Mark("p", size, "sum"))
    return unfinished, source


def test_only_what_is_final_is_kept_and_only_what_is_new_is_copied(tmp_path: Path) -> None:
    unfinished, source = written(tmp_path, b"abcdef", 4)
    assert (unfinished.load(), b"".join(unfinished.pieces(4))) == (Mark("p", 4, "sum"), b"abcd")
    source.write_bytes(b"----efgh")  # the beginning is not read again
    unfinished.save(source, Mark("q", 7, "sum2"))
    assert (unfinished.load(), b"".join(unfinished.pieces(7))) == (Mark("q", 7, "sum2"), b"abcdefg")


def test_what_is_older_than_a_day_is_not_gone_on_with_and_swept(tmp_path: Path) -> None:
    unfinished, _ = written(tmp_path)
    place = tmp_path / "kept" / "one"
    old = time.time() - FORGOTTEN_SECONDS - 60
    os.utime(place / "point.json", (old, old))
    assert unfinished.load() is None
    sweep_unfinished(tmp_path / "kept")
    assert place.exists()
    os.utime(place, (old, old))
    sweep_unfinished(tmp_path / "kept")
    assert not place.exists()
    sweep_unfinished(tmp_path / "nothing there")


def test_it_never_takes_more_than_half_of_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 89, 11))
    assert written(tmp_path)[0].load() is None
    assert not (tmp_path / "kept" / "one").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 88, 12))
    assert written(tmp_path)[0].load() is not None


def test_a_disk_that_is_full_gets_back_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished, source = written(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    unfinished.save(source, Mark("q", 6, "sum2"))
    assert not (tmp_path / "kept" / "one").exists()
