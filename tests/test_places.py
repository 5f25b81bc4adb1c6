"""Where reports go: one absolute folder each, partial files of several runs side by side, and what is known there."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr import atomic, engine
from sfr.catalog import ListError, parse_reports, read_list, verify_reports
from sfr.demo.behaviours import Csv, NotFound
from sfr.demo.org import DemoOrg
from sfr.engine import Engine
from sfr.history import History
from sfr.history.rows import report_key
from sfr.model import Phase, Report, Status
from sfr.part_names import Writer, part_name, writer_of
from sfr.settings import Settings, default_settings
from sfr.staging import FORGOTTEN_SECONDS, sweep
from tests.command_line import MAIN, PATIENCE_SECONDS, Person, report_id
from tests.histories import good, queued, sqlite_url
from tests.surroundings import Room, download

NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
SALES = report_id(1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Names of files on their way


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), max_size=300))
def test_a_partial_name_fits_begins_with_a_dot_and_tells_whose_it_is(name: str) -> None:
    part = part_name(name, os.getpid())
    assert len(part.encode()) <= 255
    assert part.startswith(f".{name[:30]}")
    assert part.endswith(".part")
    assert part != part_name(name, os.getpid())
    assert (writer_of(part), writer_of(part_name(name, os.getppid()))) == (Writer.GONE, Writer.LIVES)


def test_a_partial_file_forgotten_for_a_day_goes_even_if_some_process_has_its_number(tmp_path: Path) -> None:
    fresh, forgotten, browsers = part_name("a.csv", os.getppid()), part_name("a.csv", os.getppid()), ".download.part"
    for name, age_seconds in ((fresh, FORGOTTEN_SECONDS / 2), (forgotten, FORGOTTEN_SECONDS * 2), (browsers, 1e6)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age_seconds,) * 2)
    assert sweep(tmp_path, ours=False) == 1
    assert {path.name for path in tmp_path.iterdir()} == {fresh, browsers}


def test_a_partial_file_of_another_machine_is_left_alone_in_a_folder_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: "another-machine")
        path = tmp_path / part_name("a.csv", os.getpid())
    path.touch()
    assert (sweep(tmp_path, ours=False), path.exists()) == (0, True)
    assert (sweep(tmp_path, ours=True), path.exists()) == (1, False)


@pytest.mark.slow
def test_two_runs_that_deliver_to_one_folder_leave_each_others_files_alone(tmp_path: Path) -> None:
    slow, quick = Csv(rows=300, silence_seconds=6.0), Csv(rows=20)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with DemoOrg({SALES: [slow, quick]}) as org:
        first, second = Person(tmp_path / "first", org.url), Person(tmp_path / "second", org.url)
        command = [*MAIN, "--report", f"sales,{SALES},{shelf}", "--json"]
        with subprocess.Popen(command, cwd=first.folder, env=first.environment, stdout=subprocess.PIPE) as process:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not org.count(SALES):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            (part,) = shelf.glob(".*.part")
            assert second.types("--report", f"sales,{SALES},{shelf}").code == 0
            assert part.exists()
            assert (shelf / "sales.csv").read_bytes() == quick.data()
            assert process.wait(PATIENCE_SECONDS) == 0
        assert org.count(SALES) == 2
    assert [(path.name, path.read_bytes()) for path in shelf.iterdir()] == [("sales.csv", slow.data())]


# Putting a file in its place


class Meddling(Room):
    """Something else does `meddle` with the partial file when all bytes of a report have come."""

    def __init__(self, folder: Path, meddle: Any) -> None:
        super().__init__()
        self._folder, self._meddle = folder, meddle

    def show(self, phase: Phase, attempt: int, note: str = "") -> None:
        if phase is Phase.FINISHING:
            self._meddle(next(self._folder.glob(".*.part")))


def _grow(part: Path) -> None:
    with part.open("ab") as file:
        file.write(b"x" * (1 << 20))


@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (_grow, "changed-on-disk"),
        pytest.param(
            Path.unlink, "not-writable", marks=pytest.mark.skipif(os.name == "nt", reason="an open file stays there")
        ),
    ],
)
def test_what_somebody_else_changed_on_the_disk_is_not_delivered(tmp_path: Path, meddle: Any, reason: str) -> None:
    (tmp_path / "sales.csv").write_bytes(b"yesterday")
    result = download(Csv(), tmp_path, Meddling(tmp_path, meddle))
    assert (result.outcome.status, result.outcome.reason) == (Status.FAILED, reason)
    assert (tmp_path / "sales.csv").read_bytes() == b"yesterday"


def test_a_file_that_is_held_for_a_moment_is_moved_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a virus scanner looks into every fresh file; this system has to play it."""
    held = iter([True, True, False])
    move = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if next(held):
            raise PermissionError(13, "held by a scanner")
        return move(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(atomic, "HELD_SECONDS", float(PATIENCE_SECONDS))
    atomic.write_text(tmp_path / "a.csv", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "new")]
    assert not list(held)


@pytest.mark.skipif(os.name != "nt", reason="only Windows refuses to replace an open file")
def test_on_windows_a_file_that_is_closed_soon_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    file = target.open()
    threading.Timer(0.5, file.close).start()
    atomic.write_text(target, "new")
    assert target.read_text() == "new"


