"""Knows that somebody wants the run to end: Ctrl-C, a signal, a closed console."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


class Interruption:
    """While entered, the first signal only sets `asked`; a second one acts as it would without us."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop_listening()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """For a while Ctrl-C raises KeyboardInterrupt as usual, so that it can end a question."""
        self._stop_listening()
        try:
            yield
        finally:
            self._listen()

    def _listen(self) -> None:
        try:
            self._before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        except ValueError:
            self._before = {}  # not the main thread: signals are the business of whoever called us

    def _stop_listening(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before = {}

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._stop_listening()
