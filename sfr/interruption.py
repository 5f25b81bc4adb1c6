"""Knows that somebody wants the run to end: Ctrl-C, a signal, a closed console."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


class Interruption:
    """While entered, the first signal only sets `asked`; a second one acts as it would without us.

    A signal that is ignored stays ignored: so `nohup`, and shells that start something in the background, want it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
        try:
            self._handle_with(self._note)
        except ValueError:
            self._before = {}  # not the main thread: signals are the business of whoever called us
        return self

    def __exit__(self, *error: object) -> None:
        self._stop_listening()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """For a while a signal raises KeyboardInterrupt, so that it can end a question; at once if one has come."""
        self._handle_with(self._break_in)
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._handle_with(self._note)

    def _handle_with(self, handler: Callable[[int, FrameType | None], None]) -> None:
        for number in self._before:
            signal.signal(number, handler)

    def _stop_listening(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before = {}

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._stop_listening()

    def _break_in(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._stop_listening()
        raise KeyboardInterrupt
