from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.demo import data
from sfr.demo.behaviours import Csv, Xls, Xlsx
from sfr.errors import DeliveryError, InvalidReport, ReportError, SfrError
from sfr.part_names import part_name
from sfr.staging import BUFFER_BYTES, StagedFile, sweep
from tests.surroundings import sha256
from tests.tables import pieces


def staged(folder: Path, format_name: str = "csv", limit_bytes: int = 1 << 30) -> StagedFile:
    return StagedFile(folder / ".a.part", format_name, limit_bytes, lambda _: None)


def check(folder: Path, format_name: str, content: bytes, limit_bytes: int = 1 << 30) -> str:
    """The reason why a whole file of that content is refused; "" when it is not."""
    file = staged(folder, format_name, limit_bytes)
    try:
        file.write(content)
        file.finish()
    except SfrError as error:
        return error.reason
    finally:
        file.discard()
    return ""


def test_what_is_written_is_counted_hashed_and_scanned(tmp_path: Path) -> None:
    content = Csv().data()
    told: list[int] = []
    file = StagedFile(tmp_path / ".a.part", "csv", 1 << 30, told.append)
    for piece in pieces(content, [1000, 1]):
        file.write(piece)
    facts = file.finish()
    file.finish_writing()
    assert facts is not None
    assert facts.records == 100
    assert (file.bytes, file.sha256, file.path.read_bytes()) == (len(content), sha256(content), content)
    assert told == sorted(told)
    assert told[-1] == len(content)


def test_what_is_appended_belongs_to_the_file_but_not_to_its_records(tmp_path: Path) -> None:
    file = staged(tmp_path)
    file.write(b'"a","b"\n"1","2"\n')
    facts = file.finish()
    file.append(b'\n\n"Report"\n')
    file.finish_writing()
    assert facts is not None
    assert facts.records == 1
    assert file.path.read_bytes() == b'"a","b"\n"1","2"\n\n\n"Report"\n'
    assert file.sha256 == sha256(file.path.read_bytes())


def test_more_bytes_than_the_limit_are_refused_with_a_remedy(tmp_path: Path) -> None:
    file = staged(tmp_path, limit_bytes=20)
    file.write(b'"a","b"\n"1","2"\n')
    with pytest.raises(ReportError, match="larger than") as caught:
        file.write(b'"3","4"\n')
    assert caught.value.reason == "too-large"
    assert "SFR_MAX_REPORT_MEGABYTES" in caught.value.remedy
    file.discard()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_is_a_delivery_error(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="gone"):
        staged(tmp_path / "gone")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_full_disk_is_named_however_late_it_shows(tmp_path: Path, size: int) -> None:
    file = staged(tmp_path, "xls")
    file._file.close()
    file._file = Path("/dev/full").open("wb", buffering=BUFFER_BYTES)  # noqa: SIM115  its path stays one that may be removed

    def write() -> None:
        file.write(b"x" * size)
        file.finish_writing()

    with pytest.raises(DeliveryError, match="the disk is full") as caught:
        write()
    assert caught.value.reason == "disk-full"
    file.discard()


def test_a_file_on_its_way_never_takes_the_place_of_another(tmp_path: Path) -> None:
    staged(tmp_path).close()
    with pytest.raises(DeliveryError):
        staged(tmp_path)


def test_a_whole_workbook_passes_and_a_cut_one_does_not(tmp_path: Path) -> None:
    xlsx, xls = Xlsx().body(), Xls().body()
    assert check(tmp_path, "xlsx", xlsx) == check(tmp_path, "xls", xls) == ""
    for length in range(0, len(xlsx), 7):
        assert check(tmp_path, "xlsx", xlsx[:length]) == "cut"
    for length in range(0, len(xls) - len(b"</table></body></html>"), 7):
        assert check(tmp_path, "xls", xls[:length]) == "cut"
    assert check(tmp_path, "xls", b"<html><body>Service unavailable</body></html>") == "web-page"
    assert check(tmp_path, "xls", b"<html>" + b" " * (BUFFER_BYTES - 9) + b"<TABLE></TABLE></html>") == ""


def test_no_single_damaged_byte_of_a_workbook_is_a_surprise(tmp_path: Path) -> None:
    content = Xlsx(rows=3).body()
    for place, byte in enumerate(content):
        damaged = content[:place] + bytes([byte ^ 8]) + content[place + 1 :]
        assert check(tmp_path, "xlsx", damaged, 1 << 40) in ("", "cut")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_workbook_is_refused_by_name_or_still_whole(tmp_path: Path, drawn: st.DataObject) -> None:
    """Some bytes of an archive, such as its times, mean nothing for its content."""
    content = bytearray(Xlsx(rows=3).body())
    for _ in range(drawn.draw(st.integers(1, 4))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    assert check(tmp_path, "xlsx", bytes(content), 1 << 40) in ("", "cut", "too-large")


def test_a_workbook_that_would_unfold_to_more_than_the_limit_is_not_unfolded(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(10_000_000))
    assert len(content.getvalue()) < 100_000
    assert check(tmp_path, "xlsx", content.getvalue(), limit_bytes=100_000) == "too-large"


def test_a_workbook_is_asked_for_again_as_often_as_needed(tmp_path: Path) -> None:
    file = staged(tmp_path, "xlsx")
    file.write(data.workbook([("a",)])[:-1])
    with pytest.raises(InvalidReport) as caught:
        file.finish()
    assert caught.value.max_attempts is None
    file.discard()


def test_the_sweep_takes_what_ended_runs_left_and_nothing_else(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    dead, living, mine = (part_name("a.csv", pid) for pid in (ended.pid, os.getppid(), os.getpid()))
    strangers = [".a.csv.part", ".b.part"]
    others = ["a.csv", ".a.csv", "a.csv.part", ".hidden"]
    for name in (dead, living, mine, *strangers, *others):
        (tmp_path / name).touch()
    assert sweep(tmp_path, ours=False) == 2
    assert {path.name for path in tmp_path.iterdir()} == {living, *strangers, *others}
    assert sweep(tmp_path, ours=True) == 2
    assert {path.name for path in tmp_path.iterdir()} == {living, *others}
