"""A CAKE instance that runs here: conversions at known times, both forms of answer, every way it is known to fail."""

from __future__ import annotations

import json
import socket
import struct
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from tests.servers.cake_plays import REQUIRED, Asked, Fault
from tests.servers.cake_rows import Conversion, as_json, as_xml, row_of
from tests.servers.listening import HttpServer

KEY = "KEY-5ecret"
LOGIN = ("ada", "pa55word")
CURRENCIES = {1: "USD", 2: "EUR"}


class Cake(HttpServer):
    """`ends` is "half-open" or "inclusive"; `stores` is "utc" or "wall": what a time within the hour that the clock
    shows twice means. `most_rows` is a limit of its own, `first_row` what it calls the first row."""

    def __init__(
        self,
        conversions: Sequence[Conversion] = (),
        *,
        zone: str = "UTC",
        stores: str = "utc",
        ends: str = "half-open",
        most_rows: int = 10**9,
        first_row: int = 0,
        fault: Callable[[Asked], Fault | None] = lambda _asked: None,
        row: Callable[[Conversion], dict[str, Any]] = row_of,
        tells_count: bool = True,
    ) -> None:
        self.zone, self.stores, self.ends = ZoneInfo(zone), stores, ends
        self.most_rows, self.first_row = most_rows, first_row
        self.fault, self.row, self.tells_count = fault, row, tells_count
        self.asked: list[Asked] = []
        self.paths: list[str] = []
        self.released = threading.Event()
        self.change(conversions)
        self._lock = threading.Lock()
        super().__init__(_handler_of(self))

    def change(self, conversions: Sequence[Conversion]) -> None:
        self.conversions = sorted(conversions, key=self._moment)
        self._moments = [self._moment(conversion) for conversion in self.conversions]

    @property
    def windows(self) -> list[tuple[str, str]]:
        return [asked.window for asked in self.asked]

    def __exit__(self, *_: object) -> None:
        self.released.set()
        super().__exit__()

    def note(self, path: str, params: dict[str, Any], in_json: bool) -> Asked:
        with self._lock:
            self.asked.append(Asked(len(self.asked), params, in_json, path))
            return self.asked[-1]

    def _moment(self, conversion: Conversion) -> datetime:
        moment = conversion.at
        return moment if self.stores == "utc" else moment.astimezone(self.zone).replace(tzinfo=None)

    def _bound(self, text: str) -> datetime:
        wall = datetime.strptime(text, "%m/%d/%Y %H:%M:%S")
        # .NET takes a time that the clock shows twice for the second one
        return wall if self.stores == "wall" else wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)

    def select(self, params: dict[str, Any]) -> tuple[list[Conversion], int]:
        """The rows of a page, and how many there are in all."""
        start, end = self._bound(params["start_date"]), self._bound(params["end_date"])
        last = bisect_right(self._moments, end) if self.ends == "inclusive" else bisect_left(self._moments, end)
        found = self.conversions[bisect_left(self._moments, start) : last]
        if params["sort_field"] == "event_conversion_id":
            found.sort(key=lambda conversion: conversion.id)
        begin = max(int(params["start_at_row"]) - self.first_row, 0)
        limit = min(int(params["row_limit"]) or 10**9, self.most_rows)
        return found[begin : begin + limit], len(found)


def _handler_of(cake: Cake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            in_json = "json" in self.headers.get("Content-Type", "")
            params = json.loads(body) if in_json else dict(parse_qsl(body.decode(), keep_blank_values=True))
            cake.paths.append(self.path)
            with suppress(OSError):
                self._answer(self.path.rpartition("/")[2], params, in_json)

        def _answer(self, operation: str, params: dict[str, Any], in_json: bool) -> None:
            if operation == "GetAPIKey":
                key = KEY if (params.get("username"), params.get("password")) == LOGIN else ""
                told = {"d": key} if in_json else f'<string xmlns="http://cakemarketing.com/api/1/">{key}</string>'
                self._send(200, (json.dumps(told) if in_json else str(told)).encode())
            elif operation == "Currencies":
                rows = [{"currency_id": number, "currency_abbr": code} for number, code in CURRENCIES.items()]
                self._send_rows(iter(rows), len(rows), in_json, Fault(), "currencies", params)
            elif operation == "EventConversions":
                self._export(params, in_json)
            else:
                self._send(404, b"<html><title>404</title></html>")

        def _export(self, params: dict[str, Any], in_json: bool) -> None:
            if lacking := sorted(REQUIRED - params.keys()):
                self._send(500, f"Missing parameter: {lacking[0]}.".encode())
                return
            fault = cake.fault(cake.note(self.path, params, in_json)) or Fault()
            if fault.status != 200 or fault.body:
                self._send(fault.status, fault.body, fault.headers)
            elif fault.end and fault.after_bytes is None:
                self._end(fault)
            else:
                found, count = cake.select(params)
                self._send_rows(map(cake.row, found), count, in_json, fault, "event_conversions", params)

        def _send_rows(
            self, rows: Iterator[dict[str, Any]], count: int, in_json: bool, fault: Fault, name: str, params: Any
        ) -> None:
            success, message = fault.success, fault.message
            if params["api_key"] != KEY:
                success, message = False, "Invalid API key."
            told = (fault.row_count if fault.row_count is not None else count) if cake.tells_count else None
            pieces = (as_json if in_json else as_xml)(
                name, rows if success else iter(()), told, success, message, cake.zone
            )
            self.send_response(200)
            if fault.end == "close":
                self.send_header("Connection", "close")
                self.close_connection = True
            else:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send_pieces(pieces, fault)

        def _send_pieces(self, pieces: Iterator[bytes], fault: Fault) -> None:
            left = fault.after_bytes
            for piece in pieces:
                piece = piece if left is None else piece[:left]
                if piece:
                    self.wfile.write(piece if fault.end == "close" else b"%x\r\n%b\r\n" % (len(piece), piece))
                if left is not None and (left := left - len(piece)) <= 0:
                    self._end(fault)
                    return
            if fault.end != "close":
                self.wfile.write(b"0\r\n\r\n")

        def _end(self, fault: Fault) -> None:
            self.close_connection = True
            self.wfile.flush()
            if fault.end == "silence":
                cake.released.wait(60)
            elif fault.end == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
