from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from sfr.conversion import FORMATS, Conversion, convert, packed
from sfr.errors import Cancelled, ConfigError, DeliveryError, InvalidReport
from tests.conversions import csv_of

ROWS = [["a", "b"], *[[str(number), os.urandom(40).hex()] for number in range(40_000)]]
FULL = Path("/dev/full")


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_bytes(csv_of(ROWS))
    return path


def wanted(format_name: str, **more: Any) -> Conversion:
    return Conversion(format_name, **{"records": len(ROWS) - 1, **more})


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_full_disk_is_a_delivery_error_and_leaves_nothing(
    source: Path, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real end of a small disk: /dev/full takes what is held back in memory, and refuses when that is written."""
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    target = source.with_name("out")
    opened = Path.open

    def open_full(path: Path, mode: str = "r", *more: Any) -> IO[Any]:
        file = opened(path, mode, *more)
        if "x" in mode:
            os.dup2(os.open(FULL, os.O_RDWR), file.fileno())
        return file

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DeliveryError, match="the disk is full") as caught:
        convert(source, target, wanted(format_name), lambda _bytes: None)
    assert caught.value.reason == "disk-full"
    assert [path.name for path in source.parent.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_whoever_stops_the_run_stops_a_conversion_and_nothing_is_left(source: Path, format_name: str) -> None:
    told: list[int] = []

    def stop(read_bytes: int) -> None:
        told.append(read_bytes)
        if len(told) == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert(source, source.with_name("out"), wanted(format_name), stop)
    assert told == sorted(told)
    assert told[-1] <= source.stat().st_size
    assert [path.name for path in source.parent.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_there_already_is_never_written_over(source: Path, format_name: str) -> None:
    target = source.with_name("out")
    target.write_bytes(b"mine")
    with pytest.raises(DeliveryError, match="File exists"):
        convert(source, target, wanted(format_name), lambda _bytes: None)
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize("format_name", ["parquet", "xlsx", "jsonl"])
@pytest.mark.parametrize("records", [len(ROWS) - 2, len(ROWS)])
def test_another_number_of_records_than_was_proven_is_refused(source: Path, format_name: str, records: int) -> None:
    with pytest.raises(InvalidReport, match=f"40,000 records were read where {records:,} are proven") as caught:
        convert(source, source.with_name("out"), wanted(format_name, records=records), lambda _bytes: None)
    assert (caught.value.reason, caught.value.max_attempts) == ("count", 1)
    assert not source.with_name("out").exists()


def test_another_number_of_columns_than_was_proven_is_refused(source: Path) -> None:
    with pytest.raises(InvalidReport, match="its header has 2 columns, and 3 were proven"):
        convert(source, source.with_name("out"), wanted("jsonl", columns=("a", "b", "c")), lambda _bytes: None)


@pytest.mark.parametrize(
    ("format_name", "package", "extra"), [("parquet", "pyarrow", "parquet"), ("csv.zst", "zstandard", "zstd")]
)
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(
    source: Path, format_name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f"the format {format_name} needs the package {package}") as caught:
        convert(source, source.with_name("out"), wanted(format_name), lambda _bytes: None)
    assert caught.value.remedy == f'Install it: python -m pip install "sfr[{extra}]"'
    assert not source.with_name("out").exists()


@pytest.mark.parametrize("format_name", ["csv", "csv.gz", "csv.zst"])
def test_a_file_that_a_disk_has_damaged_is_noticed(
    source: Path, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "_unpacking", lambda _file, _format: io.BytesIO(b"a,b\n"))
    with pytest.raises(DeliveryError, match="reads otherwise") as caught:
        convert(source, source.with_name("out"), wanted(format_name), lambda _bytes: None)
    assert (caught.value.reason, caught.value.max_attempts) == ("damaged", 3)
    assert not source.with_name("out").exists()


def test_a_source_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError):
        convert(tmp_path / "missing.csv", tmp_path / "out", Conversion("jsonl"), lambda _bytes: None)
    assert not list(tmp_path.iterdir())


PEAK = """
import re, sys
from pathlib import Path
from sfr.conversion import Conversion, convert
source, format_name, types = Path(sys.argv[1]), sys.argv[2], (("a", "int"),)
convert(source, source.with_name("out." + format_name), Conversion(format_name, types=types), lambda _bytes: None)
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak_mebibytes(folder: Path, format_name: str, records: int) -> float:
    """What a process needs at most to convert so many records."""
    source = folder / f"{records}.csv"
    with source.open("wb") as file:
        file.write(b"a,b\n")
        for number in range(records):
            file.write(b'%d,"a text, with ""quotes"" %d"\n' % (number, number))
    command = [sys.executable, "-c", PEAK, str(source), format_name]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    source.with_name(f"out.{format_name}").unlink()
    return int(finished.stdout) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the proc file system of Linux")
@pytest.mark.parametrize("format_name", FORMATS)
def test_memory_does_not_depend_on_the_number_of_records(tmp_path: Path, format_name: str) -> None:
    few = 1_000_000 if format_name == "parquet" else 100_000
    peaks = [peak_mebibytes(tmp_path, format_name, records) for records in (few, 4 * few)]
    assert peaks[1] < peaks[0] * 1.25
    assert peaks[1] < (300 if format_name == "parquet" else 50)
