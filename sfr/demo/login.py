"""Knows how to log in at the demo org's form, as the person in front of a browser would."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

from sfr.demo.doors import DEMO_PASSWORD, DEMO_USERNAME

_TIMEOUT_SECONDS = 15


def log_in(url: str, username: str = DEMO_USERNAME, password: str = DEMO_PASSWORD) -> str:
    """Post the login form of the org at `url`; returns the new session's sid, or '' when the org refuses."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_SECONDS)
    try:
        form = urlencode({"username": username, "pw": password})
        connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        cookies = connection.getresponse().headers.get_all("Set-Cookie") or []
    finally:
        connection.close()
    values = [line.partition(";")[0] for line in cookies]
    return next((value.removeprefix("sid=") for value in values if value.startswith("sid=")), "")
