"""Knows how a request becomes an Exchange and who answers it; owns the org's sockets and threads."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from sfr.demo.doors import Policy, open_door
from sfr.demo.exchange import Behaviour, Exchange, Hangup
from sfr.demo.memory import Memory, Received
from sfr.demo.refusals import NotFound, SessionExpired

Plan = Mapping[str, Behaviour | Sequence[Behaviour]]

_REPORT_PATH = re.compile(r"/([0-9A-Za-z]{15})(?:[0-9A-Za-z]{3})?")
_MAXIMUM_FORM_BYTES = 64 * 1024
# On Windows the two members are unsigned short, elsewhere int.
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def report_key(report_id: str) -> str:
    """The 15 characters by which the org counts; an 18-character id only adds a checksum."""
    return report_id[:15]


class OrgServer(ThreadingHTTPServer):
    """A thread per connection. Raises OSError when the address is taken."""

    daemon_threads = True
    request_queue_size = 512
    # Windows would let two servers share a port; elsewhere it only skips the wait after a restart.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, address: tuple[str, int], plan: Plan, policy: Policy, memory: Memory) -> None:
        self.plan = {report_key(report_id): _in_order(entry) for report_id, entry in plan.items()}
        self.policy = policy
        self.memory = memory
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for its own name here, which takes seconds on some machines.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are part of the plan; any other error is a mistake of this package and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Wake every thread that waits for its client."""
        with self._open_lock:
            for connection in self._open:
                # The client or the thread may have closed it just now.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def route(self, exchange: Exchange) -> None:
        """Let the right behaviour or door answer."""
        match = _REPORT_PATH.fullmatch(exchange.request.path)
        if match is None:
            open_door(exchange, self.policy)
            return
        exchange.running = self.memory.enter()
        try:
            self._answer_report(exchange, match[1])
        finally:
            exchange.end()

    def _answer_report(self, exchange: Exchange, key: str) -> None:
        behaviours = self.plan.get(key, (NotFound(),))
        upcoming = _pick(behaviours, self.memory.count(key) + 1)
        if not upcoming.before_session and not self.memory.let_in(exchange.request.sid):
            SessionExpired().answer(exchange)
        else:
            _pick(behaviours, self.memory.next_attempt(key)).answer(exchange)


def _in_order(entry: Behaviour | Sequence[Behaviour]) -> tuple[Behaviour, ...]:
    return (entry,) if isinstance(entry, Behaviour) else tuple(entry)


def _pick(behaviours: Sequence[Behaviour], attempt: int) -> Behaviour:
    return behaviours[min(attempt, len(behaviours)) - 1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: OrgServer

    def handle(self) -> None:
        try:
            super().handle()
        except Hangup as hangup:
            if hangup.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                self.rfile.close()
                self.connection.close()

    def do_GET(self) -> None:
        form = self._form()
        received = self._received()
        self.server.memory.note(received)
        self.server.route(Exchange(received, form, self.connection, self.server.memory))

    do_POST = do_GET  # noqa: N815 - the name is the base class's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: `Memory` keeps the log."""

    def _form(self) -> dict[str, str]:
        length_text = self.headers.get("Content-Length", "")
        length = int(length_text) if length_text.isdecimal() else 0
        if length > _MAXIMUM_FORM_BYTES:
            raise Hangup
        return dict(parse_qsl(self.rfile.read(length).decode("utf-8", "replace"), keep_blank_values=True))

    def _received(self) -> Received:
        cookies = _cookies(self.headers.get_all("Cookie") or [])
        sid = cookies.pop("sid", "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = self.headers.get("Host", "")
        return Received(self.command, self.path, host, time.time(), sid, cookies, headers)


def _cookies(lines: Sequence[str]) -> dict[str, str]:
    """Name → value; of two cookies with one name the first counts."""
    cookies: dict[str, str] = {}
    for pair in ";".join(lines).split(";"):
        name, _, value = pair.strip().partition("=")
        if name:
            cookies.setdefault(name, value)
    return cookies
