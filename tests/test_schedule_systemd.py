"""The systemd units, checked by systemd itself and run by a manager of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from sfr.errors import ConfigError
from sfr.schedule.plan import Schedule, command
from sfr.schedule.systemd import Systemd, exec_start, service_unit, timer_unit, word
from tests.services import require
from tests.test_schedule import SAMPLE, made
from tests.test_schedule_cron import AWKWARD, NAMES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is a Linux program")

PRINTS_WHAT_IT_GETS = "import json, os, sys; print(json.dumps([sys.argv, os.getcwd(), os.environ['PATH']]))"

# A private /run makes systemd believe that the machine was booted by it, and gives it a bus of its own; whatever it
# starts is in a process namespace that ends with the shell.
START_MANAGER = """
mount -t tmpfs none /run && mkdir -p -m 700 /run/systemd/system "$XDG_RUNTIME_DIR"
/lib/systemd/systemd --user --log-level=warning
exit
"""
UNSHARE = ("unshare", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child")


def first_child(pid: int) -> str:
    deadline = clock.monotonic() + 20
    while not (children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        assert clock.monotonic() < deadline, "the process namespace did not start"
        clock.sleep(0.01)
    return children[0]


@pytest.fixture(scope="module")
def manager() -> Iterator[Systemd]:
    """A systemd user manager that nobody else sees, with its own home folder."""
    require(Path("/lib/systemd/systemd").exists(), "systemd (apt package systemd)")
    require(os.geteuid() == 0, "root, to give a systemd manager a /run of its own")
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": f"/run/user/{os.geteuid()}"}
        process = subprocess.Popen((*UNSHARE, "/bin/sh", "-c", START_MANAGER), env=environment)
        enter = ("nsenter", "--target", first_child(process.pid), "--mount", "--pid", "env", "-i")
        variables = [f"{name}={value}" for name, value in environment.items()]
        systemd = Systemd((*enter, *variables, "systemctl", "--user"), Path(home, ".config", "systemd", "user"))
        try:
            deadline = clock.monotonic() + 20
            while not systemd.running():
                assert process.poll() is None, "the systemd manager did not start"
                assert clock.monotonic() < deadline, "the systemd manager does not answer"
                clock.sleep(0.05)
            yield systemd
        finally:
            process.kill()
            process.wait(20)


def start(systemd: Systemd, schedule: Schedule) -> None:
    subprocess.run((*systemd.systemctl, "start", f"sfr-{schedule.name}.service"), check=False, capture_output=True)


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze (apt package systemd)")
    schedule = made(tmp_path, arguments=("--report", 'a "b" %h $HOME'), weekdays_only=True)
    (tmp_path / "sfr-daily.timer").write_text(timer_unit(schedule))
    (tmp_path / "sfr-daily.service").write_text(service_unit(schedule))
    checked = subprocess.run(
        ("systemd-analyze", "--user", "verify", "sfr-daily.timer", "sfr-daily.service"),
        cwd=tmp_path,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "sfr-daily" not in checked.stderr
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("weekdays_only", "form"), [(True, "Mon..Fri *-*-* 07:00:00"), (False, "*-*-* 07:00:00")])
def test_systemd_reads_the_calendar_as_it_is_meant(weekdays_only: bool, form: str) -> None:
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze (apt package systemd)")
    unit = timer_unit(replace(SAMPLE, weekdays_only=weekdays_only))
    (calendar,) = (line.removeprefix("OnCalendar=") for line in unit.splitlines() if line.startswith("OnCalendar="))
    read = subprocess.run(("systemd-analyze", "calendar", calendar), capture_output=True, text=True, check=True)
    assert f"Normalized form: {form}\n" in read.stdout


def test_a_missed_start_is_caught_up_and_a_long_run_is_not_killed() -> None:
    assert "Persistent=true" in timer_unit(SAMPLE)
    assert "Type=oneshot" in service_unit(SAMPLE)
    assert "Timeout" not in service_unit(SAMPLE)


def test_words_are_quoted_only_where_they_must_be() -> None:
    assert word("/usr/bin/python3") == "/usr/bin/python3"
    assert word('50% of "a\\b"') == '"50%% of \\"a\\\\b\\""'
    assert word("") == '""'
    assert exec_start(("/bin/x", "$HOME", ";")) == '/bin/x "$$HOME" ";"'


def test_a_program_with_a_dollar_is_refused_since_systemd_would_name_it_wrongly() -> None:
    with pytest.raises(ConfigError, match=r"\$"):
        service_unit(replace(SAMPLE, python=Path("/opt/$x/python")))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(folder=NAMES, argument=AWKWARD, search_path=NAMES)
@example(folder="blank at the end ", argument="a\\", search_path="b\\n\\")
@example(folder="backslash\\", argument=";", search_path="$PATH:${PATH}:%h")
def test_systemd_runs_exactly_the_intended_command(
    manager: Systemd, folder: str, argument: str, search_path: str
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / folder
        directory.mkdir()
        schedule = made(directory, arguments=("--report", argument), search_path=search_path)
        assert schedule.program is not None
        schedule.program.write_text(PRINTS_WHAT_IT_GETS)
        manager.install(schedule)
        start(manager, schedule)
        argv, started_in, path = json.loads(schedule.log.read_text())
        assert tuple(argv) == command(schedule)[1:]
        assert Path(started_in) == directory
        assert path == search_path


@pytest.mark.slow
def test_timers_are_installed_listed_replaced_and_removed(manager: Systemd, tmp_path: Path) -> None:
    schedule = made(tmp_path, log=tmp_path / "new" / "s.log", name="one")
    assert schedule.program is not None
    schedule.program.write_text("print('hello'); raise SystemExit(3)")
    manager.install(schedule)
    manager.install(replace(schedule, name="two", at=time(12), weekdays_only=True))
    manager.install(replace(schedule, at=time(8, 30)))
    start(manager, schedule)
    one, two = (found for found in manager.list() if found.name in {"one", "two"})
    assert (one.when, two.when) == ("every day at 08:30", "Monday to Friday at 12:00")
    assert "08:30:00" in (one.next_run or "")
    assert (one.last_result or "").startswith("exit code 3 (")
    assert two.last_result is None
    assert schedule.log.read_text() == "hello\n"
    manager.remove("one")
    manager.remove("two")
    assert not {"one", "two"} & {found.name for found in manager.list()}
    assert manager.folder is not None
    assert not list(manager.folder.rglob("sfr-one*"))
    with pytest.raises(ConfigError, match="'one'"):
        manager.remove("one")


@pytest.mark.slow
def test_a_timer_that_systemd_refuses_leaves_the_one_before_at_work(manager: Systemd, tmp_path: Path) -> None:
    schedule = made(tmp_path, name="kept")
    manager.install(schedule)
    refusing = tmp_path / "systemctl"
    # `restart` is the last step: everything before it has been done by then.
    refusing.write_text('#!/bin/sh\nfor a; do [ "$a" != restart ] || { echo "no bus" >&2; exit 1; }; done\nexec "$@"\n')
    refusing.chmod(0o755)
    with pytest.raises(ConfigError, match="no bus"):
        Systemd((str(refusing), *manager.systemctl), manager.folder).install(replace(schedule, at=time(9)))
    (kept,) = (found for found in manager.list() if found.name == "kept")
    assert kept.when == "every day at 07:00"
    with pytest.raises(ConfigError, match="no bus"):
        Systemd((str(refusing), *manager.systemctl), manager.folder).install(replace(schedule, name="fresh"))
    assert manager.folder is not None
    assert not list(manager.folder.rglob("sfr-fresh*"))
    manager.remove("kept")
