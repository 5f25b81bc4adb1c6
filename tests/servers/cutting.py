"""A connection in the middle of the way to a server, which can break at any moment, once or for good."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class CuttingProxy:
    """Hands bytes on between `url` and the server of `target`, byte for byte."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._broken = False
        self.connections = 0
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break all connections; new ones break at once, until `mend`."""
        self._broken = True
        self.cut_once()

    def cut_once(self) -> None:
        """Break the connections that there are now."""
        for each in list(self._open):
            with suppress(OSError):  # it ended by itself
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._broken = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # the end
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                if self._broken:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._hand_on, args=(source, sink), daemon=True).start()

    def _hand_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # a broken connection, which is the point
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            self._open.discard(each)
