from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from sfr.model import Result, Status
from sfr.summary import print_summary, write_final_csv, write_manifest
from tests import runs
from tests.services import require


def printed(
    results: list[Result], width: int = 80, encoding: str = "utf-8", files: dict[str, Path] | None = None
) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    print_summary(runs.run(), results, Console(file=stream, width=width), files=files)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def mixed() -> list[Result]:
    return [
        runs.result(1, "sales.csv"),
        runs.result(
            2, runs.NAMES[2], Status.FAILED, error="no permission", remedy="Ask its owner.", reason="no-permission"
        ),
        runs.result(3, runs.NAMES[1], Status.UNVERIFIED, error="no footer came", remedy="Compare the record count."),
        runs.retried(4, 7, name="cases.csv", warnings=("columns changed: + Region",)),
        runs.result(5, "late.csv", Status.SKIPPED, attempts=(), started_at=None, finished_at=None),
    ]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_each_report_has_one_row_with_its_whole_id(width: int) -> None:
    text = printed(mixed(), width)
    assert max(map(cell_len, text.splitlines())) <= width
    for result in mixed():
        rows = [line for line in text.splitlines() if result.job.report.ref in line]
        assert len(rows) == 1
        assert result.outcome.status in rows[0]


def test_a_wide_terminal_shows_every_column() -> None:
    heading = printed(mixed(), 140).splitlines()[0]
    assert heading.split() == ["name", "id", "status", "tries", "records", "size", "MB/s", "time", "remark"]
    row = printed(mixed(), 140).splitlines()[2]
    assert row.split() == [
        "sales.csv",
        "00O000000000000001",
        "✓",
        "done",
        "1",
        "12,345",
        "12.0",
        "MB",
        "4.0",
        "4.2",
        "s",
    ]


def test_each_failure_tells_its_name_reason_and_remedy_then_how_to_fetch_the_rest() -> None:
    text = printed(mixed(), 140, files={"page": Path("output") / "summary.html"})
    tail = text.split("✗ failed  ")[-1]
    assert tail.startswith("pipeline_xxxx")
    assert tail.splitlines()[0].endswith("xxxx_end.csv")
    assert "\n  no permission\n  → Ask its owner.\n" in tail
    assert "– skipped  late.csv\n  not tried\n" in tail
    assert "! cases.csv  columns changed: + Region" in tail
    assert "python main.py --failed" in tail
    assert f"page: {Path('output') / 'summary.html'}" in tail


def test_the_totals_count_every_status_and_what_came() -> None:
    text = printed(mixed(), 140)
    assert re.search(r"✓ 2 done +\? 1 unverified +✗ 1 failed +– 1 skipped", text)
    assert "37,035 records · 36.0 MB · 1 min 00 s · 600 kB/s" in text


def test_a_run_without_faults_does_not_mention_a_rerun() -> None:
    assert "--failed" not in printed(runs.many(3))


def test_many_failures_with_one_reason_are_told_once() -> None:
    skipped = [runs.result(n, f"r{n}.csv", Status.SKIPPED, error="the session ended") for n in range(1, 31)]
    text = printed(skipped, 80)
    assert text.count("\n  the session ended") == 1
    assert "and 20 more" in text


def test_a_long_list_shows_what_is_not_done_and_the_ten_slowest() -> None:
    results = runs.many(200, ["a.csv"])
    results[100] = runs.result(101, "broken.csv", Status.FAILED, error="not found")
    results[150] = runs.result(151, "slow.csv", finished_at=runs.START + 50)
    text = printed(results, 140)
    rows = [line for line in text.splitlines() if "00O0000" in line]
    assert len(rows) == 11
    assert any("broken.csv" in row for row in rows)
    assert any("slow.csv" in row for row in rows)
    assert "189 more are done" in text


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii"])
def test_an_old_console_shows_the_same_summary_in_its_characters(encoding: str) -> None:
    assert "00O000000000000003" in printed(mixed(), 80, encoding)


