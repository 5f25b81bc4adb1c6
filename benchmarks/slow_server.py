"""Knows how a server behaves that thinks before it answers; runs as a process of its own: `slow_server.py FOLDER`.

It prints its port on the first line and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

THINKING_SECONDS = 2.0
REPORT_PATH = re.compile(r"/(00O[0-9A-Za-z]{12})(?:[A-Z0-5]{3})?$")


def _answer(status: str, content_type: str, body: bytes, extra: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: private\r\n{extra}\r\n"
    )
    return head.encode() + body


def _page(path: str) -> bytes:
    if path == "/":
        return _answer("302 Found", "text/html", b"", "Location: /lightning/page/home\r\n")
    if path == "/lightning/page/home":
        return _answer("200 OK", "text/html; charset=UTF-8", b"<html><title>Home | Salesforce</title></html>")
    if path.startswith("/services/data"):
        return _answer("200 OK", "application/json", b"{}")
    return _answer("404 Not Found", "text/html; charset=UTF-8", b"<html>URL No Longer Exists</html>")


class SlowServer:
    """Serves the files of one folder, each request after `THINKING_SECONDS`; pages at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                writer.write(await self._reply(request.split(" ", 2)[1].partition("?")[0]))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client closed a kept-alive connection
        finally:
            writer.close()

    async def _reply(self, path: str) -> bytes:
        match = REPORT_PATH.match(path)
        if match is None:
            return _page(path)
        await asyncio.sleep(THINKING_SECONDS)
        file = self.folder / f"{match[1]}.csv"
        if not file.exists():
            return _page("")
        disposition = "Content-Disposition: attachment; filename=report1700000000123.csv\r\n"
        return _answer("200 OK", "text/csv; charset=UTF-8", file.read_bytes(), disposition)

    async def serve(self) -> None:
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(SlowServer(Path(sys.argv[1])).serve())
