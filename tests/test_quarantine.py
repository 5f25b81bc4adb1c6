from __future__ import annotations

import logging
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfr.quarantine import keep_aside
from sfr.redaction import remember_secret

CONTENT = b"a,b\n1,2\n"


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / ".sales.csv.part"
    path.write_bytes(CONTENT)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_refused_file_is_moved_and_its_reason_lies_beside_it(tmp_path: Path, staged: Path) -> None:
    folder = tmp_path / "output" / "quarantine" / "r1"
    place = keep_aside(folder, staged, "sales.csv", "3 records came, the list wants at least 10")
    assert place == folder / "sales.csv"
    assert place.read_bytes() == CONTENT
    assert not staged.exists()
    assert names_in(folder) == ["sales.csv", "sales.csv.why.txt"]
    assert (folder / "sales.csv.why.txt").read_text() == "3 records came, the list wants at least 10\n"


def test_nothing_there_is_overwritten(tmp_path: Path, staged: Path) -> None:
    folder = tmp_path / "r1"
    for number in range(3):
        staged.write_bytes(str(number).encode())
        keep_aside(folder, staged, "sales.csv", f"why {number}")
    assert names_in(folder) == [
        "sales.2.csv",
        "sales.2.csv.why.txt",
        "sales.3.csv",
        "sales.3.csv.why.txt",
        "sales.csv",
        "sales.csv.why.txt",
    ]
    assert (folder / "sales.3.csv").read_bytes() == b"2"
    assert (folder / "sales.3.csv.why.txt").read_text() == "why 2\n"


def test_a_file_without_its_reason_is_not_overwritten_either(tmp_path: Path, staged: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(b"old")
    assert keep_aside(tmp_path, staged, "sales.csv", "why") == tmp_path / "sales.2.csv"
    assert (tmp_path / "sales.csv").read_bytes() == b"old"


def test_the_reason_holds_no_secret(tmp_path: Path, staged: Path) -> None:
    remember_secret("hunter22-of-the-quarantine")
    place = keep_aside(tmp_path / "r", staged, "a.csv", "refused: hunter22-of-the-quarantine \udc80")
    assert place is not None
    assert place.with_name("a.csv.why.txt").read_text() == "refused: [secret] ?\n"


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/outside.csv", "ä" * 300 + ".csv", ".csv"])
def test_no_name_leads_outside_or_is_too_long(tmp_path: Path, staged: Path, name: str) -> None:
    place = keep_aside(tmp_path / "r", staged, name, "why")
    assert place is not None
    assert place.parent == tmp_path / "r"
    assert place.read_bytes() == CONTENT


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    there = memory.is_dir() and memory.stat().st_dev != tmp_path.stat().st_dev
    if not there:
        pytest.skip("there is no second disk here")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


def test_across_disks_it_is_copied(other_disk: Path, staged: Path) -> None:
    assert keep_aside(other_disk, staged, "sales.csv", "why") == other_disk / "sales.csv"
    assert (other_disk / "sales.csv").read_bytes() == CONTENT
    assert names_in(other_disk) == ["sales.csv", "sales.csv.why.txt"]
    assert not staged.exists()


def test_a_disk_that_is_full_leaves_no_half_file(other_disk: Path, staged: Path) -> None:
    """A limit on the size of files is the full disk that needs no privileges."""
    resource: Any = pytest.importorskip("resource")
    staged.write_bytes(b"x" * 100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        assert keep_aside(other_disk, staged, "sales.csv", "why") is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names_in(other_disk) == []
    assert staged.stat().st_size == 100_000


def test_where_it_cannot_be_kept_the_log_says_so_and_the_file_stays(
    tmp_path: Path, staged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "r").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert keep_aside(tmp_path / "r", staged, "sales.csv", "why") is None
    assert "sales.csv could not be kept aside" in caplog.text
    assert staged.read_bytes() == CONTENT


def test_a_file_that_is_gone_leaves_nothing_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert keep_aside(tmp_path / "r", tmp_path / "gone", "sales.csv", "why") is None
    assert names_in(tmp_path / "r") == []
