"""The command line in a real terminal: what stands on the screen while it runs, and what must not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.demo.org import DEMO_SID, OrgProcess
from tests.command_line import ROOT, Person, report_id
from tests.services import require

PATIENCE_SECONDS = 60.0
REPORT = report_id(21)

pytestmark = pytest.mark.slow


class Screen:
    """A terminal of 40 rows with a shell in a person's folder; a context manager."""

    def __init__(self, person: Person, width: int) -> None:
        require(shutil.which("tmux") is not None, "tmux")
        self.width = width
        self._socket = f"sfr-cli-{os.getpid()}-{width}"
        environment = {name: value for name, value in person.environment.items() if value and name != "COLUMNS"}
        environment |= {"LC_ALL": "C.UTF-8", "TERM": "screen-256color", "PS1": "$ "}
        size = ["-x", str(width), "-y", "40"]
        command = ["tmux", "-u", "-L", self._socket, "-f", os.devnull, "new-session", "-d", *size, "sh"]
        subprocess.run(command, env=environment, cwd=person.folder, check=True)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False)

    def types(self, *arguments: str) -> None:
        """Start `python main.py` with these arguments; when it has ended, its exit code is shown."""
        self.enters(
            f"clear; {sys.executable} {ROOT / 'main.py'} {' '.join(arguments)}; echo ended wi''th $?"
        )  # unlike what is typed

    def enters(self, text: str) -> None:
        subprocess.run(["tmux", "-L", self._socket, "send-keys", text, "Enter"], check=True)

    def shows(self, wanted: Callable[[str], bool] | str) -> str:
        """What stands there once it is as wanted, with what has left the screen at its top."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            capture = ["tmux", "-L", self._socket, "capture-pane", "-p", "-S", "-200"]
            text = subprocess.run(capture, capture_output=True, encoding="utf-8", check=True).stdout
            if wanted in text if isinstance(wanted, str) else wanted(text):
                return text
            assert time.monotonic() < deadline, text
            time.sleep(0.05)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "desk")


@pytest.fixture
def org() -> Iterator[OrgProcess]:
    with OrgProcess({REPORT: Csv(rows=5)}) as org:
        yield org


@pytest.mark.parametrize("width", [80, 140])
def test_the_demonstration_is_alive_while_it_runs_and_tidy_when_it_is_over(person: Person, width: int) -> None:
    with Screen(person, width) as screen:
        screen.types("demo")
        alive = screen.shows(lambda text: "/8 · " in text and "order_lines.csv" in text and "MB/s" in text)
        assert alive.count("/8 · ") == 1
        ended = screen.shows("ended with ")
    assert "ended with 0" in ended
    assert "/8 · " not in ended
    assert "━" not in ended
    lines = ended.splitlines()
    header = next(number for number, line in enumerate(lines) if line.startswith("name "))
    rows = lines[header + 2 : header + 10]
    assert all("✓ done" in row for row in rows)
    assert all(row.rstrip()[-1] == "s" and row.count(".csv") == 1 for row in rows)
    assert lines[header - 1] == ""


def test_reasons_and_remedies_stand_below_the_table_of_faults(person: Person) -> None:
    with Screen(person, 100) as screen:
        screen.types("demo", "--faults")
        ended = screen.shows("ended with ")
    assert "ended with 1" in ended
    below = ended[ended.rindex("6 failed") :]
    assert below.count("✗ failed  ") == 6
    assert "→ ask its owner to share the folder" in below


def test_a_session_that_is_typed_is_never_shown(person: Person, org: OrgProcess) -> None:
    person.environment |= {"SFDC_DOMAIN": org.url, "SFR_SID": ""}
    with Screen(person, 100) as screen:
        screen.types("--report", f"sales,{REPORT}", "--sid-stdin")
        screen.shows("Session id (sid), not shown:")
        screen.enters(DEMO_SID)
        ended = screen.shows("ended with ")
    assert "ended with 0" in ended
    assert "!" not in ended
    assert person.files() == ["sales.csv"]


def test_at_a_terminal_login_says_why_there_is_no_window_and_takes_a_pasted_session(
    person: Person, org: OrgProcess
) -> None:
    person.environment |= {"SFDC_DOMAIN": org.url, "SFR_SID": "", "SFR_LOGIN": ""}
    with Screen(person, 100) as screen:
        screen.types("login", "--browser", "firefox")
        asked = screen.shows("\nsid:")
        assert "Firefox hands out no cookies" in asked
        assert f"Log in at {org.url}" in asked
        screen.enters("nonsense")
        screen.shows("This is not a sid")
        screen.enters(DEMO_SID)
        ended = screen.shows("ended with ")
    assert "ended with 0" in ended
    assert "(paste)" in ended
    assert "!" not in ended.partition("exclamation mark")[2]