@given(st.text(max_size=150), st.text(max_size=60), st.integers(60, 160))
def test_no_name_breaks_the_table(name: str, error: str, width: int) -> None:
    text = printed([runs.result(1, name, Status.FAILED, error=error), runs.result(2)], width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "\x1b" not in text


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_final_csv_keeps_the_columns_and_formats_people_parse(tmp_path: Path) -> None:
    path = tmp_path / "made" / "final.csv"
    write_final_csv(runs.run(), mixed(), path, "Europe/Berlin")
    assert path.read_bytes().startswith(
        b"file_name,report_id,type,valid,created_date,pull_date,processing_time,attempt_count,file_size,status,records,"
    )
    rows = table(path)
    first = rows[0]
    assert [first["file_name"], first["report_id"], first["type"]] == ["sales", "00O000000000000001", "report"]
    started = datetime.strptime(first["created_date"], "%Y-%m-%d %H:%M:%S.%f")
    ended = datetime.strptime(first["pull_date"], "%Y-%m-%d %H:%M:%S.%f")
    assert started == datetime(2026, 11, 24, 7, 0, 1)
    assert ended - started == timedelta(seconds=4.2)
    assert first["processing_time"] == str(timedelta(seconds=4.2))
    assert (first["attempt_count"], first["file_size"], first["bytes"]) == ("1", "11.4", "12000000")
    assert [row["valid"] for row in rows] == ["True", "False", "False", "True", "False"]
    assert [row["status"] for row in rows] == ["done", "failed", "unverified", "done", "skipped"]
    assert rows[4]["created_date"] == "2026-11-24 07:00:00.000000"
    assert (rows[4]["processing_time"], rows[4]["records"], rows[4]["columns"]) == ("0:00:00", "", "")


def test_the_final_csv_runs_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    results = [runs.result(1, "=1+1.csv", Status.FAILED, error='=HYPERLINK("http://x")', remedy="@x", reason="-x")]
    write_final_csv(runs.run(), results, tmp_path / "a.csv", "UTC")
    row = table(tmp_path / "a.csv")[0]
    assert [row[name] for name in ("file_name", "error", "remedy", "reason")] == [
        "'=1+1", "'=HYPERLINK(\"http://x\")", "'@x", "'-x",
    ]  # fmt: skip


@given(name=st.text(), error=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_every_text_survives_the_final_csv(tmp_path: Path, name: str, error: str) -> None:
    write_final_csv(runs.run(), [runs.result(1, name, error=error)], tmp_path / "a.csv", "UTC")
    row = table(tmp_path / "a.csv")[0]
    assert row["file_name"].removeprefix("'") == name.removesuffix(".csv").removeprefix("'")
    assert row["error"].removeprefix("'") == error.removeprefix("'")
    assert row["run_id"] == runs.run().id


def kept(number: int, file: Path, content: bytes) -> Result:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return runs.result(number, file.name, location=str(file), sha256=hashlib.sha256(content).hexdigest())


def verified(manifest: Path) -> subprocess.CompletedProcess[str]:
    require(shutil.which("sha256sum") is not None, "sha256sum")
    command = ["sha256sum", "--strict", "-c", manifest.name]
    return subprocess.run(command, cwd=manifest.parent, capture_output=True, text=True, check=False)


def test_sha256sum_accepts_the_manifest_and_finds_a_changed_file(tmp_path: Path) -> None:
    results = [
        kept(1, tmp_path / "output" / "a.csv", b"one"),
        kept(2, tmp_path / "output" / "deep er" / "账户 -é.csv", b"two"),
        kept(3, tmp_path / "elsewhere" / "-c.csv", b"three"),
        runs.result(4, status=Status.FAILED),
        runs.result(5, location="s3://bucket/key.csv", sha256="0" * 64),
    ]
    manifest = tmp_path / "output" / "manifest.sha256"
    write_manifest(results, manifest)
    assert len(manifest.read_text(encoding="utf-8").splitlines()) == 3
    assert verified(manifest).returncode == 0
    (tmp_path / "output" / "a.csv").write_bytes(b"other")
    assert "a.csv: FAILED" in verified(manifest).stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40), min_size=1
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_sha256sum_accepts_every_name_a_file_can_have(tmp_path: Path, names: list[str]) -> None:
    folder = Path(os.path.realpath(tmp_path)) / str(abs(hash(tuple(names))))
    results = [kept(number, folder / f"x{name}\\\n", name.encode()) for number, name in enumerate(names)]
    write_manifest(results, tmp_path / "m")
    done = verified(tmp_path / "m")
    assert done.returncode == 0, done.stderr
