"""Checks what workers share beside the pace: the session and its generations, the board, the flag."""

from __future__ import annotations

import pickle

from sfr.connector import Session
from sfr.model import Phase, Snapshot
from sfr.pool.shared import ProgressBoard, SessionDesk, StopFlag

SOURCE = "org"


def desk() -> SessionDesk:
    built = SessionDesk()
    built.publish(SOURCE, Session("first", 1))
    return built


def test_a_session_is_lost_once_however_many_say_so_and_not_after_it_was_replaced() -> None:
    built = desk()
    assert built.lost() == {}
    for _ in range(8):
        built.lose(SOURCE, 1)
    assert built.lost() == {SOURCE: 1}
    built.publish(SOURCE, Session("second", 2))
    assert built.lost() == {}
    built.lose(SOURCE, 1)  # somebody was late
    assert built.lost() == {}
    assert built.current(SOURCE) == Session("second", 2)
    built.lose(SOURCE, 2)
    assert built.lost() == {SOURCE: 2}


def test_a_session_that_is_given_up_is_no_longer_asked_for() -> None:
    built = desk()
    assert built.gone(SOURCE) is None
    built.lose(SOURCE, 1)
    built.give_up(SOURCE, "nobody can answer")
    assert built.lost() == {}
    assert built.gone(SOURCE) == ("nobody can answer", "")


def test_a_session_does_not_show_its_value() -> None:
    session = Session("00D000000000001!secret", 3)
    assert "secret" not in f"{session!r}{session}{[session]}"
    assert pickle.loads(pickle.dumps(session)) == session


def test_the_board_shows_the_latest_of_each_worker_and_nothing_of_the_dead() -> None:
    board = ProgressBoard()
    old, new, other = (Snapshot(job, Phase.TRANSFER, 1.0, size) for job, size in (("a", 1), ("a", 2), ("b", 3)))
    board.post("worker-1", [old])
    board.post("worker-2", [other])
    board.post("worker-1", [new])
    assert board.snapshots() == [new, other]
    board.forget("worker-1")
    board.forget("worker-7")
    assert board.snapshots() == [other]


def test_the_flag_stays_up() -> None:
    flag = StopFlag()
    assert not flag.is_up()
    flag.put_up()
    flag.put_up()
    assert flag.is_up()
