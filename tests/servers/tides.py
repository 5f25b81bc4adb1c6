"""A server of tide readings that runs here: the invented JSON API of the walk-through, with paging and a key."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "tides-key-5ecret"


@dataclass
class TidesState:
    """What the server knows and how it answers: readings by station, page size, a cut at that page (0: none)."""

    stations: dict[str, list[dict[str, Any]]]
    page_rows: int = 3
    cut_page: int = 0
    statuses: list[int] = field(default_factory=list)  # for the next answers, instead of the right ones
    asked: list[str] = field(default_factory=list)


class TidesServer:
    """Listens on loopback while its block lasts; `state` may be changed at any time."""

    def __init__(self, stations: dict[str, list[dict[str, Any]]], **options: Any) -> None:
        self.state = TidesState(stations, **options)
        handler = type("Handler", (_Handler,), {"state": self.state})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: TidesState

    def do_GET(self) -> None:
        self.state.asked.append(self.path)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        words = [unquote(word) for word in parts.path.strip("/").split("/")]
        if self.state.statuses:
            self._send(self.state.statuses.pop(0), {"error": "not now"})
        elif self.headers.get("X-Api-Key") != KEY:
            self._send(401, {"error": "unknown key"})
        elif words == ["v1", "stations"]:
            self._send(200, {"stations": [{"id": each, "name": f"Station {each}"} for each in self.state.stations]})
        elif len(words) == 4 and words[2] in self.state.stations:
            self._send_page(self.state.stations[words[2]], query)
        else:
            self._send(404, {"error": "no such station"})

    def _send_page(self, readings: list[dict[str, Any]], query: dict[str, str]) -> None:
        start, end = query.get("from", ""), query.get("to", "9999")
        found = [reading for reading in readings if start <= reading["time"] < end]
        page, size = int(query.get("page", 1)), self.state.page_rows
        pages = max(1, -(-len(found) // size))
        rows = found[(page - 1) * size : page * size]
        answer = {"readings": rows, "page": page, "pages": pages, "total": len(found)}
        self._send(200, answer, cut=page == self.state.cut_page)

    def _send(self, status: int, answer: Any, *, cut: bool = False) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""
