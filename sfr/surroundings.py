"""What a job needs of the process that it runs in."""

from __future__ import annotations

from typing import Protocol

from sfr.connector import Session
from sfr.errors import AuthError, SfrError
from sfr.model import Phase


class Surroundings(Protocol):
    """What a job needs of the process that it runs in."""

    def session(self, source: str) -> Session: ...

    def await_session(self, source: str, lost: Session, why: AuthError) -> None:
        """Return when a newer session than `lost` is there. Raises AuthError when there will be none."""
        ...

    def enter(self, source: str) -> float:
        """Ask to talk to the source: 0 = go ahead, else the seconds after which to ask again."""
        ...

    def leave(self, source: str, error: SfrError | None) -> None: ...
    def show(self, phase: Phase, attempt: int, note: str = "") -> None: ...
    def progress(self, written_bytes: int) -> None:
        """How much of the report has come. Raises Cancelled when the run is being stopped."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait. Raises Cancelled when the run is being stopped."""
        ...

    def why_aborted(self) -> SfrError | None:
        """The reason, if the process itself broke the transfer off (a stall, too long); asking forgets it."""
        ...
