from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfr.sources.salesforce.session import chain, cookies, devtools, window
from sfr.sources.salesforce.session.values import Candidate, Reason, SessionSettings, Trial, Verdict
from tests.services import require
from tests.session.conftest import Person
from tests.session.keyrings import FileKeyring
from tests.session.login_server import ORG, LoginServer

SettingsFor = Callable[..., SessionSettings]
Opener = Callable[..., SessionSettings]

STALE = "1\n/devtools/browser/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def chromium(settings_for: SettingsFor, memory: FileKeyring, home: Path) -> Opener:
    """Settings with a real headless Chromium, in place of Edge."""
    program = shutil.which("chromium")
    require(program is not None, "chromium")
    arguments = ["--headless=new", "--password-store=basic"]
    if sys.platform != "win32" and os.getuid() == 0:
        arguments.append("--no-sandbox")

    def build(server: LoginServer, **changes: object) -> SessionSettings:
        values: dict[str, object] = {"browser_path": Path(str(program)), "extra_browser_arguments": tuple(arguments)}
        return settings_for(server, **(values | changes))

    return build


def outcome(settings: SessionSettings, org: LoginServer, person: Person | None = None) -> tuple[str | None, list[str]]:
    """The value from the window, and the reasons it noted."""
    trial = Trial(org.validate)
    found = window.ask(settings, trial, person or Person())
    return found.value if found else None, [step.reason for step in trial.steps]


def nothing_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_the_value_is_read_after_the_login_kept_and_the_browser_is_gone(
    chromium: Opener, org: LoginServer, memory: FileKeyring
) -> None:
    settings = chromium(org)
    ports: list[int] = []
    person = Person(heard=lambda text: ports.append(int(port_file(settings).read_text().splitlines()[0])))
    signed_in = chain.sign_in(settings, person, org.validate)
    assert (signed_in.value, signed_in.link) == (org.sid, "chromium window")
    assert memory.kept == {("sfr", org.host): org.sid}
    assert len(person.said) == 1
    assert nothing_listens(ports[0])
    if os.name == "posix":
        assert settings.window_directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_sid_that_is_no_session_is_asked_about_once_and_waited_out(chromium: Opener) -> None:
    early = f"{ORG}!set.by.the.login.page"
    with LoginServer(early_sid=early) as org:
        assert outcome(chromium(org), org) == (org.sid, [Reason.OK])
        assert org.asked == [early, org.sid]


@pytest.mark.slow
def test_a_window_closed_by_its_user_ends_the_waiting_with_a_reason(chromium: Opener) -> None:
    with LoginServer(logs_in=False) as org:
        settings = chromium(org)
        person = Person(heard=lambda text: closing(settings))
        assert outcome(settings, org, person) == (None, [Reason.CLOSED])


