"""Checks when sessions are asked for, and when not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sfr import session_keeper
from sfr.connector import Session
from sfr.errors import AuthError, BrokenConnector, ConfigError, TransientError
from sfr.interruption import Interruption
from sfr.progress.plain import PlainProgress
from sfr.session_keeper import SessionKeeper
from sfr.transfer import RetryPolicy


class Office:
    """A sign-in that gives, in turn, what it was told to; the last one stays."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, source: str, dead: str) -> str:
        self.asked.append(dead)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Desk:
    """The part of the pool that a keeper talks to."""

    def __init__(self) -> None:
        self.lost: dict[str, int] = {}
        self.published: list[Session] = []
        self.given_up: list[str] = []
        self.why = ("", "")

    def lost_sessions(self) -> dict[str, int]:
        return dict(self.lost)

    def publish(self, source: str, session: Session) -> None:
        self.published.append(session)
        self.lost.clear()

    def why_lost(self, source: str) -> tuple[str, str]:
        return self.why

    def give_up(self, source: str, reason: str, remedy: str = "") -> None:
        self.given_up.append(source)
        self.lost.clear()


def keeper_of(office: Office, lines: list[str], **policy: float) -> SessionKeeper:
    quick = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.02} | policy
    return SessionKeeper(office, RetryPolicy(**quick), PlainProgress(lines.append))  # type: ignore[arg-type]


def test_a_lost_session_is_renewed_once_and_gets_the_next_generation() -> None:
    desk, office = Desk(), Office("one", "two")
    keeper = keeper_of(office, [])
    keeper.first("org", Interruption())
    desk.lost = {"org": 1}
    keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert office.asked == ["", "one"]
    assert desk.published == [Session("two", 2)]


def test_while_the_org_asks_for_a_pause_a_renewal_waits_and_says_so_once() -> None:
    lines: list[str] = []
    desk, office = Desk(), Office("one", TransientError("maintenance", retry_after_seconds=300.0))
    keeper = keeper_of(office, lines)
    keeper.first("org", Interruption())
    desk.lost = {"org": 1}
    for _ in range(50):
        keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert len(office.asked) == 2
    assert sum("maintenance" in line for line in lines) == 1


def test_without_another_session_the_source_is_given_up() -> None:
    desk, office = Desk(), Office("one", AuthError("nobody is there"))
    keeper = keeper_of(office, [])
    keeper.first("org", Interruption())
    desk.lost = {"org": 1}
    keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert desk.given_up == ["org"]
    assert "nobody is there" in keeper.gone["org"].message


def test_the_first_session_is_asked_for_again_while_the_org_is_out_of_reach() -> None:
    office = Office(TransientError("no connection"), TransientError("no connection"), "one")
    lines: list[str] = []
    keeper_of(office, lines).first("org", Interruption())
    assert office.asked == ["", "", ""]
    assert sum("no connection" in line for line in lines) == 1


def test_a_first_session_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    office = Office(TransientError("no connection", retry_after_seconds=60.0))
    with pytest.raises(TransientError):
        keeper_of(office, [], deadline_at=0.0).first("org", Interruption())
    assert len(office.asked) == 1


class Offices:
    """A sign-in for several sources, each with answers of its own."""

    def __init__(self, **answers: list[str | Exception]) -> None:
        self.offices = {source: Office(*values) for source, values in answers.items()}

    def __call__(self, source: str, dead: str) -> str:
        return self.offices[source](source, dead)


def opened(lines: list[str], **answers: list[str | Exception]) -> SessionKeeper:
    office: Any = Offices(**answers)
    keeper = keeper_of(office, lines)
    keeper.open_all(list(answers), Interruption())
    return keeper


def test_of_several_sources_one_without_a_login_leaves_the_others_theirs() -> None:
    lines: list[str] = []
    keeper = opened(lines, a=["one"], b=[AuthError("wrong password")], c=[""])
    assert (keeper.has("a"), keeper.has("b"), keeper.has("c")) == (True, False, True)
    assert (list(keeper.gone), keeper.login_needed) == (["b"], True)
    assert sum("b: wrong password; its reports are left out" in line for line in lines) == 1


def test_several_sources_without_a_login_have_each_their_own_reason() -> None:
    keeper = opened([], a=[AuthError("wrong password")], b=[ConfigError("wrong address")])
    assert {source: error.message for source, error in keeper.gone.items()} == {
        "a": "wrong password",
        "b": "wrong address",
    }


def test_one_that_was_broken_before_does_not_count_for_another() -> None:
    office: Any = Offices(a=[AuthError("no")], b=["two"])
    keeper = keeper_of(office, [])
    keeper.gone["broken"] = BrokenConnector("cannot be imported")
    keeper.open_all(["a", "b"], Interruption())
    assert keeper.has("b")


def test_a_single_source_beside_a_broken_one_is_not_waited_for_either() -> None:
    office: Any = Offices(a=[AuthError("no")])
    keeper = keeper_of(office, [])
    keeper.gone["broken"] = BrokenConnector("cannot be imported")
    keeper.open_all(["a"], Interruption())
    assert list(keeper.gone) == ["broken", "a"]


def test_a_source_that_is_late_is_asked_again_and_begins_when_it_answers() -> None:
    lines: list[str] = []
    away = TransientError("no connection")
    keeper, desk = opened(lines, a=["one"], b=[away, away, "two"]), Desk()
    assert (keeper.has("a"), keeper.has("b")) == (True, False)
    end = time.monotonic() + 10
    while not keeper.has("b") and time.monotonic() < end:
        keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert desk.published == [Session("two", 1)]
    assert any("b lets us in now" in line for line in lines)
    assert sum("no connection" in line for line in lines) == 1


def test_a_source_that_stays_away_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_keeper, "FIRST_SESSION_SECONDS", 0.05)
    keeper, desk = opened([], a=["one"], b=[TransientError("no connection")]), Desk()
    end = time.monotonic() + 10
    while not keeper.gone and time.monotonic() < end:
        keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert isinstance(keeper.gone["b"], TransientError)
    assert not keeper.login_needed


def test_a_source_without_sessions_that_wants_a_login_is_given_up_with_what_it_said() -> None:
    lines: list[str] = []
    desk, office = Desk(), Office("")
    desk.lost, desk.why = {"files": 1}, ("401: token expired", "correct bearer_token")
    keeper = keeper_of(office, lines)
    keeper.first("files", Interruption())
    keeper.tend(desk, Interruption())  # type: ignore[arg-type]
    assert (keeper.gone["files"].message, keeper.gone["files"].remedy) == ("401: token expired", "correct bearer_token")
    assert (desk.given_up, office.asked) == (["files"], [""])
    assert any("files: 401: token expired" in line for line in lines)
    assert not any("session has ended" in line for line in lines)
