"""Tells whether a session value opens an org, without ever calling a good one dead."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from sfr.errors import SfrError, TransientError
from sfr.http import Answer, Client, Timeouts
from sfr.sources.salesforce import classify
from sfr.sources.salesforce.session.values import Verdict

LIMITS_PATH = "/services/data/v62.0/limits"
TIMEOUTS = Timeouts(connect_seconds=15, read_seconds=30)
_OWN_HOSTS = (".force.com", ".salesforce.com")  # Lightning pages live beside the My Domain host
_LOGIN_FORM = re.compile(rb"""[?&]ec=30[0-9]|SAMLRequest|name=["']?pw["' >]""", re.I)
_SCRIPTED_TARGET = re.compile(rb"""location\.(?:replace\(|href\s*=)\s*["']([^"']+)["']""")


def validate(origin: str, value: str) -> Verdict:
    """Ask the org's home page with the cookie, and where that tells nothing, the REST limits with the same value.

    A good session is sent on to its home page, a dead one to the login. The REST answer decides only when it is
    unmistakable: an org may close its API while the web export works. Raises TransientError when the org cannot be
    reached.
    """
    client = Client(TIMEOUTS)
    try:
        verdict = _by_home_page(client, origin, value)
    finally:
        client.close()
    return _by_limits(origin, value) if verdict is Verdict.UNSURE else verdict


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
    return Verdict.INVALID if _LOGIN_FORM.search(body) else Verdict.UNSURE  # a good page may link to a login


def _by_target(origin: str, location: str) -> Verdict:
    try:
        classify.redirect_target(f"{origin}/", location)
    except SfrError as error:
        if error.reason == "session":
            return Verdict.INVALID
        if error.reason == "verification":
            return Verdict.VALID
        if error.reason == "no-address":
            return Verdict.UNSURE
    target = urlsplit(urljoin(origin, location))
    ours = target.netloc == urlsplit(origin).netloc or (target.hostname or "").endswith(_OWN_HOSTS)
    inside = target.path.startswith(("/lightning", "/home/", "/one/", "/setup/"))
    return Verdict.VALID if ours and inside else Verdict.UNSURE


def _by_failure(answer: Answer, body: bytes) -> Verdict:
    meaning = classify.by_status(answer.status, answer.headers, body)
    if meaning.reason == "session":  # 401 may also come from a proxy in between
        return Verdict.INVALID if b"INVALID_SESSION_ID" in body or _LOGIN_FORM.search(body) else Verdict.UNSURE
    if isinstance(meaning, TransientError):
        raise meaning
    return Verdict.UNSURE


def _by_limits(origin: str, value: str) -> Verdict:
    """Asked without the cookie: a request with two credentials is refused."""
    client = Client(TIMEOUTS)
    try:
        answer = client.request("GET", origin + LIMITS_PATH, headers={"Authorization": f"Bearer {value}"})
        status, body = answer.status, answer.read(1 << 16)
    finally:
        client.close()
    if status == 200 and body.lstrip()[:1] == b"{":
        return Verdict.VALID
    return Verdict.INVALID if status == 401 and b"Session expired or invalid" in body else Verdict.UNSURE
