"""What somebody who looks at a run wants to be told; a terminal, a log or a program implements it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sfr.model import Result, Run, Snapshot


class Watcher(Protocol):
    """Told about a run by the engine, always from the main thread of the parent process."""

    def begin(self, run: Run, names: dict[str, str]) -> None:
        """A run starts; `names` maps each job id to its file name, in list order."""
        ...

    def update(self, running: Sequence[Snapshot]) -> None:
        """Several times a second: the jobs that run just now. Must return at once."""
        ...

    def settled(self, result: Result) -> None:
        """A job has ended."""
        ...

    def notice(self, text: str) -> None:
        """Something a person should know: the session was renewed, a worker died, the server asked for a pause."""
        ...

    def pause(self) -> None:
        """Leave the terminal alone until `resume`: somebody is being asked something."""
        ...

    def resume(self) -> None: ...

    def end(self) -> None:
        """The run is over; restore the terminal."""
        ...
