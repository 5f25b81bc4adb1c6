from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import AuthError
from sfr.sources.salesforce.session.values import (
    Candidate,
    LoginNeeded,
    Reason,
    SignedIn,
    Step,
    Trial,
    Verdict,
    looks_like_session,
    tidy,
)

SID = "00D000000000062!AQEAQ_x.y"


@given(st.text(), st.integers(min_value=0, max_value=len(SID)))
def test_no_accepted_value_can_break_the_cookie_header(noise: str, place: int) -> None:
    value = SID[:place] + noise + SID[place:]
    if looks_like_session(value):
        assert value.isascii()
        assert value.isprintable()
        assert not set(value) & set(' ;,"\\')


@given(st.sampled_from(["{}", " {}\n", '"{}"', "sid={}", "sid={}; BrowserId=x", "'{}' "]))
def test_what_came_along_with_a_pasted_value_is_removed(form: str) -> None:
    assert tidy(form.format(SID)) == SID
    assert tidy(form.format(SID.replace("!", "%21"))) == SID


@pytest.mark.parametrize(
    "value", ["", "00D", "00D000000000062", "00D00000000!x", "00O000000000062!x", f"{SID}\r\n", "00D000000000062!"]
)
def test_a_value_of_another_shape_is_no_session(value: str) -> None:
    assert not looks_like_session(value)


def test_each_value_is_asked_about_once_and_refused_or_malformed_ones_never() -> None:
    asked: list[str] = []
    trial = Trial(lambda value: asked.append(value) or Verdict.VALID, refused=frozenset({f"{SID}dead"}))  # type: ignore[func-returns-value]
    assert [trial.verdict(value) for value in (SID, SID, f"{SID}dead", "junk")] == [
        Verdict.VALID,
        Verdict.VALID,
        Verdict.INVALID,
        Verdict.INVALID,
    ]
    assert asked == [SID]


def test_a_verdict_becomes_a_reason() -> None:
    verdicts = {SID: Verdict.VALID, f"{SID}2": Verdict.INVALID, f"{SID}3": Verdict.UNSURE}
    trial = Trial(verdicts.__getitem__)
    accepted = [trial.accepts(Candidate("somewhere", value)) for value in (*verdicts, "junk")]
    assert accepted == [True, False, False, False]
    assert [step.reason for step in trial.steps] == [Reason.OK, Reason.EXPIRED, Reason.UNSURE, Reason.MALFORMED]
    assert trial.unsure is not None
    assert trial.unsure.value == f"{SID}3"


def test_no_repr_shows_a_value() -> None:
    for shown in (Candidate("paste", SID), SignedIn(SID, "paste", (Step("paste", "ok"),))):
        assert SID not in f"{shown!r}{shown}"


def test_the_error_keeps_its_steps_through_pickling() -> None:
    error = LoginNeeded("no session", remedy="log in", steps=(Step("paste", Reason.CLOSED),))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, LoginNeeded)
    assert again.scope is AuthError.scope
    assert (again.message, again.remedy, again.steps) == (error.message, error.remedy, error.steps)
