"""Knows how a connection is ended from outside, so that nobody waits at it any longer, in whatever thread."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress

_NO_LINGERING = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Line:
    """A driver's socket by its number, with a handle of our own: it never means another connection, even when the
    driver has closed its own."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)

    def cut(self) -> None:
        """Whoever waits there finds a broken line. When the last handle is closed the server is told at once: it would
        else go on trying to send the rows that nobody takes."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()
