"""Checks the whole family of errors: each says how much stops, and survives the way between processes."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sfr
from sfr.errors import Busy, ConfigError, Scope, SfrError, TransientError


def family() -> list[type[SfrError]]:
    """Every error class of ours, found by importing everything."""
    for module in pkgutil.walk_packages(sfr.__path__, "sfr."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[SfrError]] = [SfrError]
    for kind in found:  # grows while it is walked
        found += [below for below in kind.__subclasses__() if below not in found and below.__module__.startswith("sfr")]
    return found


def built(kind: type[SfrError]) -> SfrError:
    try:
        error = kind("it went wrong", remedy="do this")
    except TypeError:  # it makes its own remedy
        error = kind("it went wrong")
    error.reason, error.request_id, error.max_attempts = "why", "id-7", 5
    return error


def test_there_are_as_many_as_one_remembers() -> None:
    assert len(family()) >= 11


@pytest.mark.parametrize("kind", family(), ids=lambda kind: kind.__name__)
def test_an_error_pickles_with_all_it_says(kind: type[SfrError]) -> None:
    error = built(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.args == error.args
    assert vars(again) == vars(error)
    for name in ("message", "scope", "reason", "remedy", "max_attempts", "request_id"):
        assert getattr(again, name) == getattr(error, name)


@pytest.mark.parametrize("kind", family(), ids=lambda kind: kind.__name__)
def test_an_error_has_a_scope_a_reason_and_a_line_for_people(kind: type[SfrError]) -> None:
    assert isinstance(kind.scope, Scope)
    assert kind.reason
    assert kind.reason == kind.reason.lower()
    assert " " not in kind.reason
    assert kind.__doc__
    error = kind("it went wrong")
    assert error.message == str(error) == "it went wrong"
    assert isinstance(error.remedy, str)


def test_only_what_may_go_away_by_itself_is_tried_without_a_bound() -> None:
    for kind in family():
        assert (kind.max_attempts is None) == issubclass(kind, TransientError), kind


def test_a_second_run_is_a_matter_of_configuration() -> None:
    assert issubclass(Busy, ConfigError)
    assert Busy.scope is Scope.RUN


@given(
    st.text(),
    st.none() | st.text(),
    st.none() | st.integers(1, 99),
    st.none() | st.floats(0, 3600),
    st.booleans(),
)
def test_what_a_server_asks_for_survives_pickling(
    message: str, reason: str | None, max_attempts: int | None, retry_after: float | None, slow_down: bool
) -> None:
    error = TransientError(
        message, reason=reason, max_attempts=max_attempts, retry_after_seconds=retry_after, slow_down=slow_down
    )
    again = pickle.loads(pickle.dumps(error))
    assert (again.message, again.max_attempts) == (message, max_attempts)
    assert (again.retry_after_seconds, again.slow_down) == (retry_after, slow_down)
    assert again.reason == (TransientError.reason if reason is None else reason)


def test_a_cause_is_not_needed_to_read_an_error_that_travelled() -> None:
    def fail() -> None:
        try:
            raise OSError("beneath")
        except OSError as error:
            raise SfrError("above") from error

    with pytest.raises(SfrError) as caught:
        fail()
    again = pickle.loads(pickle.dumps(caught.value))
    assert traceback.format_exception_only(again)[-1].strip().endswith("SfrError: above")
