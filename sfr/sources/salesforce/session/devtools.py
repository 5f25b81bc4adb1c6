"""The few words of the Chrome DevTools Protocol with which a browser hands out its own cookies.

Browser endpoint, JSON messages over a websocket (chromedevtools.github.io/devtools-protocol): Storage.getCookies,
Target.getTargets, Target.createTarget, Browser.close.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from pathlib import Path
from typing import Any

PORT_FILE = "DevToolsActivePort"
_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Gone(Exception):
    """The browser does not answer any more, or never did."""


class Devtools:
    """A connection to the browser whose user-data directory this is; closed by `close_browser` or `disconnect`."""

    def __init__(self, port: int, path: str) -> None:
        """Raises Gone when nobody, or somebody else, listens on that port."""
        import websocket

        self.port = port
        self._failures = (websocket.WebSocketException, OSError, ValueError)
        self._number = 0
        try:
            # No Origin header: the browser answers 403 to a foreign one. No proxy: HTTP_PROXY is for the world outside.
            self._socket = websocket.create_connection(
                f"ws://127.0.0.1:{port}{path}",
                timeout=_ANSWER_SECONDS,
                suppress_origin=True,
                http_no_proxy=["127.0.0.1"],
            )
        except self._failures as error:
            raise Gone(type(error).__name__) from None

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One question and its answer; events in between are dropped. Raises Gone."""
        self._number += 1
        try:
            self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
            while True:
                answer = json.loads(self._socket.recv())
                if answer.get("id") == self._number:
                    break
        except self._failures as error:
            raise Gone(type(error).__name__) from None
        if "error" in answer:
            raise Gone(f"{method}: {answer['error'].get('message', '')}")
        return dict(answer["result"])

    def cookies(self, name: str, host: str) -> list[str]:
        """The values of a cookie of exactly this host, HttpOnly and session cookies included."""
        cookies = self.call("Storage.getCookies")["cookies"]
        return [
            cookie["value"]
            for cookie in cookies
            if cookie["name"] == name and cookie["domain"].removeprefix(".").lower() == host
        ]

    def has_page(self) -> bool:
        """Is a window open? On macOS, and in Edge's background mode, the browser outlives its last window."""
        return any(target["type"] == "page" for target in self.call("Target.getTargets")["targetInfos"])

    def open_page(self, address: str) -> None:
        self.call("Target.createTarget", url=address)

    def close_browser(self, limit_seconds: float) -> bool:
        """Ask the browser to end (a killed one loses cookies); True once its port is closed."""
        with contextlib.suppress(Gone):  # the answer may be cut off by the end itself
            self.call("Browser.close")
        self.disconnect()
        return _wait_until_closed(self.port, limit_seconds)

    def disconnect(self) -> None:
        with contextlib.suppress(*self._failures):  # it may be gone already
            self._socket.close()


def attach(directory: Path) -> Devtools | None:
    """The browser that runs on this user-data directory, if one does; a port file that a crash left is removed."""
    address = _address(directory)
    if address is None:
        return None
    try:
        return Devtools(*address)
    except Gone:
        with contextlib.suppress(OSError):  # Windows: still open in a browser that is just ending
            (directory / PORT_FILE).unlink(missing_ok=True)
        return None


def wait_for_port(directory: Path, limit_seconds: float) -> Devtools | None:
    """The browser that is just starting on this directory; None when it opens no port in time.

    The port file decides, not the started process: that one may hand over to another process and end.
    """
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        address = _address(directory)
        if address is not None:
            with contextlib.suppress(Gone):  # the file may be there a moment before the port
                return Devtools(*address)
        time.sleep(_POLL_SECONDS)
    return None


def _address(directory: Path) -> tuple[int, str] | None:
    """Port and path from the port file's two lines; None when there is none or it is half written."""
    try:
        port, path = (directory / PORT_FILE).read_text(encoding="ascii").split("\n")[:2]
        return int(port), path
    except (OSError, ValueError):
        return None


def _wait_until_closed(port: int, limit_seconds: float) -> bool:
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(_POLL_SECONDS)
    return False
