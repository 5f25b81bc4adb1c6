from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfr.errors import ConfigError, TransientError
from sfr.sources.salesforce.session import chain
from sfr.sources.salesforce.session.chain import sign_in, sign_out, steps_without_asking
from sfr.sources.salesforce.session.values import LoginNeeded, Reason, SessionSettings, Step, Verdict
from tests.session.conftest import Person
from tests.session.keyrings import FileKeyring
from tests.session.login_server import ORG, LoginServer
from tests.session.test_cli_token import install, orgs

SettingsFor = Callable[..., SessionSettings]
OLD = f"{ORG}!of.yesterday"

pytestmark = pytest.mark.usefixtures("home", "memory")


def reasons(steps: tuple[Step, ...]) -> dict[str, str]:
    return {step.link: step.reason for step in steps}


def test_a_given_value_is_tidied_validated_and_used_alone(org: LoginServer, settings_for: SettingsFor) -> None:
    signed_in = sign_in(settings_for(org, given=f" sid={org.sid}; path=/\n"), Person(), org.validate)
    assert (signed_in.value, signed_in.link) == (org.sid, "SFR_SID")
    assert signed_in.steps == (Step("SFR_SID", Reason.OK),)


@pytest.mark.parametrize("given", ["", "junk", f"{ORG}!two words", f"{ORG}!a\r\nX: y"])
def test_a_given_value_of_another_shape_stops_without_asking_the_org(
    org: LoginServer, settings_for: SettingsFor, given: str
) -> None:
    with pytest.raises(ConfigError, match="SFR_SID") as caught:
        sign_in(settings_for(org, given=given), Person([org.sid]), org.validate)
    assert not given or given not in str(caught.value)
    assert org.asked == []


def test_a_given_value_that_the_org_refuses_stops_even_where_somebody_could_answer(
    org: LoginServer, settings_for: SettingsFor
) -> None:
    with pytest.raises(LoginNeeded, match="does not accept"):
        sign_in(settings_for(org, given=OLD), Person([org.sid]), org.validate)


def test_a_given_value_that_died_during_the_run_needs_a_login(org: LoginServer, settings_for: SettingsFor) -> None:
    with pytest.raises(LoginNeeded) as caught:
        sign_in(settings_for(org, given=OLD), Person(), org.validate, frozenset({OLD}))
    assert caught.value.steps == (Step("SFR_SID", Reason.EXPIRED),)
    assert org.asked == []


def test_the_keyring_spares_the_login(org: LoginServer, settings_for: SettingsFor, memory: FileKeyring) -> None:
    memory.set_password("sfr", org.host, org.sid)
    signed_in = sign_in(settings_for(org), Person(), org.validate)
    assert (signed_in.value, signed_in.link) == (org.sid, "keyring")
    assert [step.link for step in signed_in.steps] == ["chromium cookies", "salesforce cli", "keyring"]


def test_a_dead_value_leaves_the_keyring(org: LoginServer, settings_for: SettingsFor, memory: FileKeyring) -> None:
    memory.set_password("sfr", org.host, OLD)
    with pytest.raises(LoginNeeded):
        sign_in(settings_for(org), Person(interactive=False), org.validate)
    assert memory.kept == {}
    assert org.asked == [OLD]


