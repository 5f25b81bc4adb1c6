"""Checks the pace of a source that all workers share: how many at once, how often, pauses, and chance."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.pool import gate as gate_module
from sfr.pool.gate import FULL_SECONDS, HALVING_PAUSE_SECONDS, Gate

SOURCE = "org"


class Clock:
    """A monotonic clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(gate_module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def gate(most: int = 8, per_second: float | None = None) -> Gate:
    built = Gate()
    built.set_pace(SOURCE, most, per_second)
    return built


def entered(built: Gate, holders: range | list[str], worker: str = "worker-1") -> list[str]:
    """Those that were let in."""
    names = [holder if isinstance(holder, str) else f"{worker}/{holder}" for holder in holders]
    return [name for name in names if built.enter(SOURCE, name) == 0]


def test_no_more_than_the_most_get_in_and_the_others_are_told_when_to_ask_again(clock: Clock) -> None:
    built = gate(most=3)
    inside = entered(built, range(5))
    assert len(inside) == 3
    assert built.enter(SOURCE, "worker-1/9") == FULL_SECONDS
    built.leave(SOURCE, inside[0], False, 0.0)
    assert built.enter(SOURCE, "worker-1/9") == 0


def test_a_pause_holds_for_everybody_until_its_last_moment(clock: Clock) -> None:
    built = gate()
    first, *_ = entered(built, range(2))
    built.leave(SOURCE, first, True, 30.0)
    assert built.enter(SOURCE, "worker-2/0") == 30.0
    clock.now += 29.5
    assert built.enter(SOURCE, "worker-3/0") == 0.5
    clock.now += 0.5
    assert built.enter(SOURCE, "worker-3/0") == 0


def test_a_shorter_pause_does_not_end_a_longer_one(clock: Clock) -> None:
    built = gate()
    first, second = entered(built, range(2))
    built.leave(SOURCE, first, True, 30.0)
    built.leave(SOURCE, second, True, 1.0)
    assert built.enter(SOURCE, "worker-2/0") == 30.0


def test_a_storm_of_refusals_halves_once_and_a_refusal_after_it_halves_again(clock: Clock) -> None:
    built = gate(most=8)
    for holder in entered(built, range(8)):
        built.leave(SOURCE, holder, True, 0.0)
    clock.now += 0.1
    inside = entered(built, range(8))
    assert len(inside) == 4
    clock.now += 0.1
    for holder in inside:
        built.leave(SOURCE, holder, True, 0.0)
    clock.now += 0.1
    assert len(entered(built, range(8))) == 2


def test_one_always_gets_in(clock: Clock) -> None:
    built = gate(most=2)
    for _ in range(10):
        clock.now += HALVING_PAUSE_SECONDS + 1
        (holder,) = entered(built, range(8))[:1]
        built.leave(SOURCE, holder, True, 0.0)
        built.forget("worker-1")
    assert len(entered(built, range(8))) == 1


def test_what_was_lost_is_won_back_one_place_for_each_full_round(clock: Clock) -> None:
    built = gate(most=8)
    first, *others = entered(built, range(8))
    built.leave(SOURCE, first, True, 0.0)
    built.forget("worker-1")
    assert len(others) == 7
    widths = []
    for _ in range(12):
        clock.now += 1
        inside = entered(built, range(20))
        widths.append(len(inside))
        for holder in inside:
            built.leave(SOURCE, holder, False, 0.0)
    assert widths[0] == 4
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(widths))
    assert widths[-1] == 8


def test_answers_to_what_was_asked_before_a_pause_win_nothing_back(clock: Clock) -> None:
    built = gate(most=8)
    first, *others = entered(built, range(8))
    clock.now += 1
    built.leave(SOURCE, first, True, 0.0)
    for holder in others:
        built.leave(SOURCE, holder, False, 0.0)
    assert len(entered(built, range(8))) == 4


def test_the_places_of_a_dead_worker_are_free_and_only_its_own(clock: Clock) -> None:
    built = gate(most=3)
    entered(built, ["worker-1/0", "worker-1/1", "worker-11/0"])
    built.forget("worker-1")
    assert len(entered(built, range(5), worker="worker-2")) == 2


