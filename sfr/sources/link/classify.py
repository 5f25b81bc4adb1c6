"""Knows what an answer of any server means when it is not the file: statuses, login pages, messages instead of data."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from sfr.csv_scan import BYTE_ORDER_MARK
from sfr.errors import AuthError, InvalidReport, ReportError, SfrError, TransientError
from sfr.http_errors import asked_to_pause, retry_after_seconds

PAGE_LIMIT_BYTES = 1 << 16
_MOST_WORDS = 160
_PASSWORD_FIELD = re.compile(rb"""<input\b[^>]{0,500}?\btype\s*=\s*["']?password\b""", re.I)
# What a page says of its title, an XML message of its text (Amazon's and Azure's stores answer so).
_SAID = re.compile(rb"<(title|message)\b[^>]{0,200}>(.*?)</\1\s*>", re.I | re.S)
_QUERY = re.compile(r"\?[^\s\"'<>]+")
_SAYING = ("message", "msg", "error_description", "error", "detail", "title", "errors", "reason", "description")
_REMEDY_LOGIN = (
    "give the source credentials (username and password, bearer_token or headers in its settings); a file behind "
    "a login form cannot be fetched with them: ask for a link with a token"
)


def login_wanted(message: str, with_credentials: bool) -> ReportError:
    """A login page instead of the file. It costs this report only: another one may be open to us."""
    remedy = (
        "the credentials do not open this file: look whether they have expired" if with_credentials else _REMEDY_LOGIN
    )
    return InvalidReport(message, reason="login", remedy=remedy)


def by_status(status: int, headers: Mapping[str, str], body: bytes, with_credentials: bool) -> SfrError:
    """The error for an answer whose status is not that of a file; `body` is its beginning."""
    said = words(body)
    told = f": {said}" if said else ""
    pause = retry_after_seconds(headers)
    if status == 401 and with_credentials:
        return AuthError(
            f"the credentials were refused (401{told})",
            reason="credentials",
            remedy="correct them in the settings of this source",
        )
    if status == 407:
        return ReportError(
            f"the proxy wants a login (407{told})", reason="proxy", remedy="give it in HTTPS_PROXY and HTTP_PROXY"
        )
    if status == 401 or (status == 403 and _PASSWORD_FIELD.search(body)):
        return login_wanted(f"the server wants a login first ({status}{told})", with_credentials)
    if status == 403:
        return ReportError(f"no permission for this file (403{told})", reason="no-permission", remedy=_REMEDY_LOGIN)
    if status in (404, 410):
        gone = "was taken away" if status == 410 else "does not exist"
        return ReportError(f"this file {gone} ({status}{told})", reason="not-found", remedy="check the address")
    if status in (429, 503):
        return asked_to_pause(f"the server asks to slow down ({status}{told})", headers)
    if status == 202:
        return TransientError(
            f"the server is still preparing the file (202{told})",
            reason="preparing",
            retry_after_seconds=pause,
            max_attempts=20,
        )
    if status in (408, 425) or status >= 500:
        return TransientError(f"the server failed ({status}{told})", reason=f"http-{status}", retry_after_seconds=pause)
    return ReportError(
        f"the server refused the request ({status}{told})",
        reason=f"http-{status}",
        remedy="check the address, the params and the options of this report",
    )


def by_page(page: bytes, with_credentials: bool) -> ReportError:
    """The error for a web page or XML text that came with status 200 in place of the file."""
    said = words(page)
    told = f": {said}" if said else ""
    if _PASSWORD_FIELD.search(page):
        return login_wanted(f"a login page came instead of the file{told}", with_credentials)
    return InvalidReport(
        f"a web page came instead of the file{told}",
        reason="web-page",
        remedy="open the address in a private browser window: does it lead to the file itself?",
        max_attempts=2,
    )


def by_message(body: bytes) -> ReportError:
    """The error for JSON that came with status 200 where a table was wanted."""
    said = words(body)
    return InvalidReport(
        "JSON came instead of the file" + (f": {said}" if said else ""),
        reason="json",
        remedy="if JSON is what you want, add format: json to the options of this report",
        max_attempts=2,
    )


def by_other_content(suffix: str, body: bytes) -> ReportError:
    """The error for content that no file with this ending begins with."""
    said = words(body)
    return InvalidReport(
        f"what came is no {suffix} file" + (f": {said}" if said else ""),
        reason="format",
        remedy="open the address in a private browser window: does it lead to the file itself?",
        max_attempts=2,
    )


def is_login_page(page: bytes) -> bool:
    """Does this page ask for a password?"""
    return _PASSWORD_FIELD.search(page) is not None


def words(body: bytes) -> str:
    """What an error's body says to a person, in one short line; "" for nothing. Queries are taken out of it."""
    start = body.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start[:1] in (b"{", b"["):
        said = _said_in_json(start)
    elif start[:1] == b"<":
        found = _SAID.search(start)
        said = re.sub("<[^>]*>", " ", html.unescape(found[2].decode("utf-8", "replace"))) if found else ""
    else:
        said = start[:400].decode("utf-8", "replace") if b"\0" not in start[:400] else ""
    clean = "".join(character if character.isprintable() else " " for character in _QUERY.sub("?…", said))
    line = " ".join(clean.split())
    return line if len(line) <= _MOST_WORDS else line[: _MOST_WORDS - 1] + "…"


def _said_in_json(body: bytes) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return _text_in(found, 4)


def _text_in(value: Any, depth: int) -> str:
    """The first text under one of the names that errors are told by."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth:
        return _text_in(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        named = {str(name).lower(): each for name, each in value.items()}
        return next((text for name in _SAYING if name in named and (text := _text_in(named[name], depth - 1))), "")
    return ""
