"""Checks a session that ends in the middle: renewed once for all, at no cost to any report, or an orderly end."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv, SessionDies, SessionExpired
from sfr.demo.exchange import Behaviour
from sfr.demo.login import log_in
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.model import Status
from tests.faults.processes import ROOT, until
from tests.faults.support import Desk
from tests.services import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# A keyring in which each look finds a session that somebody has just opened; the org counts its logins.
LOGIN_KEYRING = """
import os
import keyring.backend
from sfr.demo.login import log_in

class Keyring(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return log_in(os.environ["SFDC_DOMAIN"])

    def set_password(self, service, username, password):
        pass

    def delete_password(self, service, username):
        pass
"""


def logins(desk: Desk) -> int:
    return sum(request.method == "POST" for request in desk.org.requests())


def with_login_keyring(desk: Desk) -> dict[str, str]:
    desk.plant("login_keyring", LOGIN_KEYRING)
    return {"PYTHON_KEYRING_BACKEND": "login_keyring.Keyring"}


def test_eight_reports_lose_their_session_at_once_and_one_login_serves_them_all(tmp_path: Path) -> None:
    report = Csv(rows=300, silence_seconds=0.1)
    dying = [SessionDies(1.0), report]
    reports: dict[str, list[Behaviour]] = {f"dying{number}.csv": list(dying) for number in range(8)}
    reports |= {f"later{number}.csv": [report] for number in range(16)}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run("--concurrency", "8", **with_login_keyring(desk))
        _, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        # One for the eight. The last of them may have died after the renewal, with the renewed session.
        assert logins(desk) == finished.stdout.count("the session was renewed")
        assert 1 <= logins(desk) <= 2
        assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
        assert {len(outcome.attempts) for outcome in outcomes.values()} == {1}
        for name in reports:
            assert desk.content(name) == report.data()


def test_sessions_that_die_again_and_again_are_renewed_each_time(tmp_path: Path) -> None:
    reports = {f"report{number}.csv": Csv(rows=100, silence_seconds=0.4) for number in range(120)}
    with Desk(tmp_path, reports) as desk:
        run = desk.start("--concurrency", "8", **with_login_keyring(desk))
        for done in (5, 35, 65):
            until(lambda done=done: list(desk.statuses().values()).count("done") >= done, f"{done} reports")
            before = logins(desk)
            desk.org.expire()
            until(lambda before=before: logins(desk) > before, "a login")
        finished = run.wait()
        _, outcomes = desk.last_run()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert logins(desk) == 3
        assert {(outcome.status, len(outcome.attempts)) for outcome in outcomes.values()} == {(Status.DONE, 1)}


def test_a_report_that_refuses_session_after_session_fails_alone(tmp_path: Path) -> None:
    reports: dict[str, Behaviour] = {"odd.csv": SessionExpired()} | {f"good{number}.csv": Csv() for number in range(8)}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run(**with_login_keyring(desk))
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes.pop("odd.csv").reason == "session-refused"
        assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}


def test_a_report_answered_with_a_login_page_does_not_condemn_a_session_that_lives(tmp_path: Path) -> None:
    reports: dict[str, Behaviour] = {"odd.csv": SessionExpired()} | {f"good{number}.csv": Csv() for number in range(12)}
    with Desk(tmp_path, reports) as desk:
        finished = desk.run("--no-login")
        _, outcomes = desk.last_run()
        assert finished.code == 1, finished.stdout + finished.stderr
        assert outcomes.pop("odd.csv").reason == "session-refused"
        assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}


def test_an_org_that_cannot_be_reached_at_the_start_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    report = Csv(rows=20)
    with Desk(tmp_path, {"report.csv": report}) as desk:
        run = desk.start("--no-login", SFDC_DOMAIN=f"http://127.0.0.1:{port}")
        until(lambda: "no session yet" in run.stdout, "a notice")
        with DemoOrg({desk.ids["report.csv"]: report}, port=port):
            finished = run.wait()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert finished.stdout.count("no session yet") == 1
        assert desk.content("report.csv") == report.data()


def test_without_another_session_the_rest_is_skipped_and_comes_after_the_next_login(tmp_path: Path) -> None:
    reports = {f"report{number}.csv": Csv(rows=100, silence_seconds=0.3) for number in range(20)}
    with Desk(tmp_path, reports, expire_after_answers=6) as desk:
        finished = desk.run("--concurrency", "4", "--no-login")
        _, outcomes = desk.last_run()
        assert finished.code == 3, finished.stdout + finished.stderr
        assert "login needed" in finished.stderr
        skipped = {name for name, outcome in outcomes.items() if outcome.status is Status.SKIPPED}
        assert len(skipped) == 14
        assert {outcomes[name].reason for name in skipped} == {"session"}
        assert {outcome.status for name, outcome in outcomes.items() if name not in skipped} == {Status.DONE}
        assert desk.parts() == []

        again = desk.run("--failed", SFR_SID=log_in(desk.org.url))
        assert again.code == 0, again.stdout + again.stderr
        assert set(desk.last_run()[1]) == skipped


def test_a_dead_session_at_the_start_starts_nothing(tmp_path: Path) -> None:
    with Desk(tmp_path, {"report.csv": Csv()}) as desk:
        desk.org.expire()
        finished = desk.run("--no-login")
        assert finished.code == 3, finished.stdout + finished.stderr
        assert "does not accept this session" in finished.stderr
        assert desk.run("--no-login", SFR_SID="").code == 3
        assert desk.org.count(desk.ids["report.csv"]) == 0
        assert desk.run("--failed", SFR_SID=log_in(desk.org.url)).code == 0


# A keyring that two processes share: a file in the folder of the test.
FILE_KEYRING = """
import pathlib
import keyring.backend

class Keyring(keyring.backend.KeyringBackend):
    priority = 1
    place = pathlib.Path(__file__).parent / "kept"

    def get_password(self, service, username):
        return self.place.read_text() if self.place.exists() else None

    def set_password(self, service, username, password):
        self.place.write_text(password)

    def delete_password(self, service, username):
        self.place.unlink()
"""


class Screen:
    """A terminal with somebody in front of it, and `python main.py` in it."""

    def __init__(self, desk: Desk, output: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        environment = desk.environment(SFR_SID="", PYTHON_KEYRING_BACKEND="file_keyring.Keyring", TERM="dumb")
        command = [sys.executable, str(ROOT / "main.py"), "--output", output]
        self.popen = subprocess.Popen(
            command,
            cwd=desk.folder,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def shows(self, text: str) -> bool:
        """Whether this has appeared by now."""
        while select.select([self._ours], [], [], 0)[0]:
            try:
                self.shown += os.read(self._ours, 65536).decode("utf-8", "replace")
            except OSError:  # the other end is closed
                break
        return text in self.shown

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        os.close(self._ours)


@contextmanager
def screens(desk: Desk, *outputs: str) -> Iterator[list[Screen]]:
    found = [Screen(desk, output) for output in outputs]
    try:
        yield found
    finally:
        for screen in found:
            screen.close()


def test_of_two_runs_at_once_only_one_asks_for_a_login_and_both_go_on(tmp_path: Path) -> None:
    require(sys.platform != "win32", "pseudo terminals")
    with Desk(tmp_path, {"report.csv": Csv()}) as desk:
        desk.plant("file_keyring", FILE_KEYRING)
        with screens(desk, "one", "two") as (one, two):
            until(lambda: one.shows("sid:") or two.shows("sid:"), "a question")
            asked, other = (one, two) if one.shows("sid:") else (two, one)
            until(lambda: other.shows("Another sfr process is asking for a login"), "the other one waiting")
            asked.type(DEMO_SID)
            until(lambda: one.popen.poll() is not None and two.popen.poll() is not None, "both ends")
            assert asked.shows("1 done"), asked.shown
            assert other.shows("1 done"), other.shown
            assert (one.popen.returncode, two.popen.returncode) == (0, 0)
            assert "sid:" not in other.shown
            assert DEMO_SID not in one.shown + two.shown
            assert desk.org.count(desk.ids["report.csv"]) == 2
