"""Knows what an answer of CAKE means that is no export, whatever its status claims.

Facts: a wrong key or parameter is answered with status 200 and `success` other than true; a missing parameter with 500
and the text of ASP.NET; throttling with 429, an overloaded instance with 502, a dropped connection or silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sfr.errors import AuthError, ReportError, SfrError, TransientError
from sfr.http_errors import asked_to_pause, retry_after_seconds

PAGE_LIMIT_BYTES = 1 << 18
PAUSE_SECONDS = 30.0  # what clients of CAKE wait, which tells no Retry-After

# Asking for less may help against these. A gateway drops a request that takes too long, without a word.
TOO_MUCH = frozenset({"timeout", "cut", "connection", "stalled"})

_KEY = re.compile(r"api[ _-]?key|authenticat|not authori[sz]ed|unauthori[sz]ed|access denied|permission|login", re.I)
_PARAMETER = re.compile(r"parameter|missing value|cannot convert|invalid (web service call|object|json)", re.I)
_FORM = re.compile(r"request format is (unrecognized|invalid)|unknown web method", re.I)
_SLOW = re.compile(r"time-?out|timed out", re.I)
_KEY_REMEDY = "is the API key right, unchanged, and allowed to export? Setup → Permissions in CAKE shows it"


def wrong_login() -> AuthError:
    """GetAPIKey answers a wrong user name or password with an empty text."""
    return AuthError("CAKE gave no key: user name or password is wrong", reason="login", remedy="correct them in .env")


def dead_key() -> AuthError:
    """The key that the settings name is the one that was refused."""
    return AuthError("the API key no longer works", reason="key", remedy=_KEY_REMEDY)


def refused_key(told: str) -> AuthError:
    """A question in which nothing but the key can be wrong was refused."""
    return AuthError(told, reason="key", remedy=_KEY_REMEDY)


def unsuccessful(message: str, secret: str) -> SfrError:
    """An answer with status 200 whose `success` is not true. `secret` is taken out of what the server says."""
    told = _clean(message, secret)
    if _KEY.search(told):
        return AuthError(f"CAKE refused the key: {told}", reason="key", remedy=_KEY_REMEDY)
    return ReportError(
        f"CAKE refused: {told}" if told else "CAKE refused, without saying why",
        reason="refused",
        remedy="see the report's parameters" + ("" if told else f"; or: {_KEY_REMEDY}"),
    )


def by_status(status: int, headers: Mapping[str, str], body: bytes, secret: str) -> SfrError:
    """What an answer with a status other than 200 means; `body` is its beginning."""
    told = _clean(_message(body), secret)
    if status == 500:
        return _server_error(told)
    if status == 401 or (status == 403 and _KEY.search(told)):
        return AuthError(f"CAKE refused the key ({status})", reason="key", remedy=_KEY_REMEDY)
    if status in (408, 425, 429) or status > 500:
        return _passing(status, headers)
    if status == 404:
        return ReportError(
            "there is no such address at CAKE (404)", reason="not-found", remedy="check URL and VERSION in the settings"
        )
    return ReportError(
        f"CAKE refused the request ({status}){': ' + told if told else ''}",
        reason=f"http-{status}",
        remedy="is URL the admin domain of the instance, and may this computer's address use its API?",
    )


def _passing(status: int, headers: Mapping[str, str]) -> TransientError:
    if status in (429, 503):
        message = f"the server asked for a pause ({status})"
        return asked_to_pause(message, headers, otherwise_seconds=PAUSE_SECONDS)
    asked_for = retry_after_seconds(headers)
    if status in (408, 504):
        return TransientError(f"the server took too long ({status})", reason="timeout", retry_after_seconds=asked_for)
    pause = PAUSE_SECONDS if asked_for is None and status == 502 else asked_for or 0.0
    return TransientError(f"the server failed ({status})", reason=f"http-{status}", retry_after_seconds=pause)


def _server_error(told: str) -> SfrError:
    if _SLOW.search(told):
        return TransientError(f"the database of CAKE took too long: {told}", reason="timeout")
    if _FORM.search(told):
        return ReportError(
            f"CAKE does not take this kind of request: {told}",
            reason="parameters",
            remedy="set ANSWER to the other form, json or xml, or another VERSION",
        )
    if _PARAMETER.search(told):
        return ReportError(
            f"CAKE does not accept the parameters: {told}",
            reason="parameters",
            remedy="correct them in the list; one that is missing can be given under `more`, or VERSION is wrong",
        )
    return TransientError(f"the server failed (500){': ' + told if told else ''}", reason="http-500", max_attempts=6)


def _message(body: bytes) -> str:
    """What a person would read of an error: the JSON of ASP.NET, a text, or nothing of a web page."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        found = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S)
        return found[1] if found else ""
    try:
        told = json.loads(text)
        return str(told["Message"])
    except (ValueError, KeyError, TypeError):
        return text


def _clean(text: str, secret: str) -> str:
    if secret:
        text = text.replace(secret, "…")
    return " ".join(text.split())[:200].rstrip(". ")
