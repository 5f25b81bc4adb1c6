from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sfr.sources.salesforce.session import cli_token
from sfr.sources.salesforce.session.values import Candidate, Reason, SessionSettings, Step
from tests.session.login_server import ORG, LoginServer

SettingsFor = Callable[..., SessionSettings]

# Answers as the CLI does, and notes its arguments and environment.
FAKE = """
import json, os, pathlib, sys
answers = json.loads(pathlib.Path(__file__).with_name("answers.json").read_text())
with open(pathlib.Path(__file__).with_name("calls.txt"), "a") as calls:
    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=calls)
command = " ".join(word for word in sys.argv[1:] if not word.startswith("--") and "@" not in word)
print("Warning: a new version is available", file=sys.stderr)
if command not in answers:
    print(json.dumps({"status": 2, "name": "CommandNotFound"}))
    sys.exit(2)
print(json.dumps({"status": 0, "result": answers[command], "warnings": []}))
"""


def install(home: Path, answers: dict[str, object], code: str = FAKE) -> Path:
    """A real `sf` program on the PATH, which answers these commands; returns the file that notes its calls."""
    place = home.parent / "bin"
    place.mkdir()
    (place / "fake.py").write_text(code)
    (place / "answers.json").write_text(json.dumps(answers))
    if os.name == "nt":
        (place / "sf.cmd").write_text(f'@"{sys.executable}" "{place / "fake.py"}" %*\n')
    else:
        (place / "sf").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{place / "fake.py"}" "$@"\n')
        (place / "sf").chmod(0o755)
    return place / "calls.txt"


def orgs(org: LoginServer, username: str = "ann@acme.example") -> list[dict[str, str]]:
    return [
        {"username": "other@acme.example", "instanceUrl": "https://other.my.salesforce.com"},
        {"username": username, "instanceUrl": org.origin, "accessToken": "[REDACTED]"},
    ]


def result(settings: SessionSettings) -> tuple[str, str]:
    (offer,) = cli_token.offers(settings)
    return ("value", offer.value) if isinstance(offer, Candidate) else (offer.reason, offer.detail)


def test_without_the_cli_the_reason_is_not_installed(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    assert list(cli_token.offers(settings_for(org))) == [Step("salesforce cli", Reason.NOT_INSTALLED)]


def test_the_token_is_traded_for_a_web_session(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    install(home, {"org list auth": orgs(org), "org auth show-access-token": {"accessToken": org.token}})
    assert result(settings_for(org)) == ("value", org.sid)


def test_an_old_cli_shows_its_token_in_another_command(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    install(home, {"org list auth": orgs(org), "org display": {"id": ORG, "accessToken": org.token}})
    assert result(settings_for(org)) == ("value", org.sid)


@pytest.mark.parametrize("found", [[], None, "text", [{"username": "x@y.example", "instanceUrl": "https://x.example"}]])
def test_a_cli_without_a_login_to_this_host_is_not_logged_in(
    home: Path, org: LoginServer, settings_for: SettingsFor, found: object
) -> None:
    install(home, {"org list auth": found})
    reason, detail = result(settings_for(org))
    assert reason == Reason.NOT_LOGGED_IN
    assert org.origin in detail


def test_a_redacted_token_is_no_token(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": "[REDACTED] Use 'sf org auth …'"}})
    assert result(settings_for(org))[0] == Reason.NOT_LOGGED_IN


def test_a_token_without_the_web_scope_gives_the_login_page_and_the_reason_expired(
    home: Path, org: LoginServer, settings_for: SettingsFor
) -> None:
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": f"{ORG}!of.another.app"}})
    assert result(settings_for(org))[0] == Reason.EXPIRED


def test_a_user_name_that_cmd_exe_could_misread_is_never_an_argument(
    home: Path, org: LoginServer, settings_for: SettingsFor
) -> None:
    calls = install(home, {"org list auth": orgs(org, "a&calc%PATH%@acme.example")})
    assert result(settings_for(org))[0] == Reason.NOT_LOGGED_IN
    assert len(calls.read_text().splitlines()) == 1


def test_a_cli_that_hangs_is_ended_with_its_children(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    # The grandchild keeps the pipe open, as node behind sf.cmd does: whoever waits for it waits for a minute.
    hang = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    install(home, {}, hang)
    (step,) = cli_token.offers(settings_for(org), limit_seconds=0.5)
    assert isinstance(step, Step)
    assert step.reason == Reason.TIMEOUT


def test_an_org_that_cannot_be_reached_is_an_error_and_no_crash(
    home: Path, org: LoginServer, settings_for: SettingsFor
) -> None:
    with LoginServer() as gone:
        install(home, {"org list auth": orgs(gone), "org display": {"accessToken": gone.token}})
        settings = settings_for(gone)
    assert result(settings)[0] == Reason.ERROR


def test_the_cli_sees_no_secret_of_ours_and_reports_nothing_home(
    home: Path, org: LoginServer, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFR_SID", f"{ORG}!secret")
    calls = install(home, {"org list auth": orgs(org), "org display": {"accessToken": org.token}})
    result(settings_for(org))
    for line in calls.read_text().splitlines():
        arguments, variables = json.loads(line)
        assert org.token not in " ".join(arguments)
        assert "SFR_SID" not in variables
        assert variables["SF_DISABLE_TELEMETRY"] == "true"


def test_a_password_of_netrc_is_not_sent(home: Path, org: LoginServer, settings_for: SettingsFor) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login ann password not-for-you\n")
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": org.token}})
    assert result(settings_for(org)) == ("value", org.sid)
    assert org.authorizations == [None]
