"""A server of files that plays tricks: cut, packed, changed, moved, hidden behind logins, or lying about ranges."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.listening import HttpServer


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Message
    body: bytes


@dataclass
class Reply:
    """An answer. `cut_after` bytes of the body the connection ends; `framing` is length, chunked or close."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    framing: str = "length"


Answering = Callable[[Asked], Reply]


@dataclass
class Changing:
    """A file with an entity tag and ranges; `cut_after` cuts only answers that begin at its start, `lie` falsifies
    the answers to ranges."""

    body: bytes
    etag: str = '"one"'
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    lie: str = ""

    def __call__(self, asked: Asked) -> Reply:
        headers = {"ETag": self.etag, "Accept-Ranges": "bytes", **self.headers}
        if asked.headers.get("If-None-Match") == self.etag:
            return Reply(status=304, headers=headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        if wanted is None or (asked.headers.get("If-Range") != self.etag and self.lie != "no condition"):
            return Reply(self.body, headers=headers, cut_after=self.cut_after)
        start, total = int(wanted[1]), len(self.body)
        if self.lie in ("412", "416", "500"):
            return Reply(b"no", int(self.lie), headers)
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        body = self.body[start:]
        if self.lie == "from the start":
            body = self.body[: total - start]
        elif self.lie == "wrong start":
            headers["Content-Range"] = f"bytes {start + 1}-{total - 1}/{total}"
            body = body[1:]
        elif self.lie == "wrong total":
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total + 5}"
        elif self.lie == "no content range":
            del headers["Content-Range"]
        elif self.lie == "no etag":
            del headers["ETag"]
        elif self.lie == "200":
            return Reply(self.body, headers={"ETag": self.etag})
        elif self.lie == "shorter":
            body = body[:-10]
        return Reply(body, 206, headers)


class FileServer(HttpServer):
    """Answers by path; a query is handed over but does not choose. `asked` is what has arrived, in order."""

    def __init__(self, **files: Reply | Answering) -> None:
        self.asked: list[Asked] = []
        self.files: dict[str, Reply | Answering] = dict(files)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                server._answer(self)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        super().__init__(Handler)

    def put(self, path: str, reply: Reply | Answering) -> str:
        """Serve something, and say where."""
        self.files[path] = reply
        return f"{self.url}/{path}"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        query = parse_qsl(parts.query, keep_blank_values=True)
        asked = Asked(handler.command, parts.path, query, handler.headers, body)
        self.asked.append(asked)
        found = self.files.get(parts.path.lstrip("/"), Reply(b"not here", 404))
        reply = found if isinstance(found, Reply) else found(asked)
        with suppress(OSError):  # the client left
            _send(handler, reply)


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    handler.close_connection = reply.framing == "close" or reply.cut_after is not None
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.framing == "chunked":
        handler.send_header("Transfer-Encoding", "chunked")
    elif reply.framing == "length" and reply.status != 304:
        handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    body = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
    if reply.framing == "chunked":
        for start in range(0, len(body), 50_000):
            piece = body[start : start + 50_000]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if reply.cut_after is None:
            handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.wfile.write(body)
    handler.wfile.flush()
    if handler.close_connection:
        with suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)
