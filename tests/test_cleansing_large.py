"""Files that memory does not hold: sorted parts and digests on the disk give what a list in memory would."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr import repeats
from sfr.cleansing import cleanse, sorting
from sfr.errors import DeliveryError
from sfr.model import Report, Shape
from sfr.repeats import Repeats
from tests.cleansing import LOG, facts_of, run

ROOT = Path(__file__).parents[1]


def table(rows: list[tuple[int, str]]) -> str:
    return "number,text\n" + "".join(f'{number},"{text}"\n' for number, text in rows)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "MOST_BYTES_IN_MEMORY", 20_000)
    monkeypatch.setattr(sorting, "MOST_PARTS_AT_ONCE", 3)
    monkeypatch.setattr("sfr.csv_records.BLOCK_BYTES", 4096)
    monkeypatch.setattr(repeats, "MOST_IN_MEMORY", 50)


def many(count: int) -> list[tuple[int, str]]:
    chance = random.Random(7)
    return [(chance.randrange(300), f"{number}\n") for number in range(count)]


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("descending", [False, True])
def test_sorted_in_many_parts_equal_records_stay_in_their_order(tmp_path: Path, descending: bool) -> None:
    rows = many(5000)
    step = ("sort", [{"column": "number", "as": "integer", "descending": descending}])
    found = run(tmp_path, table(rows), step)
    assert found.path.read_text() == table(sorted(rows, key=lambda row: row[0], reverse=descending))


@pytest.mark.usefixtures("little_memory")
def test_the_first_of_equal_records_stays_where_it_was(tmp_path: Path) -> None:
    rows = many(5000)
    firsts = list({number: (number, text) for number, text in reversed(rows)}.values())
    wanted = sorted(firsts, key=rows.index)
    found = run(tmp_path, table(rows), ("dedupe", ["number"]))
    assert found.path.read_text() == table(wanted)
    assert found.warnings == (f"step 1 (dedupe): {5000 - len(wanted):,} of 5,000 records left out",)


@pytest.mark.usefixtures("little_memory")
def test_misfits_are_counted_once_however_often_records_are_merged(tmp_path: Path) -> None:
    content = "a,b\n" + "x,1\n2,1\n" * 1000
    found = run(tmp_path, content, ("sort", [{"column": "a", "as": "integer"}]), misfits="keep")
    assert found.warnings == ("step 1 (sort): taken for missing in 'a', since they are no integer: 1,000 values",)


@given(
    keys=st.lists(st.binary(min_size=1, max_size=2), max_size=60),
    most=st.integers(0, 20),
    cut=st.integers(1, 10),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_came_before_is_known_in_memory_and_on_the_disk(
    tmp_path: Path, keys: list[bytes], most: int, cut: int
) -> None:
    digests = [key.ljust(repeats.DIGEST_BYTES) for key in keys]
    told: list[int] = []
    with Repeats(tmp_path, most) as asked:
        for begin in range(0, len(digests), cut):
            told.extend(asked.news(digests[begin : begin + cut]) or [])
        told.extend(asked.late_news())
    assert [bool(each) for each in told] == [key not in keys[:place] for place, key in enumerate(keys)]


PROGRAM = """
import logging, resource, sys
from pathlib import Path
from sfr.cleansing import cleanse
from sfr.csv_scan import CsvFacts
from sfr.model import Report, Shape

folder, records, name, value = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4].split()
limit = int(sys.argv[5]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
report = Report("a.csv", "x", shape=Shape(steps=((name, value),)))
facts = CsvFacts(("id", "text"), records, ",")
found = cleanse(folder / "source.csv", folder / "target.csv", report, facts, None, lambda _: None, logging.getLogger())
print(found.facts.records)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
@pytest.mark.parametrize("step", [("sort", "-id"), ("dedupe", "id"), ("drop", "text")])
def test_two_million_records_need_little_memory(tmp_path: Path, step: tuple[str, str]) -> None:
    records = 2_000_000
    with (tmp_path / "source.csv").open("w") as file:
        file.write("id,text\n")
        file.writelines(f"{number * 7919 % records},some text of a record\n" for number in range(records))
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(records), *step, "300"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (finished.stdout.strip(), finished.stderr) == (f"{records}", "")


KILLED = """
import logging, os, signal, sys
from pathlib import Path
from sfr.cleansing import cleanse, sorting
from sfr.csv_scan import CsvFacts
from sfr.model import Report, Shape

sorting.MOST_BYTES_IN_MEMORY = 100_000
folder = Path(sys.argv[1])
report = Report("a.csv", "x", shape=Shape(steps=(("sort", ["number"]),)))
end = (folder / "source.csv").stat().st_size

def killed_at_the_end(read_bytes):
    if read_bytes == end:
        files = [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")[:-1]]
        print(sum(name.endswith("(deleted)") for name in files), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

facts = CsvFacts(("number", "text"), 50_000, ",")
cleanse(folder / "source.csv", folder / ".target.part", report, facts, None, killed_at_the_end, logging.getLogger())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name, as Linux has them")
def test_a_process_that_is_killed_leaves_nothing_but_its_partial_file(tmp_path: Path) -> None:
    (tmp_path / "source.csv").write_text(table(many(50_000)))
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (-9, "")
    assert int(finished.stdout) > 0  # parts were on the disk
    assert {path.name for path in tmp_path.iterdir()} == {"source.csv", ".target.part"}


def test_a_disk_that_is_full_while_sorting_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the size of files is the full disk that needs no privileges."""
    resource: Any = pytest.importorskip("resource")
    import signal

    monkeypatch.setattr(sorting, "MOST_BYTES_IN_MEMORY", 1_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    content = table(many(50_000))
    source, target = tmp_path / "source.csv", tmp_path / "target.csv"
    source.write_text(content)
    report, facts = Report("a.csv", "x", shape=Shape(steps=(("sort", ["number"]),))), facts_of(source)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) // 20, before[1]))
    try:
        with pytest.raises(DeliveryError):
            cleanse(source, target, report, facts, None, lambda _: None, LOG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["source.csv"]
