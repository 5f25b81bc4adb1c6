"""Checks the file that keeps a session between runs: whose it is, who may read it, and a disk that refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sfr.kept_sessions import KeptSession


def kept(folder: Path, name: str = "bi", account: str = "https://bi me") -> KeptSession:
    return KeptSession(folder, name, account)


def test_what_was_kept_is_there_in_the_next_run_and_can_be_forgotten(tmp_path: Path) -> None:
    assert kept(tmp_path).get() == ""
    kept(tmp_path).keep("first")
    kept(tmp_path).keep("the second ä")
    assert kept(tmp_path).get() == "the second ä"
    kept(tmp_path).keep("")
    kept(tmp_path).keep("")
    assert kept(tmp_path).get() == ""
    assert list((tmp_path / "sessions").iterdir()) == []


def test_another_source_server_or_user_has_another_session(tmp_path: Path) -> None:
    kept(tmp_path).keep("mine")
    assert kept(tmp_path, name="mb").get() == kept(tmp_path, account="https://bi you").get() == ""


@pytest.mark.skipif(os.name == "nt", reason="rights are those of the user's folder there")
def test_only_this_user_may_read_it_also_where_an_older_file_was_open(tmp_path: Path) -> None:
    kept(tmp_path).keep("old")
    (file,) = (tmp_path / "sessions").iterdir()
    file.chmod(0o644)
    kept(tmp_path).keep("new")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_the_name_of_the_file_tells_nothing_of_the_account(tmp_path: Path) -> None:
    kept(tmp_path, account="https://bi.example.com/me@example.com").keep("value")
    (file,) = (tmp_path / "sessions").iterdir()
    assert file.name.startswith("bi-")
    assert "example" not in file.name


def test_a_disk_that_refuses_costs_a_login_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file in the place of the folder")
    kept(tmp_path).keep("value")
    assert kept(tmp_path).get() == ""


def test_a_file_that_is_no_text_is_no_session(tmp_path: Path) -> None:
    kept(tmp_path).keep("value")
    (file,) = (tmp_path / "sessions").iterdir()
    file.write_bytes(b"\xff\xfe\x00")
    assert kept(tmp_path).get() == ""


def test_a_value_that_no_file_can_hold_is_not_kept(tmp_path: Path) -> None:
    kept(tmp_path).keep("half a \ud83d character")
    assert kept(tmp_path).get() == ""


def test_what_a_crash_left_half_written_is_in_nobodys_way(tmp_path: Path) -> None:
    kept(tmp_path).keep("old")
    (file,) = (tmp_path / "sessions").iterdir()
    file.with_suffix(f".{os.getpid()}.new").write_text("half")
    kept(tmp_path).keep("new")
    assert kept(tmp_path).get() == "new"
