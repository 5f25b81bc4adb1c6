"""A server of one large file with ranges and a strong tag, which stops in the middle: cuts, or waits to be released."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.listening import HttpServer


class StallingServer(HttpServer):
    """`stop_after_bytes` of each answer it stops; `cuts` says whether it hangs up then. `asked` are the ranges that
    were asked for, "" for the whole file; `ended` are sizes of complete answers."""

    def __init__(self, body: bytes, stop_after_bytes: int | None = None, *, cuts: bool = True) -> None:
        self.body, self.etag = body, '"one"'
        self.stop_after_bytes, self.cuts = stop_after_bytes, cuts
        self.asked: list[str] = []
        self.paths: list[str] = []
        self.stopped = threading.Event()
        self.released = threading.Event()
        super().__init__(type("Handler", (_Handler,), {"place": self}))
        self.url += "/large.csv"

    def go_on(self) -> None:
        """From now on nothing stops."""
        self.stop_after_bytes = None
        self.released.set()

    def __exit__(self, *_: object) -> None:
        self.released.set()
        super().__exit__()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place: StallingServer

    def do_GET(self) -> None:
        place = self.place
        wanted = self.headers.get("Range", "")
        place.asked.append(wanted)
        place.paths.append(self.path)
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        start = int(found[1]) if found and self.headers.get("If-Range") == place.etag else 0
        body, total = place.body[start:], len(place.body)
        self.send_response(206 if start else 200)
        self.send_header("ETag", place.etag)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the client was killed
            self._send(body)

    def _send(self, body: bytes) -> None:
        place = self.place
        stop = place.stop_after_bytes
        self.wfile.write(body[:stop])
        if stop is None or len(body) <= stop:
            return
        place.stopped.set()
        if place.cuts:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        place.released.wait(60)
        self.wfile.write(body[stop:])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
