"""The words of the command line: advice for wrong ones, help, the version, schedules to look at, the demonstration."""

from __future__ import annotations

from pathlib import Path

import pytest

import sfr
from sfr.cli import run_command_line
from tests.command_line import MODULE, Person


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "desk")


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (["--dryrun"], "--dry-run"),
        (["--onyl", "x"], "--only"),
        (["histroy"], "history"),
        (["demo", "--fault"], "--faults"),
        (["--concurrency", "many"], "not a valid integer"),
        (["--concurrency", "0"], "greater than or equal to 1"),
        (["--deadline", "soon"], "2h"),
        (["--browser", "netscape"], "edge"),
        (["--failed", "input/sfdc_reports.csv"], "only one of them"),
        (["--unverified"], "--failed"),
        (["history", "--limit", "0"], "--limit"),
        (["schedule"], "--daily"),
        (["schedule", "--daily", "25:00", "--print"], "25:00"),
        (["check", "--domain", "http://acme.my.salesforce.com"], "https"),
    ],
)
def test_a_wrong_word_is_answered_with_advice_and_exit_code_2(
    typed: list[str], advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command_line(typed) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert advice in told.err
    assert not list(tmp_path.iterdir())


def test_a_missing_list_is_answered_with_what_to_do_first(person: Person) -> None:
    ended = person.types("missing.csv")
    assert (ended.code, ended.stdout) == (2, "")
    assert "the list missing.csv does not exist" in ended.stderr
    assert "python main.py demo" in ended.stderr


@pytest.mark.parametrize("command", ["run", "check", "login", "logout", "history", "schedule", "demo", ""])
def test_help_fits_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command_line([*filter(None, [command]), "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_help_names_the_program_as_it_was_typed(person: Person) -> None:
    helped = person.types("--help").stdout
    assert helped.startswith("Usage: python main.py ")
    assert "  python main.py demo  " in helped
    assert "python -m sfr" in person.types("--help", program=MODULE).stdout


def test_the_version_is_told_without_an_installation(person: Person) -> None:
    assert person.types("--version").stdout == f"sfr {sfr.__version__}\n"


@pytest.mark.parametrize("kind", ["windows", "launchd", "systemd", "cron"])
def test_a_schedule_can_be_looked_at_first(person: Person, kind: str) -> None:
    ended = person.types("schedule", "--daily", "07:00", "--weekdays", "--failed", "--with", kind, "--print")
    assert ended.code == 0, ended.stderr
    assert "--failed" in ended.stdout
    assert not (person.folder / "home" / ".config").exists()


@pytest.mark.slow
def test_the_demonstration_brings_every_report_whatever_this_machine_is_set_to(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    hostile = {
        "SFR_CONCURRENCY": "junk",
        "FINAL_REPORT_PATH": "mine.csv",
        "SFR_DATABASE_URL": "junk",
        "SFR_SID": "junk",
    }
    ended = person.types("demo", HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9", **hostile)
    assert ended.code == 0, ended.stdout + ended.stderr
    assert "8 done" in ended.stdout
    assert len(person.files()) == 8
    assert not (person.folder / "mine.csv").exists()


@pytest.mark.slow
def test_the_demonstration_of_faults_says_why_for_each(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    ended = person.types("demo", "--faults", "--output", "shown here")
    assert ended.code == 1, ended.stdout + ended.stderr
    assert "8 done   ✗ 6 failed" in ended.stdout
    assert "--failed" not in ended.stdout.replace("again with --failed", "")
    assert len(list((person.folder / "shown here").glob("*.csv"))) == 8
