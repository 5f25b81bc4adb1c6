"""Checks that the first signal is only noted, that a second one works as ever, and that questions can be broken off."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from sfr.interruption import Interruption

ASKING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name) and (sys.platform != "win32" or name == "SIGINT")
]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of the test run come back, whatever a test does."""
    before = {number: signal.getsignal(number) for number in ASKING}
    for number in ASKING:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ASKING)
def test_the_first_signal_is_noted_and_the_second_acts_as_without_us(number: int) -> None:
    with Interruption() as interruption:
        assert not interruption.asked
        signal.raise_signal(number)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_a_second_signal_of_another_kind_acts_too() -> None:
    with Interruption() as interruption:
        signal.raise_signal(ASKING[-1])
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_everything_is_as_before() -> None:
    with Interruption():
        pass
    assert [signal.getsignal(number) for number in ASKING] == [signal.default_int_handler] * len(ASKING)


@pytest.mark.parametrize("number", ASKING)
def test_while_it_is_suspended_a_signal_breaks_a_question_off_and_is_noted(number: int) -> None:
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt), interruption.suspended():
            signal.raise_signal(number)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_after_a_question_that_was_answered_the_first_signal_is_noted_again() -> None:
    with Interruption() as interruption:
        with interruption.suspended():
            pass
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked


def test_nobody_is_asked_anything_after_a_signal() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        asked = False
        with pytest.raises(KeyboardInterrupt), interruption.suspended():
            asked = True
        assert not asked


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    ignored = ASKING[-1]
    signal.signal(ignored, signal.SIG_IGN)
    with Interruption() as interruption:
        signal.raise_signal(ignored)
        with interruption.suspended():
            signal.raise_signal(ignored)
        assert not interruption.asked
    assert signal.getsignal(ignored) is signal.SIG_IGN


def test_in_another_thread_signals_are_left_to_whoever_called_us() -> None:
    found: list[bool] = []

    def work() -> None:
        with Interruption() as interruption, interruption.suspended():
            found.append(interruption.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
