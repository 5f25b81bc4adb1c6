"""Checks when sessions are asked for, and when not."""

from __future__ import annotations

import pytest

from sfr.connector import Session
from sfr.errors import AuthError, TransientError
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

    def lost_sessions(self) -> dict[str, int]:
        return dict(self.lost)

    def publish(self, source: str, session: Session) -> None:
        self.published.append(session)
        self.lost.clear()

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
