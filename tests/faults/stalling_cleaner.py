"""A cleaner of a user's that stands still for as long as a test wants."""

from __future__ import annotations

from pathlib import Path

FUNCTION = "input/clean.py:slowly"
_CODE = """
import pathlib, time

def slowly(frame, report):
    here = pathlib.Path({folder!r})
    (here / "reached").touch()
    while (here / "stall").exists():
        time.sleep(0.05)
    return frame
"""


class StallingCleaner:
    """Stands still when a run comes to it, until `go_on`; a list names it as FUNCTION."""

    def __init__(self, folder: Path) -> None:
        self._reached, self._stall = folder / "reached", folder / "stall"
        self._stall.touch()
        (folder / "input" / "clean.py").write_text(_CODE.format(folder=str(folder)), encoding="utf-8")

    def is_reached(self) -> bool:
        return self._reached.exists()

    def go_on(self) -> None:
        self._stall.unlink()