@pytest.mark.slow
def test_a_closed_page_of_a_browser_that_lives_on_is_noticed_and_the_browser_ended(chromium: Opener) -> None:
    with LoginServer(logs_in=False, early_sid=f"{ORG}!set.by.the.login.page") as org:
        settings = chromium(org)
        ports: list[int] = []

        def close_page(value: str) -> Verdict:
            browser = attached(settings)
            ports.append(browser.port)
            for target in browser.call("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    browser.call("Target.closeTarget", targetId=target["targetId"])
            browser.disconnect()
            return Verdict.INVALID

        trial = Trial(close_page)
        assert window.ask(settings, trial, Person()) is None
        assert [step.reason for step in trial.steps] == [Reason.CLOSED]
        assert nothing_listens(ports[0])


@pytest.mark.slow
def test_nobody_logging_in_ends_with_timeout_and_a_closed_browser(chromium: Opener) -> None:
    with LoginServer(logs_in=False) as org:
        settings = chromium(org, login_seconds=1)
        assert outcome(settings, org) == (None, [Reason.TIMEOUT])
        assert devtools.attach(settings.window_directory) is None


@pytest.mark.slow
def test_the_port_file_of_a_crash_is_no_obstacle_and_the_profile_can_be_used_again_at_once(
    chromium: Opener, org: LoginServer
) -> None:
    settings = chromium(org)
    settings.window_directory.mkdir(parents=True)
    port_file(settings).write_text(STALE)
    assert outcome(settings, org) == (org.sid, [Reason.OK])
    assert outcome(settings, org) == (org.sid, [Reason.OK])


@pytest.mark.slow
def test_a_window_that_is_open_already_is_used(chromium: Opener, org: LoginServer) -> None:
    settings = chromium(org)
    settings.window_directory.mkdir(parents=True)
    arguments = [f"--user-data-dir={settings.window_directory}", "--remote-debugging-port=0", "about:blank"]
    command = [str(settings.browser_path), *settings.extra_browser_arguments, *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        first = devtools.wait_for_port(settings.window_directory, 20)
        assert first is not None
        first.disconnect()
        no_program = chromium(org, browser_path=Path(sys.executable))
        assert outcome(no_program, org) == (org.sid, [Reason.OK])
        process.wait(10)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_browser_that_hands_over_to_another_process_is_followed(
    chromium: Opener, org: LoginServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("__COMPAT_LAYER", "DetectorsAppHealth")
    program = home / "msedge"
    program.write_text(f'#!/bin/sh\n[ -z "$__COMPAT_LAYER" ] || exit 1\n{chromium(org).browser_path} "$@" &\n')
    program.chmod(0o755)
    assert outcome(chromium(org, browser_path=program), org) == (org.sid, [Reason.OK])


@pytest.mark.slow
def test_ctrl_c_during_the_login_closes_the_browser(chromium: Opener, org: LoginServer) -> None:
    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    settings = chromium(org)
    with pytest.raises(KeyboardInterrupt):
        window.ask(settings, Trial(org.validate), Person(heard=interrupt))
    assert devtools.attach(settings.window_directory) is None


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a D-Bus session of its own")
def test_the_browser_itself_writes_what_the_cookie_reader_reads(
    chromium: Opener, org: LoginServer, session_bus: None
) -> None:
    settings = chromium(org)
    assert outcome(settings, org)[0] == org.sid
    (offer,) = [offer for offer in cookies.offers(settings) if isinstance(offer, Candidate)]
    assert offer.value == org.sid


@pytest.mark.slow
def test_an_unsure_value_is_taken_when_the_window_is_closed(chromium: Opener, org: LoginServer) -> None:
    settings = chromium(org)

    def unsure(value: str) -> Verdict:
        closing(settings)
        return Verdict.UNSURE

    signed_in = chain.sign_in(settings, Person(), unsure)
    assert (signed_in.value, signed_in.link) == (org.sid, "chromium window")


@pytest.mark.slow
def test_the_browser_is_closed_when_the_validation_fails(chromium: Opener, org: LoginServer) -> None:
    def broken(value: str) -> Verdict:
        raise OSError("no network")

    settings = chromium(org)
    with pytest.raises(OSError, match="no network"):
        window.ask(settings, Trial(broken), Person())
    assert devtools.attach(settings.window_directory) is None


@pytest.mark.slow
def test_signing_out_of_everything_closes_the_window_first(chromium: Opener, org: LoginServer) -> None:
    settings = chromium(org)
    assert outcome(settings, org)[0] == org.sid
    assert (settings.window_directory / "Default").is_dir()
    chain.sign_out(settings, everything=True)
    assert not settings.window_directory.exists()


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen that nobody sees; Xvfb picks a free number and says which."""
    program = shutil.which("Xvfb")
    require(program is not None, "Xvfb")
    reading, writing = os.pipe()
    command = [str(program), "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as answer:
            monkeypatch.setenv("DISPLAY", f":{answer.readline().strip()}")
        yield
        server.terminate()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a display of its own")
def test_a_visible_window_works_the_same(chromium: Opener, org: LoginServer, display: None) -> None:
    visible = tuple(each for each in chromium(org).extra_browser_arguments if each != "--headless=new")
    assert outcome(chromium(org, extra_browser_arguments=visible), org) == (org.sid, [Reason.OK])


def port_file(settings: SessionSettings) -> Path:
    return settings.window_directory / devtools.PORT_FILE


def attached(settings: SessionSettings) -> devtools.Devtools:
    browser = devtools.attach(settings.window_directory)
    assert browser is not None
    return browser


def closing(settings: SessionSettings) -> None:
    """What the person does who closes the window."""
    attached(settings).close_browser(10)
