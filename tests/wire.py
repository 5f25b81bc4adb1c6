"""Servers that write exactly the bytes a test wants, and a plain proxy: for what a well-behaved server cannot show."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit

Script = Callable[[socket.socket], None]


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer that leaves the connection open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*pieces: bytes, headers: str = "") -> bytes:
    """The head and the pieces of a chunked answer, without its end."""
    head = f"HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


LAST_CHUNK = b"0\r\n\r\n"


def reset(connection: socket.socket) -> None:
    """End with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silence(connection: socket.socket) -> None:
    """Say nothing until the other side leaves."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def without_end(piece: bytes) -> Script:
    """Send `piece` over and over until the other side leaves."""

    def send(connection: socket.socket) -> None:
        while True:
            connection.sendall(piece)

    return send


class Wire:
    """Answers each request with the next step, the last one for ever: bytes keep the connection, scripts end it."""

    def __init__(
        self, *steps: bytes | tuple[bytes, Script], address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self._steps = steps
        self._tls = tls
        self._listening = socket.create_server((address, 0))
        self._open: list[socket.socket] = []
        self.port = self._listening.getsockname()[1]
        self.host = f"{address}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                while head := _head(connection):
                    self.heads.append(head)
                    self._answer(connection, head)

    def _answer(self, connection: socket.socket, head: str) -> None:
        step = self._steps[min(len(self.heads), len(self._steps)) - 1]
        if isinstance(step, bytes):
            connection.sendall(step)
        else:
            connection.sendall(step[0])
            step[1](connection)
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # only Linux needs this to wake the thread that accepts
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
        head += piece
    return head.decode("latin-1") if b"\r\n\r\n" in head else ""


class Proxy(Wire):
    """Passes requests on: to the `address` of a name from `names`, else to where they ask to go."""

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self._names = names or {}
        super().__init__(b"")

    def _answer(self, connection: socket.socket, head: str) -> None:
        method, target, _ = head.split(" ", 2)
        place = target if method == "CONNECT" else urlsplit(target).netloc
        place = self._names.get(place, place)
        host, port = place.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            if method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(there, connection), daemon=True)
                back.start()
                _pump(connection, there)
                back.join()
            else:
                there.sendall(head.replace(" HTTP/1.1\r\n", " HTTP/1.1\r\nConnection: close\r\n", 1).encode("latin-1"))
                there.shutdown(socket.SHUT_WR)
                _pump(there, connection)
        connection.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def field(head: str, name: str) -> str:
    """A header field of a request as it arrived; "" without one."""
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return ""


@contextlib.contextmanager
def one_connection(script: Script) -> Iterator[int]:
    """A port whose only connection is given to `script`, whatever the client says first."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                script(connection)

        with other_thread(serve):
            yield listening.getsockname()[1]


@contextlib.contextmanager
def other_thread(work: Callable[[], None]) -> Iterator[None]:
    """Do `work` in another thread meanwhile."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)
        assert not thread.is_alive()


@contextlib.contextmanager
def repeated(work: Callable[[], None], begun: Callable[[], bool]) -> Iterator[None]:
    """Do `work` in another thread over and over meanwhile, once it has `begun`."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(0.005):
            if begun():
                work()

    with other_thread(repeat):
        try:
            yield
        finally:
            done.set()
