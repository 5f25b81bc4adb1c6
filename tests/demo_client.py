"""Knows how the demo org's own tests talk to it: one plain request, or a bare socket, so that the wire is visible."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse

from sfr.demo.exchange import Behaviour
from sfr.demo.org import DEMO_SID, DemoOrg, OrgProcess

ID = "00O5g0000012345"
OTHER = "00O5g0000067890"
TARGET = f"/{ID}?isdtp=p1&export=1&enc=UTF-8&xf=csv"


def get(
    org: DemoOrg | OrgProcess, target: str = TARGET, sid: str | None = DEMO_SID, method: str = "GET", **headers: str
) -> tuple[HTTPResponse, bytes]:
    """One request on a connection of its own, redirects not followed; `accept_encoding=` becomes Accept-Encoding."""
    connection = HTTPConnection(org.host, timeout=10)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if sid is not None:
        fields["Cookie"] = f"sid={sid}"
    try:
        connection.request(method, target, headers=fields)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def answer(behaviour: Behaviour, **headers: str) -> tuple[HTTPResponse, bytes]:
    with DemoOrg({ID: behaviour}) as org:
        return get(org, **headers)


def raw(org: DemoOrg, target: str = TARGET) -> socket.socket:
    """A socket on which the request has been sent."""
    address, port = org.host.split(":")
    connection = socket.create_connection((address, int(port)), timeout=10)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {org.host}\r\nCookie: sid={DEMO_SID}\r\n\r\n".encode())
    return connection


def received(connection: socket.socket) -> bytes:
    """Everything until the server closes. A reset raises."""
    content = b""
    while piece := connection.recv(65536):
        content += piece
    return content


def until(reached: Callable[[], bool]) -> None:
    """Poll for at most ten seconds."""
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)
