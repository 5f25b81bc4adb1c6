from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sfr.sources.salesforce.session import chain, window
from sfr.sources.salesforce.session.values import LoginNeeded, Reason, SessionSettings
from tests.session.conftest import Person
from tests.session.keyrings import FileKeyring
from tests.session.login_server import LoginServer

SettingsFor = Callable[..., SessionSettings]


def test_a_browser_that_opens_no_port_is_blocked_and_the_paste_prompt_comes(
    settings_for: SettingsFor, org: LoginServer, memory: FileKeyring, home: Path
) -> None:
    settings = settings_for(
        org, browser_path=Path(sys.executable), start_seconds=0.2, extra_browser_arguments=("--headless",)
    )
    person = Person([org.sid])
    signed_in = chain.sign_in(settings, person, org.validate)
    assert [step.reason for step in signed_in.steps if step.link == "chromium window"] == [Reason.BLOCKED]
    assert signed_in.link == "paste"
    assert "policy" in person.said[0]


def test_a_browser_that_is_not_there_is_not_installed(settings_for: SettingsFor, org: LoginServer, home: Path) -> None:
    for path in (None, home / "nothing"):
        step = window.hindrance(settings_for(org, browser="edge", browser_path=path))
        assert step is not None
        assert step.reason == Reason.NOT_INSTALLED


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_without_a_display_the_reason_comes_at_once(
    settings_for: SettingsFor, org: LoginServer, memory: FileKeyring, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(LoginNeeded, match="no-display"):
        chain.sign_in(settings_for(org, browser_path=Path(sys.executable)), Person(), org.validate)
