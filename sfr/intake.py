"""What a source writes into: the staged files of one try at one report, and the point where the next try may go on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress

from sfr.errors import DeliveryError, ReportError
from sfr.staging import StagedFile
from sfr.unfinished import Mark, Unfinished

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
        self._kept: Mark | None = None
        self._saved_at = time.monotonic()
        self._began: str | None = ""  # None where this try threw away what was there
        self._point, self._unread = "", False
        self.has_known_header = False  # the one of last time, as nothing came
        self.main = stage("")
        self.others: dict[str, Intake] = {}  # by the end of the file's name
        self._by_label: dict[str, Intake] = {}
        try:
            self._resume()
        except BaseException:
            self.discard()
            raise

    @property
    def validator(self) -> str:
        return self._find_validator()

    @property
    def point(self) -> str:
        self._unread = False
        return self._point

    @property
    def advanced(self) -> bool:
        """Whether this try, from where it began, came to a further point."""
        return self._kept is not None and self._began is not None and self._kept.point != self._began

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
        self.begin_anew_if_unread()
        return self.main.write(data)

    def keep(self, point: str) -> None:
        if self.others:  # what is in them could not be gone on with: the next try begins at the beginning
            self._kept = None
            self.forget()
            return
        self._kept = Mark(point, self.main.bytes, self.main.sha256)
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def begin_anew_if_unread(self) -> None:
        """A source that did not ask for the point has not gone on from it, and what is there is not of its file."""
        if self._unread:
            self.restart()

    def restart(self) -> None:
        self.discard()
        self.forget()
        if self._kept is not None:
            self._began = None
        self._point, self._unread, self._kept = "", False, None
        self.main, self.others, self._by_label = self._stage(""), {}, {}

    def another(self, label: str) -> Intake:
        if label not in self._by_label:
            end = self._unused(re.sub(r"[^\w-]+", "-", label).strip("-")[:_LONGEST_LABEL].rstrip("-") or "more")
            self.others[end] = self._by_label[label] = Intake(lambda _: self._stage(end))
        return self._by_label[label]

    def _unused(self, end: str) -> str:
        """Another label never leads to a file that is there, also where letter case does not count."""
        taken = {each.casefold() for each in self.others}
        number, found = 1, end
        while found.casefold() in taken:
            number += 1
            found = f"{end}-{number}"
        return found

    def save(self) -> None:
        """Put what was kept where a crash does not reach it."""
        self._saved_at = time.monotonic()
        if self._unfinished is not None and self._kept is not None and self._kept.point:
            with suppress(DeliveryError):  # a full disk costs the chance to go on, nothing else
                self.main.flush()
                self._unfinished.save(self.main.path, self._kept)

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
        """Take over what an earlier try kept, unless it is not what was written then."""
        mark = self._unfinished.load() if self._unfinished is not None else None
        if mark is None or self._unfinished is None:
            return
        try:
            for piece in self._unfinished.pieces(mark.bytes):
                self.main.write(piece)
        except (OSError, ReportError):
            self.restart()
            return
        if (self.main.bytes, self.main.sha256) == (mark.bytes, mark.sha256):
            self._point, self._began, self._kept = mark.point, mark.point, mark
            self._unread = bool(mark.point)
        else:
            self.restart()