def test_the_names_of_files_are_on_the_disk_before_the_history_calls_them_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(History(sqlite_url(tmp_path / "h.db"), owner="me")) as history:
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        seen: list[tuple[list[str], dict[Status, int]]] = []
        monkeypatch.setattr(engine, "sync_folders_of", lambda places: seen.append((list(places), history.counts("r1"))))
        nobody: Any = None
        pool: Any = SimpleNamespace(limits={"salesforce": 1})
        at_work = Engine(history, pool, nobody, nobody)
        outcome = good(job)
        at_work.unwritten[job.id] = outcome
        at_work._write()
        assert seen == [([outcome.location], {Status.RUNNING: 1})]
        assert history.counts("r1") == {Status.DONE: 1}


def test_each_folder_of_delivered_files_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)
    atomic.sync_folders_of([str(tmp_path / "a.csv"), "", str(tmp_path / "b.csv"), str(tmp_path / "deep" / "c.csv")])
    assert sorted(synced) == [tmp_path, tmp_path / "deep"]


# Which folder


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("", "output"),
        ("output", "output"),
        ("output/finance", "output/finance"),
        ("output/../output/./finance", "output/finance"),
        ("shelf", "shelf"),
        ("shelf/../shelf", "shelf"),
        ("link", "output"),
        ("link/finance", "output/finance"),
    ],
)
def test_every_report_has_an_absolute_folder_that_shows_whether_it_is_in_the_output(
    here: Path, path: str, folder: str
) -> None:
    (here / "output").mkdir()
    (here / "shelf").mkdir()
    if path.startswith("link"):
        _link(here / "link", here / "output")
    settings = default_settings(output=Path("output"))
    (here / "list.csv").write_text(f"name,id,path\nsales,{SALES},{path}\n")
    found = (
        read_list(Path("list.csv"), settings, NOW),
        parse_reports([f"sales,{SALES},{path}"], settings, NOW),
        verify_reports([Report("sales.csv", SALES, folder=path)], settings, NOW),
    )
    assert [report.folder for (report,) in found] == [str(here / folder)] * 3


def test_the_report_directory_may_be_a_new_folder_of_the_output(here: Path) -> None:
    settings = default_settings(output=Path("output"), report_directory=Path("output/finance"))
    (report,) = parse_reports([f"sales,{SALES}"], settings, NOW)
    assert report.folder == str(here / "output" / "finance")


def test_a_home_that_does_not_exist_is_a_wrong_folder_and_no_crash(here: Path) -> None:
    if os.name == "nt":
        pytest.skip("any name is believed to be a home there")
    with pytest.raises(ListError, match="column path"):
        parse_reports([f"sales,{SALES},~nobody-of-this-name/x"], default_settings(), NOW)


def _link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("this account may make no links")


def test_a_new_folder_of_the_output_written_relative_is_made(tmp_path: Path) -> None:
    with DemoOrg({SALES: Csv()}) as org:
        person = Person(tmp_path, org.url)
        person.writes_list(f"sales,{SALES},output/finance", f"deep,{SALES}")
        planned = person.types("--dry-run", REPORT_DIRECTORY="output/deep")
        assert str(Path("output", "finance")) in planned.stdout
        assert str(tmp_path) not in planned.stdout
        ended = person.types(REPORT_DIRECTORY="output/deep")
    assert ended.code == 0, ended.stdout + ended.stderr
    assert (person.output / "finance" / "sales.csv").read_bytes() == Csv().data()
    assert (person.output / "deep" / "deep.csv").read_bytes() == Csv().data()


# The same report


def _key(settings: Settings, row: str, now: datetime = NOW) -> str:
    (report,) = parse_reports([row], settings, now)
    return report_key(report)


@pytest.mark.parametrize(
    "other",
    [
        f"sales,{SALES},output/apac,pv0=EMEA",
        f"sales,{SALES},output/emea,pv0=APAC",
        f"deals,{SALES},output/emea,pv0=EMEA",
        f"sales,{report_id(2)},output/emea,pv0=EMEA",
        f"sales,https://acme.my.salesforce.com/{SALES}?pv1=x,output/emea,pv0=EMEA",
    ],
)
def test_reports_that_differ_in_name_id_folder_or_parameters_are_not_the_same(here: Path, other: str) -> None:
    settings = default_settings(output=Path("output"))
    assert _key(settings, f"sales,{SALES},output/emea,pv0=EMEA") != _key(settings, other)


def test_a_report_is_the_same_on_every_day_and_in_every_output(here: Path) -> None:
    row, tomorrow = f"sales_{{today}},{SALES},output/{{today}},pv0={{today}}", datetime(2026, 11, 22, tzinfo=UTC)
    first = _key(default_settings(output=Path("output")), row)
    assert first == _key(default_settings(output=Path("output")), row, tomorrow)
    plain = _key(default_settings(output=Path("output")), f"sales,{SALES}")
    assert plain == _key(default_settings(output=Path("elsewhere")), f"sales,{SALES}")


def test_reports_of_a_program_differ_by_folder_and_parameters_too(here: Path) -> None:
    def key(**wanted: Any) -> str:
        (report,) = verify_reports([Report("sales.csv", SALES, **wanted)], default_settings(), NOW)
        return report_key(report)

    assert key() == key()
    assert len({key(), key(folder="output/emea"), key(params=(("pv0", "x"),)), key(template="sales")}) == 4


# What is wished at --failed


def test_what_failed_is_fetched_for_excel_and_with_its_footer_when_that_is_asked_for_now(tmp_path: Path) -> None:
    with DemoOrg({SALES: [NotFound(), Csv()]}) as org:
        person = Person(tmp_path, org.url)
        person.writes_list(f"sales,{SALES}")
        assert person.types("--max-attempts", "1").code == 1
        again = person.types("--failed", "--excel", "--keep-footer")
    assert again.code == 0, again.stdout + again.stderr
    content = (person.output / "sales.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"Generated By" in content
