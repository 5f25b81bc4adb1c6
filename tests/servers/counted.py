"""A server of small files that takes its time and counts: when each request came, and how many were there at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.servers.files import Asked, FileServer, Reply

CSV = b"id,name\n1,Anna\n2,Otto\n"


@dataclass
class Counted:
    """Answers every file of a folder alike; `slow` is released by the test, or answers after `seconds`."""

    seconds: float = 0.0
    body: bytes = CSV
    status: int = 200
    times: list[float] = field(default_factory=list)
    most: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    held: bool = False
    _inside: Counter[str] = field(default_factory=Counter)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Reply:
        with self._mutex:
            self.times.append(time.monotonic())
            self._inside["now"] += 1
            self.most = max(self.most, self._inside["now"])
        if self.held:
            self.released.wait(60)
        time.sleep(self.seconds)
        with self._mutex:
            self._inside["now"] -= 1
        return Reply(self.body, self.status)


def serve(server: FileServer, prefix: str, counted: Counted, count: int) -> list[str]:
    """Put `count` files there; returns their addresses."""
    return [server.put(f"{prefix}/{number}.csv", counted) for number in range(count)]
