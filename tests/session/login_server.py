"""A small org on loopback: a login page that sets `sid` as Salesforce does, a home page behind it, frontdoor.jsp."""

from __future__ import annotations

import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs

import requests

from sfr.sources.salesforce.session.values import Verdict

ORG = "00D000000000062"

_LOGIN_PAGE = """<!DOCTYPE html><title>Login | Salesforce</title>
<form id="theloginform" method="post" action="/login">
<input id="username" name="username"><input id="Login" type="submit"></form>
<script>if (%s) setTimeout(() => document.getElementById("theloginform").submit(), 700)</script>"""


class LoginServer:
    """Use it in `with`. `logs_in` makes the page submit its form by itself; `early_sid` is set before the login."""

    def __init__(self, *, logs_in: bool = True, early_sid: str | None = None) -> None:
        self.sid = f"{ORG}!made.at.the.login"
        self.token = f"{ORG}!token.of.the.cli"
        self.logs_in = logs_in
        self.early_sid = early_sid
        self.valid = {self.sid}
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []
        self.login_pages = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.origin = f"http://{self.host}"

    def validate(self, value: str) -> Verdict:
        """What sfr asks of an org: one call with the cookie, no redirects."""
        self.asked.append(value)
        answer = requests.get(f"{self.origin}/", headers={"Cookie": f"sid={value}"}, allow_redirects=False, timeout=10)
        return Verdict.VALID if answer.status_code == 200 else Verdict.INVALID

    def __enter__(self) -> LoginServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(org: LoginServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
            if self.path == "/login":
                org.login_pages += 1
                early = {"Set-Cookie": f"sid={org.early_sid}; Path=/; HttpOnly"} if org.early_sid else {}
                self._answer(200, _LOGIN_PAGE % ("true" if org.logs_in else "false"), **early)
            elif self.path != "/":
                self._answer(404)
            elif cookie is not None and cookie.value in org.valid:
                self._answer(200, "<title>Home</title>")
            else:
                self._answer(302, Location="/login")

        def do_POST(self) -> None:
            org.authorizations.append(self.headers.get("Authorization"))
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if self.path == "/login" or form.get("sid") == [org.token]:
                self._answer(302, **{"Location": "/", "Set-Cookie": f"sid={org.sid}; Path=/; HttpOnly"})
            else:
                self._answer(200, _LOGIN_PAGE % "false")

        def _answer(self, status: int, body: str = "", **headers: str) -> None:
            content = body.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", "Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The test's output is not the place for an access log."""

    return Handler