def test_so_many_requests_a_second_and_no_more(clock: Clock) -> None:
    built = gate(most=100, per_second=4)
    let_in = 0
    for step in range(400):
        wait_seconds = built.enter(SOURCE, f"worker-1/{step}")
        let_in += wait_seconds == 0
        assert wait_seconds <= 0.25
        clock.now += 0.01
    assert 15 <= let_in <= 17


def test_further_requests_of_a_report_keep_the_same_pace_and_take_no_place(clock: Clock) -> None:
    built = gate(most=1, per_second=2)
    assert entered(built, ["worker-1/0"]) == ["worker-1/0"]
    sent = 0
    for _ in range(100):
        wait_seconds = built.turn(SOURCE)
        assert wait_seconds <= 0.5
        sent += wait_seconds == 0
        clock.now += 0.05
    assert 9 <= sent <= 11
    assert built.enter(SOURCE, "worker-2/0") == FULL_SECONDS


def test_reports_and_their_further_requests_share_one_pace(clock: Clock) -> None:
    built = gate(most=100, per_second=1)
    assert built.turn(SOURCE) == 0
    assert built.enter(SOURCE, "worker-1/0") == 1.0
    clock.now += 1
    assert built.enter(SOURCE, "worker-1/0") == 0
    assert built.turn(SOURCE) == 1.0


def test_a_pause_holds_for_further_requests_too(clock: Clock) -> None:
    built = gate()
    first, _ = entered(built, range(2))
    built.leave(SOURCE, first, True, 30.0)
    assert built.turn(SOURCE) == 30.0


def test_chance_lies_between_reports_and_holds_up_no_request_of_one(clock: Clock) -> None:
    built = Gate()
    built.set_pace(SOURCE, 100, None, 10.0)
    waits = []
    for number in range(300):
        assert built.enter(SOURCE, f"worker-1/{number}") == 0
        assert built.turn(SOURCE) == 0
        wait_seconds = built.enter(SOURCE, "worker-2/0")
        assert 0 <= wait_seconds <= 10
        waits.append(wait_seconds)
        built.leave(SOURCE, f"worker-1/{number}", False, 0.0)
        clock.now += 11
    assert max(waits) > 8
    assert sum(waits) / len(waits) == pytest.approx(5.0, abs=1.5)


def test_a_place_that_was_never_given_back_is_not_held_against_its_holder(clock: Clock) -> None:
    """As after a connector that broke in a way in which nothing more could be said."""
    built = gate(most=1)
    assert built.enter(SOURCE, "worker-1/0") == 0
    assert built.enter(SOURCE, "worker-1/0") == 0
    assert built.enter(SOURCE, "worker-1/1") == FULL_SECONDS


def test_a_source_has_its_own_pace(clock: Clock) -> None:
    built = gate(most=1)
    built.set_pace("another", 1, None)
    assert entered(built, ["worker-1/0"]) == ["worker-1/0"]
    assert built.enter("another", "worker-1/0") == 0
    built.leave(SOURCE, "worker-1/0", True, 60.0)
    built.leave("another", "worker-1/0", False, 0.0)
    assert built.enter("another", "worker-1/1") == 0


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["enter", "ok", "slow", "die"]), st.floats(0, 3))))
def test_whatever_happens_the_gate_never_lets_in_too_many_and_never_stays_shut(
    happened: list[tuple[int, str, float]],
) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_module, "time", SimpleNamespace(monotonic=clock.monotonic))
        built, inside = gate(most=4), set()
        for number, what, seconds in happened:
            holder = f"worker-{number % 3}/{number}"
            clock.now += seconds / 10
            if what == "die":
                built.forget(f"worker-{number % 3}")
                inside = {each for each in inside if not each.startswith(f"worker-{number % 3}/")}
            elif what == "enter" and holder not in inside:
                if built.enter(SOURCE, holder) == 0:
                    inside.add(holder)
            elif holder in inside:
                built.leave(SOURCE, holder, what == "slow", seconds)
                inside.discard(holder)
            assert len(inside) <= 4
        for holder in inside:
            built.leave(SOURCE, holder, False, 0.0)
        clock.now += 10
        assert built.enter(SOURCE, "worker-9/0") == 0
