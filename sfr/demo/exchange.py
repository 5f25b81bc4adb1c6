"""Knows how one request is answered on the wire: status line, the edge's usual headers, pages, silence, hanging up."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from http.client import responses
from typing import ClassVar
from urllib.parse import parse_qs, quote

from sfr.demo.memory import Memory, Received

HTML = "text/html;charset=UTF-8"
JSON = "application/json;charset=UTF-8"
NO_STORE = ("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")

Headers = Iterable[tuple[str, str]]


class Hangup(Exception):
    """The connection ends now, in order or (with `reset`) with an RST."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


class Behaviour(ABC):
    """How the org answers a request for one report. A small frozen value that pickles.

    `before_session` is for what stands in front of the org and never looks at the session.
    """

    __slots__ = ()
    before_session: ClassVar[bool] = False

    @abstractmethod
    def answer(self, exchange: Exchange) -> None:
        """Write the answer. May raise Hangup or ConnectionError to end the connection."""


class Exchange:
    """One request and the means to answer it. `running` counts the reports being answered when this one began."""

    def __init__(
        self, request: Received, form: Mapping[str, str], connection: socket.socket, memory: Memory, running: int = 0
    ) -> None:
        self.request = request
        self.form = form
        self.memory = memory
        self.running = running
        self._connection = connection
        self._deadline = math.inf

    @property
    def origin(self) -> str:
        """Scheme and host under which the client sees this org."""
        return f"http://{self.request.host}"

    @property
    def login_target(self) -> str:
        """Where a browser without a session is sent: the login page that leads back to this request."""
        return "/?ec=302&startURL=" + quote(self.request.target, safe="")

    def value(self, name: str) -> str:
        """A field of the posted form, else of the query, else ''."""
        found = parse_qs(self.request.target.partition("?")[2], keep_blank_values=True).get(name, [""])
        return self.form.get(name, found[0])

    def accepts_gzip(self) -> bool:
        return "gzip" in self.request.headers.get("accept-encoding", "").lower()

    def drop_after(self, seconds: float) -> None:
        """Hang up once `seconds` have passed, whatever is being sent."""
        self._deadline = time.monotonic() + seconds

    def wait(self, seconds: float) -> None:
        """Stay silent. Raises Hangup when the org stops or the deadline comes first."""
        left = self._deadline - time.monotonic()
        if self.memory.stopping.wait(max(0.0, min(seconds, left, threading.TIMEOUT_MAX))) or seconds >= left:
            raise Hangup

    def send(self, data: bytes) -> None:
        """Write raw bytes. Raises Hangup when the org stops or the deadline has passed."""
        if self.memory.stopping.is_set() or time.monotonic() >= self._deadline:
            raise Hangup
        self._connection.sendall(data)

    def head(self, status: int, headers: Headers, *, edge: bool = True) -> bytes:
        """The answer up to the empty line. Without `edge` it comes from some other product in between."""
        lines = [f"HTTP/1.1 {status} {responses[status]}", f"Date: {formatdate(usegmt=True)}"]
        if edge:
            lines += _edge_lines()
        lines += [f"{name}: {_one_line(value)}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def page(
        self, status: int, body: str | bytes, headers: Headers = (), *, content_type: str = HTML, edge: bool = True
    ) -> None:
        """A whole answer of known length that no cache may keep."""
        content = body.encode() if isinstance(body, str) else body
        usual = [("Content-Type", content_type), NO_STORE, ("Content-Length", str(len(content)))]
        self.end()
        self.send(self.head(status, [*usual, *headers], edge=edge) + content)

    def redirect(self, location: str, headers: Headers = ()) -> None:
        """302; a path is made absolute on this org, as the real one does."""
        target = self.origin + location if location.startswith("/") else location
        self.page(302, b"", [("Location", target), *headers])

    def end(self) -> None:
        """Stop counting as running; called before the last bytes, so that a quick client is not counted twice."""
        if self.running:
            self.running = 0
            self.memory.leave()


def _edge_lines() -> list[str]:
    request_id = os.urandom(16).hex()
    return [
        "Server: sfdcedge",
        f"X-SFDC-Request-Id: {request_id}",
        f"X-Request-Id: {request_id}",
        "Strict-Transport-Security: max-age=63072000; includeSubDomains",
        "X-Content-Type-Options: nosniff",
        "Vary: Accept-Encoding",
        f"Set-Cookie: BrowserId={request_id[:22]}; path=/; secure; SameSite=None",
        "Set-Cookie: CookieConsentPolicy=0:1; path=/; secure",
    ]


def _one_line(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")
