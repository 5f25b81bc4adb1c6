"""What a source writes into: the staged files of one try at one report, and the point where the next try may go on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from sfr.staging import StagedFile
from sfr.unfinished import Unfinished

SAVE_SECONDS = 10.0
_LONGEST_LABEL = 80


class Intake:
    """Implements `Sink` over a staged file that `stage` opens for a label, "" for the report itself.

    `unfinished` is where final parts are kept; None keeps nothing. `find_validator` is asked only when the source asks.
    """

    def __init__(
        self,
        stage: Callable[[str], StagedFile],
        unfinished: Unfinished | None = None,
        find_validator: Callable[[], str] = lambda: "",
    ) -> None:
        self._stage, self._unfinished, self._find_validator = stage, unfinished, find_validator
        self._kept = ("", 0)
        self._saved_at = time.monotonic()
        self.point = ""
        self.main = stage("")
        self.others: dict[str, Intake] = {}
        self._resume()

    @property
    def validator(self) -> str:
        return self._find_validator()

    @property
    def kept_point(self) -> str:
        """How far it came: the last point that was kept."""
        return self._kept[0]

    @property
    def files(self) -> list[StagedFile]:
        """The report and its further files."""
        return [self.main, *(other.main for other in self.others.values())]

    @property
    def fingerprint(self) -> str:
        """Equal for two tries that brought the same bytes."""
        return " ".join(file.sha256 for file in self.files)

    @property
    def size(self) -> int:
        """Bytes written so far, all files together."""
        return sum(file.bytes for file in self.files)

    def write(self, data: bytes | memoryview, /) -> int:
        return self.main.write(data)

    def keep(self, point: str) -> None:
        self._kept = (point, self.main.bytes)
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def restart(self) -> None:
        self.discard()
        self.forget()
        self.point, self._kept = "", ("", 0)
        self.main, self.others = self._stage(""), {}

    def another(self, label: str) -> Intake:
        cleaned = re.sub(r"[^\w.-]+", "-", label).strip(".-")[:_LONGEST_LABEL] or "more"
        if cleaned not in self.others:
            self.others[cleaned] = Intake(lambda _: self._stage(cleaned))
        return self.others[cleaned]

    def save(self) -> None:
        """Put what was kept where a crash does not reach it."""
        self._saved_at = time.monotonic()
        point, size = self._kept
        if self._unfinished is not None and point:
            self.main.flush()
            self._unfinished.save(self.main.path, size, point)

    def forget(self) -> None:
        """The next try begins at the beginning."""
        if self._unfinished is not None:
            self._unfinished.forget()

    def close(self) -> None:
        """Close all files; they stay where they are."""
        for file in self.files:
            file.close()

    def discard(self) -> None:
        """Remove all files."""
        for file in self.files:
            file.discard()

    def _resume(self) -> None:
        point, size = self._unfinished.load() if self._unfinished is not None else ("", 0)
        if not point or self._unfinished is None:
            return
        for piece in self._unfinished.pieces(size):
            self.main.write(piece)
        if self.main.bytes == size:
            self.point, self._kept = point, (point, size)
        else:
            self.restart()
