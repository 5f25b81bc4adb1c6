"""Tells whether a session value opens an org, without ever calling a good one dead."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from sfr.errors import SfrError, TransientError
from sfr.http import Answer, Client, Timeouts
from sfr.sources.salesforce import classify
from sfr.sources.salesforce.session.values import Verdict

LIMITS_PATH = "/services/data/v62.0/limits"
_SCRIPTED_TARGET = re.compile(rb"""location\.(?:replace\(|href\s*=)\s*["']([^"']+)["']""")


def validate(origin: str, value: str) -> Verdict:
    """Ask the org's home page with the cookie, and where that tells nothing, the REST limits with the same value.

    A good session is sent on to its home page, a dead one to the login. The REST answer decides only when it is
    unmistakable: an org may close its API while the web export works. Raises TransientError when the org cannot be
    reached.
    """
    client = Client(Timeouts(connect_seconds=15, read_seconds=30))
    try:
        verdict = _by_home_page(client, origin, value)
        return _by_limits(client, origin, value) if verdict is Verdict.UNSURE else verdict
    finally:
        client.close()


def _by_home_page(client: Client, origin: str, value: str) -> Verdict:
    client.set_cookie(urlsplit(origin).hostname or "", "sid", value)
    answer = client.request("GET", f"{origin}/")
    if location := answer.headers.get("Location", ""):
        answer.close()
        return _by_target(origin, location)
    body = answer.read(classify.PAGE_LIMIT_BYTES)
    if answer.status != 200:
        return _by_failure(answer, body)
    if target := _SCRIPTED_TARGET.search(body):
        return _by_target(origin, target.group(1).decode("utf-8", "replace"))
    return Verdict.INVALID if classify.by_page(body).reason == "session" else Verdict.UNSURE


def _by_target(origin: str, location: str) -> Verdict:
    try:
        classify.redirect_target(f"{origin}/", location)
    except SfrError as error:
        if error.reason == "session":
            return Verdict.INVALID
        if error.reason == "verification":
            return Verdict.VALID
    path = urlsplit(urljoin(origin, location)).path
    return Verdict.VALID if path.startswith(("/lightning", "/home/", "/one/", "/setup/")) else Verdict.UNSURE


def _by_failure(answer: Answer, body: bytes) -> Verdict:
    meaning = classify.by_status(answer.status, answer.headers, body)
    if meaning.reason == "session":
        return Verdict.INVALID
    if isinstance(meaning, TransientError):
        raise meaning
    return Verdict.UNSURE


def _by_limits(client: Client, origin: str, value: str) -> Verdict:
    answer = client.request("GET", origin + LIMITS_PATH, headers={"Authorization": f"Bearer {value}"})
    status, body = answer.status, answer.read(1 << 16)
    if status == 200 and body.lstrip()[:1] == b"{":
        return Verdict.VALID
    return Verdict.INVALID if status == 401 and b"Session expired or invalid" in body else Verdict.UNSURE
