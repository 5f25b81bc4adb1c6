"""Checks the sources of a run: all configured before anything starts, signed in to, and broken each for itself."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sfr.connector import Session
from sfr.errors import AuthError, BrokenConnector, ConfigError, SfrError, TransientError
from sfr.reception import Reception
from sfr.redaction import redact
from sfr.settings import load_settings
from tests.installed import install

CONNECTORS = '''
import threading
from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr
from sfr.errors import AuthError, TransientError

class Config(BaseModel):
    url: str = "https://made.up"
    secret: SecretStr = SecretStr("")

class Made:
    """A source without sessions."""
    Config = Config
    closed = 0
    def __init__(self, config, tools):
        self.session = tools.session()
    def close(self):
        Made.closed += 1

class Signing(Made):
    answers = []
    asked = []
    @classmethod
    def sign_in(cls, config, door):
        cls.asked.append((door.dead, door.kept()))
        answer = cls.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        door.keep(answer)
        return answer

class Stuck(Made):
    class Config(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        _lock: object = PrivateAttr(default_factory=threading.Lock)
'''


class Nobody:
    interactive = False

    def say(self, text: str) -> None:
        raise AssertionError("nobody is here")

    def hidden(self, prompt: str) -> str:
        raise AssertionError("nobody is here")


@pytest.fixture
def reception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reception:
    kinds = {kind: f"reception_sources:{kind.capitalize()}" for kind in ("made", "signing", "stuck")}
    folder = install(tmp_path / "packages", "sfr-made", {**kinds, "gone": "no_such_module:Gone"})
    (folder / "reception_sources.py").write_text(CONNECTORS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_STATE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("SFR_MADE_SECRET", "s3cret-of-made")
    return Reception(load_settings(), Nobody(), {"own": lambda dead: f"after {dead}"})


def answers(*values: object) -> list[object]:
    from reception_sources import Signing  # type: ignore[import-not-found]

    Signing.answers, Signing.asked = list(values), []
    return Signing.asked  # type: ignore[no-any-return]


def test_all_that_is_wrong_with_any_source_is_told_at_once(reception: Reception) -> None:
    with pytest.raises(ConfigError) as caught:
        reception.expect(["made", "superset", "nobody", "metabase"])
    lines = caught.value.message.splitlines()
    assert any(line.startswith("SFR_SUPERSET_URL is not set") for line in lines)
    assert any(line.startswith("SFR_METABASE_URL is not set") for line in lines)
    assert "there is no source 'nobody'" in lines
    assert list(reception.configured) == ["made"]


def test_a_broken_connector_is_no_fault_of_the_others(reception: Reception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reception.expect(["gone", "made", "stuck"])
    assert (list(reception.configured), list(reception.broken)) == (["made"], ["gone", "stuck"])
    assert all(isinstance(error, BrokenConnector) for error in reception.broken.values())
    assert "no_such_module" in reception.broken["gone"].message
    assert "cannot be sent to other processes" in reception.broken["stuck"].message


def test_the_secrets_of_a_configuration_are_masked_from_then_on(reception: Reception) -> None:
    reception.expect(["made"])
    assert "s3cret-of-made" not in redact("the server said: s3cret-of-made is wrong")


def test_a_source_without_sessions_has_the_empty_one(reception: Reception) -> None:
    reception.expect(["made"])
    assert reception.sign_in("made", "") == ""


def test_a_session_is_kept_masked_and_offered_the_next_time(reception: Reception) -> None:
    reception.expect(["signing"])
    asked = answers("session-of-signing", "the-second-session")
    assert reception.sign_in("signing", "") == "session-of-signing"
    assert reception.sign_in("signing", "session-of-signing") == "the-second-session"
    assert asked == [("", ""), ("session-of-signing", "session-of-signing")]
    assert "session-of-signing" not in redact("cookie session-of-signing")


@pytest.mark.parametrize("error", [AuthError("wrong password"), TransientError("no answer")])
def test_our_errors_come_through(reception: Reception, error: SfrError) -> None:
    reception.expect(["signing"])
    answers(error)
    with pytest.raises(type(error)) as caught:
        reception.sign_in("signing", "")
    assert caught.value is error


@pytest.mark.parametrize("answer", [KeyError("tokenvalue-s3cret"), SystemExit(3), None, 5])
def test_whatever_else_a_strangers_sign_in_does_is_a_fault_of_its_own(
    reception: Reception, answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    reception.expect(["signing"])
    answers(answer)
    with caplog.at_level(logging.ERROR), pytest.raises(SfrError) as caught:
        reception.sign_in("signing", "")
    assert caught.value.reason == "bug"
    assert "s3cret" not in caught.value.message


def test_ctrl_c_while_signing_in_is_ctrl_c(reception: Reception) -> None:
    reception.expect(["signing"])
    answers(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        reception.sign_in("signing", "")


def test_a_program_may_sign_in_by_itself(reception: Reception) -> None:
    assert reception.sign_in("own", "dead") == "after dead"


def test_a_source_that_is_opened_here_is_closed_whatever_happens(reception: Reception) -> None:
    reception.expect(["made"])
    opened = reception.opened("made", Session("value", 1))
    source = opened.__enter__()
    assert source.session == Session("value", 1)
    assert not opened.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert source.closed == 1
