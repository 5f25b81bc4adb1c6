"""A place in memory to fetch into."""

from __future__ import annotations


class Tray:
    """A `Sink` in memory, for tests.

    `data` is what was written, `others` are the further files by label. `point` and `validator` are what the source
    finds; `kept` are the points that it kept, in order, each with the number of bytes that were there.
    """

    def __init__(self, data: bytes = b"", point: str = "", validator: str = "") -> None:
        self.data = bytearray(data)
        self._point, self._unread, self.validator = point, bool(point), validator
        self.kept: list[tuple[str, int]] = []
        self.others: dict[str, Tray] = {}

    @property
    def point(self) -> str:
        self._unread = False
        return self._point

    @point.setter
    def point(self, point: str) -> None:
        self._point, self._unread = point, bool(point)

    def write(self, data: bytes | memoryview, /) -> int:
        if self._unread:  # as in a run: who has not asked for the point begins anew
            self.restart()
        self.data += data
        return len(data)

    def keep(self, point: str) -> None:
        self.kept.append((point, len(self.data)))

    def restart(self) -> None:
        self.data.clear()
        self.kept.clear()
        self.others.clear()
        self._point, self._unread = "", False

    def another(self, label: str) -> Tray:
        return self.others.setdefault(label, Tray())

    def resumed(self) -> Tray:
        """What the next try would be given after a failure: everything up to the last point that was kept."""
        point, size = self.kept[-1] if self.kept else ("", 0)
        return Tray(bytes(self.data[:size]), point, self.validator)
