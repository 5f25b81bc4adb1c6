"""A place in memory to fetch into."""

from __future__ import annotations


class Tray:
    """A `Sink` in memory, for tests.

    `data` is what was written, `others` are the further files by label. `point` and `validator` are what the source
    finds; `kept` are the points that it kept, in order, each with the number of bytes that were there.
    """

    def __init__(self, data: bytes = b"", point: str = "", validator: str = "") -> None:
        self.data = bytearray(data)
        self.point, self.validator = point, validator
        self.kept: list[tuple[str, int]] = []
        self.others: dict[str, Tray] = {}

    def write(self, data: bytes | memoryview, /) -> int:
        self.data += data
        return len(data)

    def keep(self, point: str) -> None:
        self.kept.append((point, len(self.data)))

    def restart(self) -> None:
        self.data.clear()
        self.kept.clear()
        self.point = ""

    def another(self, label: str) -> Tray:
        return self.others.setdefault(label, Tray())

    def resumed(self) -> Tray:
        """What the next try would be given after a failure: everything up to the last point that was kept."""
        point, size = self.kept[-1] if self.kept else ("", 0)
        return Tray(bytes(self.data[:size]), point, self.validator)