def test_a_refused_value_is_not_validated_again(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    memory.set_password("sfr", org.host, OLD)
    with pytest.raises(LoginNeeded):
        sign_in(settings_for(org), Person(interactive=False), org.validate, frozenset({OLD}))
    assert org.asked == []


def test_the_cli_comes_before_the_keyring_and_its_session_is_kept(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring, home: Path
) -> None:
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": org.token}})
    memory.set_password("sfr", org.host, OLD)
    assert sign_in(settings_for(org), Person(), org.validate).link == "salesforce cli"
    assert memory.kept == {("sfr", org.host): org.sid}


def test_the_session_of_the_cli_is_not_kept_where_nobody_could_open_the_keyring(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring, home: Path
) -> None:
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": org.token}})
    assert sign_in(settings_for(org), Person(interactive=False), org.validate).link == "salesforce cli"
    assert memory.kept == {}


@pytest.mark.parametrize("broken", ["cookies", "cli_token", "window"])
def test_a_link_that_breaks_unexpectedly_is_an_error_in_the_log_and_the_chain_goes_on(
    org: LoginServer, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:  # fmt: skip
    def bug(*arguments: object) -> None:
        raise ZeroDivisionError

    def bugs(*arguments: object) -> Iterator[Step]:
        yield Step("first", Reason.ABSENT)
        raise ZeroDivisionError

    monkeypatch.setattr(getattr(chain, broken), *(("ask", bug) if broken == "window" else ("offers", bugs)))
    signed_in = sign_in(settings_for(org), Person([org.sid]), org.validate)
    assert signed_in.link == "paste"
    assert Step({"cookies": "chromium cookies", "cli_token": "salesforce cli", "window": "chromium window"}[broken],
                Reason.ERROR, "ZeroDivisionError") in signed_in.steps  # fmt: skip
    assert "Traceback" in caplog.text


def test_where_nobody_can_answer_nobody_is_asked(org: LoginServer, settings_for: SettingsFor) -> None:
    with pytest.raises(LoginNeeded, match="not-interactive") as caught:
        sign_in(settings_for(org), Person(interactive=False), org.validate)
    assert reasons(caught.value.steps) == {
        "chromium cookies": Reason.NOT_INSTALLED,
        "salesforce cli": Reason.NOT_INSTALLED,
        "keyring": Reason.ABSENT,
        "chromium window": Reason.NOT_INTERACTIVE,
        "paste": Reason.NOT_INTERACTIVE,
    }
    assert "sfr login" in caught.value.remedy


def test_no_login_asks_nobody(org: LoginServer, settings_for: SettingsFor) -> None:
    with pytest.raises(LoginNeeded) as caught:
        sign_in(settings_for(org, login=False), Person([org.sid]), org.validate)
    assert reasons(caught.value.steps)["paste"] == Reason.DISABLED


def test_a_pasted_value_is_tidied_validated_and_kept(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    person = Person(["junk", OLD, f'"{org.sid}"'])
    signed_in = sign_in(settings_for(org, browser="firefox"), person, org.validate)
    assert (signed_in.value, signed_in.link) == (org.sid, "paste")
    assert memory.kept == {("sfr", org.host): org.sid}
    assert org.asked == [OLD, org.sid]
    assert "not-supported" in person.said[0]
    assert len(person.said[1].splitlines()) == 3


def test_an_empty_answer_gives_up(org: LoginServer, settings_for: SettingsFor) -> None:
    with pytest.raises(LoginNeeded) as caught:
        sign_in(settings_for(org, browser="firefox"), Person([""]), org.validate)
    assert reasons(caught.value.steps)["paste"] == Reason.CLOSED


def test_an_unsure_value_is_used_before_somebody_is_asked(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    memory.set_password("sfr", org.host, OLD)
    signed_in = sign_in(settings_for(org), Person([org.sid]), lambda value: Verdict.UNSURE)
    assert (signed_in.value, signed_in.steps[-1]) == (OLD, Step("keyring", Reason.UNSURE))
    assert memory.kept == {("sfr", org.host): OLD}


def test_network_trouble_is_not_mistaken_for_a_dead_session(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    def unreachable(value: str) -> Verdict:
        raise TransientError("the org does not answer")

    memory.set_password("sfr", org.host, OLD)
    with pytest.raises(TransientError):
        sign_in(settings_for(org), Person(), unreachable)
    assert memory.kept == {("sfr", org.host): OLD}


def test_a_second_process_waits_says_so_once_and_takes_the_session_of_the_first(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    settings = settings_for(org)
    settings.state_directory.mkdir()
    lock = settings.state_directory / f"{org.host.replace(':', '_')}.login.lock"
    code = f"import filelock\nwith filelock.FileLock({str(lock)!r}):\n    print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdout.readline()

        def first_has_logged_in(text: str) -> None:
            memory.set_password("sfr", org.host, org.sid)
            assert first.stdin is not None
            first.stdin.write(b"\n")
            first.stdin.flush()

        person = Person(heard=first_has_logged_in)
        signed_in = sign_in(settings, person, org.validate)
    assert (signed_in.value, signed_in.link) == (org.sid, "keyring")
    assert len(person.said) == 1
    assert "Another sfr process" in person.said[0]


def test_waiting_for_another_process_has_an_end(org: LoginServer, settings_for: SettingsFor) -> None:
    settings = settings_for(org, login_seconds=0.2, start_seconds=0.1)
    settings.state_directory.mkdir()
    lock = settings.state_directory / f"{org.host.replace(':', '_')}.login.lock"
    code = f"import filelock\nwith filelock.FileLock({str(lock)!r}):\n    print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(LoginNeeded, match="still asking"):
            sign_in(settings, Person([org.sid]), org.validate)
        first.kill()


def test_a_check_tries_every_silent_link_and_only_describes_the_others(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    memory.set_password("sfr", org.host, org.sid)
    steps = steps_without_asking(settings_for(org, given=OLD, browser="firefox"), org.validate)
    assert reasons(steps) == {
        "SFR_SID": Reason.EXPIRED,
        "firefox cookies": Reason.NOT_INSTALLED,
        "salesforce cli": Reason.NOT_INSTALLED,
        "keyring": Reason.OK,
        "firefox window": Reason.NOT_SUPPORTED,
        "paste": Reason.WOULD_ASK,
    }


def test_signing_out_forgets_the_session_and_on_request_the_profiles(
    org: LoginServer, settings_for: SettingsFor, memory: FileKeyring
) -> None:
    settings = settings_for(org)
    profile = settings.window_directory
    profile.mkdir(parents=True)
    (settings.state_directory / "kept").mkdir()
    memory.set_password("sfr", org.host, org.sid)
    memory.set_password("sfr", "other.my.salesforce.com", OLD)
    assert sign_out(settings, everything=False) == (f"removed: the session of {org.host} in the keyring",)
    assert profile.is_dir()
    lines = sign_out(settings, everything=True)
    assert lines == (
        f"not removed: the session of {org.host} in the keyring: absent",
        f"removed: {profile}",
    )
    assert [path.name for path in settings.state_directory.iterdir()] == ["kept"]
    assert memory.kept == {("sfr", "other.my.salesforce.com"): OLD}
