"""Plays what a real Superset cannot be made to answer on demand: failures amid rows, pages, redirects, old versions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CSV = "text/csv; charset=utf-8"
STREAM_ERROR = b"__STREAM_ERROR__:Export failed. Please try again in some time.\n"


@dataclass
class Reply:
    """One answer. `kind` is its Content-Type; `cut` leaves out the end that was `announced`."""

    body: bytes = b""
    status: int = 200
    kind: str = CSV
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    announced: bool = True


def told(value: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(json.dumps(value).encode(), status, "application/json; charset=utf-8")


Decide = Callable[[str, str, Any], Reply | None]


@dataclass
class Faults:
    """A server at `url`. `asked` are the requests so far: method, path and JSON body."""

    url: str
    asked: list[tuple[str, str, Any]]

    def bodies(self, path: str) -> list[Any]:
        """What was posted there."""
        return [body for _, where, body in self.asked if where == path]


@contextmanager
def answering(decide: Decide) -> Iterator[Faults]:
    """`decide` gives the answer to a request; None means the usual one."""
    faults = Faults("", [])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(sent or b"null")
            except ValueError:
                body = sent.decode()
            path = self.path.partition("?")[0]
            faults.asked.append((self.command, path, body))
            reply = decide(self.command, path, body) or _usual(path)
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            if reply.announced:
                self.send_header("Content-Length", str(len(reply.body) + 10 * reply.cut))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.cut or not reply.announced

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    faults.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _usual(path: str) -> Reply:
    if path == "/api/v1/security/login":
        return told({"access_token": "a.b.c", "refresh_token": "r.s.t"})
    if path == "/api/v1/security/csrf_token/":
        return told({"result": "csrf"})
    if path.startswith("/api/v1/chart/") and path != "/api/v1/chart/data":
        query = {"columns": ["id", "name"], "row_limit": 100}
        context = {"datasource": {"id": 1, "type": "table"}, "queries": [query], "form_data": {"row_limit": 100}}
        return told({"result": {"slice_name": "a chart", "query_context": json.dumps(context), "params": "{}"}})
    return told({"message": "Not found"}, 404)
