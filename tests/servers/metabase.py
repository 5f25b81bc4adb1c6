"""A small Metabase on a real socket: logins that are counted, keys, questions, dashboards, public links, exports."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.metabase_model import Card, Dashboard, Ending, ended, written
from tests.servers.metabase_state import KEY, PASSWORD, USER, Asked, Refused, State

__all__ = ["KEY", "PASSWORD", "USER", "Card", "Dashboard", "Ending", "Metabase", "Refused"]

UUID = r"[0-9a-f-]{36}"


class Metabase(State):
    """`with Metabase(cards=[…]) as server`: a `State` that answers at `url`."""

    def __init__(self, cards: list[Card] | None = None, dashboards: list[Dashboard] | None = None) -> None:
        super().__init__(cards, dashboards)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": self}))
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    model: Metabase
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_json = "json" in headers.get("content-type", "")
        query = urlsplit(self.path).query if self.command == "GET" else body.decode()
        fields = {} if is_json else {name: values[0] for name, values in parse_qs(query).items()}
        asked = Asked(self.command, self.path, headers, fields)
        self.model.asked.append(asked)
        with suppress(ConnectionError):
            try:
                if self.model.refusals:
                    raise self.model.refusals.pop(0)
                self._route(asked, json.loads(body) if is_json else {})
            except Refused as refused:
                self._say(refused.status, refused.body, refused.headers)

    def _route(self, asked: Asked, body: dict[str, Any]) -> None:
        path = urlsplit(asked.path).path
        if path.startswith("/api/public/") and not self.model.public_sharing:
            raise Refused(400, "Public sharing is not enabled.")
        for pattern, is_open, handle in _ROUTES:
            if found := re.fullmatch(pattern, f"{asked.method} {path}"):
                if not is_open:
                    self.model.must_know(asked)
                handle(self, asked, body, *found.groups())
                return
        if path.startswith("/api/"):
            raise Refused(404, "API endpoint does not exist.")
        self._say(200, "<!doctype html><title>Metabase</title>", {})

    def _say(self, status: int, body: Any, headers: dict[str, str]) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "application/json" if not isinstance(body, str) else "text/html" if text[:1] == "<" else "text/plain"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(text.encode())), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def export(self, asked: Asked, card: Card, values: dict[str, Any]) -> None:
        ending = card.next_ending()
        card.reached.set()
        if card.gate:
            card.gate.wait(30)
        if ending is Ending.PROXY_504:
            raise Refused(504, "<html><title>504 Gateway Time-out</title></html>")
        if ending is Ending.PORTAL:
            raise Refused(200, "<html><title>Sign in to Acme</title></html>")
        formatted = asked.fields.get("format_rows", "true" if self.model.formats_unasked else "false") == "true"
        rows = card.selected(values)[: self.model.row_limit]
        csv = card.body if card.body is not None else written(card.columns, rows, self.model.separator, formatted)
        if self.model.mark or asked.fields.get("csv_include_bom") == "true":
            csv = b"\xef\xbb\xbf" + csv
        self._stream(ended(csv, ending, card.failure), ending)

    def _stream(self, body: bytes, ending: Ending) -> None:
        packs = self.model.packs and "gzip" in self.headers.get("Accept-Encoding", "")
        status = {Ending.FAILED_500: 500, Ending.FAILED_ACCEPTED: 202}.get(ending, 200)
        self.send_response(status)
        self.send_header("Content-Type", "text/csv" if status == 200 else "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        if packs:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        sent = gzip.compress(body) if packs else body
        if ending is Ending.CUT_PACKED:
            sent = sent[:-9]
        for start in range(0, len(sent), size := 65536):
            piece = sent[start : start + size]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if ending is not Ending.BROKEN:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


def _parameters(asked: Asked) -> list[Any]:
    return list(json.loads(asked.fields.get("parameters", "[]")))


def _question(handler: _Handler, asked: Asked, _body: Any, key: str) -> None:
    card = handler.model.card(key)
    handler.export(asked, card, handler.model.tag_values(card, _parameters(asked)))


def _placed(handler: _Handler, asked: Asked, _body: Any, board: str, place: str, card: str) -> None:
    handler.model.card(card)
    found = handler.model.placed(handler.model.dashboard(board), place, card, _parameters(asked))
    handler.export(asked, *found)


def _ad_hoc(handler: _Handler, asked: Asked, _body: Any) -> None:
    """Runs the query of the card whose SQL it is; the text `select 1` gives one row."""
    query = json.loads(asked.fields["query"])
    if not isinstance(query, dict):
        raise Refused(400, {"errors": {"query": "value must be a map."}})
    sql = query["native"]["query"]
    values = {item["target"][1][1]: item["value"] for item in query.get("parameters", [])}
    columns, rows = (("sql", *values), ((sql, *values.values()),))
    handler.export(asked, Card("ad hoc", columns, rows), {})


def _json(value: Callable[..., Any]) -> Callable[..., None]:
    return lambda handler, asked, body, *groups: handler._say(200, value(handler.model, asked, body, *groups), {})


_ROUTES: tuple[tuple[str, bool, Callable[..., None]], ...] = (
    ("GET /api/health", True, _json(lambda *_: {"status": "ok"})),
    ("POST /api/session", True, _json(lambda model, _, body: model.log_in(body))),
    ("GET /api/session/properties", True, _json(
        lambda model, *_: {"download-row-limit": model.row_limit} if model.tells_row_limit else {})),
    ("GET /api/user/current", False, _json(lambda *_: {"id": 1, "email": USER})),
    ("GET /api/search", False, _json(lambda model, asked, _: model.found(asked))),
    ("GET /api/card", False, _json(lambda model, *_: [card.described() for card in model.cards])),
    ("GET /api/dashboard", False, _json(lambda model, *_: [board.described() for board in model.dashboards])),
    (r"GET /api/card/(\d+)", False, _json(lambda model, _a, _b, key: model.card(key).described())),
    (r"GET /api/dashboard/(\d+)", False, _json(lambda model, _a, _b, key: model.dashboard(key).described())),
    (rf"GET /api/public/card/({UUID})", True, _json(lambda model, _a, _b, key: model.card(key).described())),
    (rf"GET /api/public/dashboard/({UUID})", True, _json(
        lambda model, _a, _b, key: model.dashboard(key).described())),
    (r"POST /api/card/(\d+)/query/csv", False, _question),
    (rf"GET /api/public/card/({UUID})/query/csv", True, _question),
    (r"POST /api/dashboard/(\d+)/dashcard/(\d+)/card/(\d+)/query/csv", False, _placed),
    (rf"POST /api/public/dashboard/({UUID})/dashcard/(\d+)/card/(\d+)/csv", True, _placed),
    ("POST /api/dataset/csv", False, _ad_hoc),
)  # fmt: skip
