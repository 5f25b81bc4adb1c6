"""Knows what an answer of Metabase means that holds no rows, whatever its status code claims.

Facts from Metabase's source and issues: a failed query is 200 `text/csv` (up to about 0.57) or 500 with the same JSON
object; a login too many is 401, formerly 400; permissions, missing and archived questions come as plain text or JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sfr.errors import AuthError, InvalidReport, ReportError, SfrError, TransientError
from sfr.http_errors import REDIRECTS, asked_to_pause

ERROR_LIMIT_BYTES = 1 << 20
SHOWN_CHARACTERS = 300

_WANTED_RIGHTS = "the account needs view access to the question and download rights for its data"
_TOO_MANY = re.compile(r"Too many attempts! You must wait ([\d.,]+) seconds?", re.I)
_PASSING = re.compile(
    r"time[ds]?[ -]?out|timeout|deadlock|too many (connections|clients)|connection\b.{0,40}\b(closed|reset|refused|"
    r"lost|failure|failed|terminated|attempt|not available|is not available)|communications link|broken pipe|I/O error|"
    r"terminating connection|shutting down|starting up|temporarily|try again|could not connect|cancel+ed|"
    r"unable to acquire|interrupted|serialization failure",
    re.I,
)
_HIDDEN = re.compile(r"An error occurred while running the query", re.I)
_ERROR_TEXT = re.compile(r'"(?:error|cause|message)"\s*:\s*"((?:[^"\\]|\\.){1,2000})"')
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.I | re.S)


def too_many_logins(text: str) -> TransientError | None:
    """The error for a throttled login, with the pause that it asks for; None when `text` says something else."""
    found = _TOO_MANY.search(text)
    if found is None:
        return None
    seconds = max(float(re.sub(r"\D", "", found[1]) or 1), 1.0)
    return TransientError(
        f"Metabase wants no login for {seconds:.0f} seconds: there were too many, good ones counted",
        reason="throttled",
        remedy="an API key is never throttled (setting api_key); each further try only lengthens the pause",
        retry_after_seconds=seconds,
        slow_down=True,
    )


def signed_out(known: bool) -> AuthError:
    """`known`: there was a session or a key."""
    if known:
        return AuthError("Metabase no longer accepts the session or API key", remedy="is the key or account revoked?")
    return AuthError(
        "only public links can be had without an account",
        reason="no-credentials",
        remedy="set api_key, or username and password, of this source",
    )


def not_public() -> ReportError:
    """A public link for which a login is wanted all the same."""
    return ReportError(
        "the public link wants a login",
        reason="not-public",
        remedy="open it in a private window of the browser; an administrator may have to enable public sharing",
    )


def by_status(status: int, headers: Mapping[str, str], body: bytes, *, known: bool) -> SfrError:
    """What an answer other than 2xx means; `body` is its beginning, `known` whether we sent a session or key."""
    text = message_of(body)
    if throttled := too_many_logins(text):
        return throttled
    if status in REDIRECTS:
        return _redirected(headers.get("Location", ""))
    if status == 401:
        return signed_out(known)
    if status in (429, 503):
        return asked_to_pause(f"the server asked for a pause ({status})", headers)
    if status in (408, 425) or status >= 500:
        return _server_failed(status, body, text)
    return _refused(status, body, text)


def _refused(status: int, body: bytes, text: str) -> SfrError:
    if status in (404, 410):
        if "archived" in text.lower():
            return ReportError(
                "it was moved to Metabase's trash", reason="archived", remedy="restore it, or replace it"
            )
        if "endpoint does not exist" in text.lower() or _is_page(body):
            remedy = "is url the address of Metabase itself, and is that Metabase recent enough?"
            return ReportError("the server knows no such address (404)", reason="not-metabase", remedy=remedy)
        remedy = "check the id in the list; was it deleted, is the public link switched off?"
        return ReportError("there is no such question or dashboard", reason="not-found", remedy=remedy)
    if status == 403:
        return ReportError("no permission to download this", reason="no-permission", remedy=_WANTED_RIGHTS)
    if status == 400:
        remedy = "compare params with the question's own filters; public links must be enabled by an administrator"
        return ReportError(f"Metabase refused the request: {text}", reason="refused", remedy=remedy)
    return ReportError(f"Metabase refused the request ({status}): {text}", reason=f"http-{status}")


def _server_failed(status: int, body: bytes, text: str) -> SfrError:
    if _object_in(body) is not None and status == 500:
        return query_failed(body)
    if status in (502, 504) or _is_page(body):
        return TransientError(
            f"a proxy gave up before Metabase answered ({status})",
            reason=f"http-{status}",
            max_attempts=6,
            remedy="if the query is slow: the proxy in front of Metabase must be allowed to wait longer",
        )
    return TransientError(f"Metabase failed ({status}): {text}", reason=f"http-{status}", max_attempts=6)


def _redirected(location: str) -> SfrError:
    host = urlsplit(location).hostname or "another page"
    return ReportError(
        f"the server sends us on to {host}",
        reason="redirect",
        remedy="url must be where Metabase itself answers: https, its final host, and no login in front of it",
        max_attempts=2,
    )


def query_failed(body: bytes) -> SfrError:
    """The JSON object that came instead of rows. What a second try can mend is tried again."""
    text = message_of(body)
    if throttled := too_many_logins(text):
        return throttled
    message = f"the query failed: {text}"
    kind = (_object_in(body) or {}).get("error_type")
    if kind == "missing-required-permissions":
        return ReportError(message, reason="no-permission", remedy=_WANTED_RIGHTS)
    if kind in ("missing-required-parameter", "invalid-parameter"):
        return ReportError(message, reason="parameter", remedy="compare params with the question's own filters")
    if kind == "timed-out" or _PASSING.search(text):
        return TransientError(message, reason="query-interrupted", max_attempts=6)
    if _HIDDEN.search(text):
        remedy = "Metabase hides the cause on public links; open the link in the browser, or ask its owner"
        return ReportError(message, reason="query-failed", remedy=remedy, max_attempts=3)
    return ReportError(message, reason="query-failed", remedy="open the question in Metabase and run it")


def broke_off(body: bytes) -> SfrError:
    """The JSON object that came behind rows: the query failed while they were sent."""
    return InvalidReport(
        f"the query failed after a part of the rows: {message_of(body)}",
        reason="broken-off",
        remedy="what came is no whole report, and is thrown away",
        max_attempts=10 if _PASSING.search(message_of(body)) else 3,
    )


def no_rows(content_type: str, body: bytes) -> SfrError:
    """What a 2xx means whose body is no CSV."""
    if _is_page(body):
        return web_page(body)
    value = _object_in(body)
    if value is not None and (value.keys() & {"error", "via", "cause", "message", "errors"} or _failed(value)):
        return query_failed(body)
    return InvalidReport(f"something else than rows came ({content_type})", reason="format", max_attempts=2)


def web_page(body: bytes) -> InvalidReport:
    """A page where rows should be: Metabase answers an unknown address with its start page, a portal with a login."""
    found = _TITLE.search(body)
    title = " ".join(found[1].decode("utf-8", "replace").split())[:80] if found else "without a title"
    return InvalidReport(
        f"a web page came instead of rows ({title})",
        reason="web-page",
        max_attempts=2,
        remedy="is url where Metabase itself answers, with no login of the company in front of it?",
    )


def message_of(body: bytes) -> str:
    """The sentence for a person in an error of any form, in one line."""
    value = _object_in(body)
    if value is not None:
        text = _said(value)
    elif found := _ERROR_TEXT.search(body.decode("utf-8", "replace")):  # longer than we read, or cut
        text = found[1].replace('\\"', '"').replace("\\n", " ")
    else:
        text = "a web page" if _is_page(body) else body.decode("utf-8", "replace")
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _said(value: dict[str, Any]) -> str:
    for name in ("error", "cause", "message"):
        if isinstance(value.get(name), str) and value[name].strip():
            return str(value[name])
    for name in ("errors", "specific-errors"):
        errors = value.get(name)
        if isinstance(errors, dict) and errors:
            return "; ".join(f"{key}: {text}" if key != "_error" else str(text) for key, text in errors.items())
    via = value.get("via")
    if isinstance(via, list) and via and isinstance(via[-1], dict):
        return str(via[-1].get("message") or via[-1].get("type") or "")
    return str(value.get("class") or value.get("error_type") or "without a reason")


def _failed(value: dict[str, Any]) -> bool:
    return value.get("status") == "failed"


def json_object(body: bytes) -> dict[str, Any]:
    """Raises ValueError for anything else than an object."""
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004  as of a text that is no JSON
    return value


def _object_in(body: bytes) -> dict[str, Any] | None:
    try:
        return json_object(body)
    except ValueError:
        return None


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"
