from __future__ import annotations

import os
from pathlib import Path

import pytest

from sfr import atomic
from sfr.errors import DeliveryError


def test_a_text_replaces_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "a.csv"
    atomic.write_text(target, "old")
    atomic.write_text(target, "a\r\nb\n账户")
    assert target.read_bytes() == "a\r\nb\n账户".encode()
    assert [path.name for path in target.parent.iterdir()] == ["a.csv"]


def test_an_error_in_the_middle_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(ValueError), atomic.replacing(target) as file:
        file.write(b"half" + bytes([256]))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_while_it_is_written_the_new_file_is_a_part_file(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "a.csv"):
        assert [path.suffix for path in tmp_path.iterdir()] == [".part"]


def test_a_folder_in_the_way_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(DeliveryError, match=r"a\.csv") as caught:
        atomic.write_text(tmp_path / "a.csv", "x")
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_full_disk_is_called_a_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as file:
        file.write(b"x")
    assert atomic.delivery_error(Path("a.csv"), caught.value).reason == "disk-full"


@pytest.mark.skipif(os.name != "nt", reason="only Windows refuses to replace an open file")
def test_a_file_that_excel_holds_open_gives_the_remedy_to_close_it(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    with target.open(), pytest.raises(DeliveryError) as caught:
        atomic.write_text(target, "new")
    assert "Close it" in caught.value.remedy
