"""Asks for a file and follows redirects by hand, so that no secret and no body reaches another host than it is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from sfr.connector import Pairs
from sfr.errors import ConfigError, ReportError
from sfr.http import Answer, Client
from sfr.http_errors import REDIRECTS
from sfr.sources.link.addresses import (
    host_of,
    is_absolute,
    joined,
    leads_to_login,
    may_follow_with_secrets,
    origin_of,
    quoted,
)
from sfr.sources.link.classify import login_wanted
from sfr.sources.link.config import LinkConfig
from sfr.sources.link.options import LinkOptions

REDIRECT_LIMIT = 5


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """One request. `secrets` are the credentials and `headers` the report's own ones: both for this origin only."""

    method: str
    url: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """A plain GET, which caches and ranges are for."""
        return self.method == "GET"

    def query(self) -> list[tuple[str, str]]:
        """The parameters in the address, decoded."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)


def ask_for(config: LinkConfig, ref: str, params: Pairs, options: LinkOptions) -> Ask:
    """The request for a report. Raises ReportError for an address that cannot or may not be asked."""
    try:
        if not config.url and not is_absolute(ref):
            raise ValueError("is no whole address, and this source has no url to join it to")
        url = joined(config.url, ref, params)
        origin = origin_of(url)
    except ValueError as error:
        raise ReportError(
            f"the id {error}", reason="address", remedy="write it as in https://files.example.com/sales.csv"
        ) from None
    home = origin_of(config.url) if config.url else origin
    if origin != home and not config.allow_other_hosts:
        raise ReportError(
            f"this report lies on {host_of(url)}, and its source is for {host_of(config.url)}",
            reason="other-host",
            remedy="fetch it with the source link, or set allow_other_hosts for this source (no credentials go there)",
        )
    content: dict[str, Any] = {}
    if options.payload is not None:
        content = {"json": options.payload}
    elif options.form is not None:
        content = {"form": options.form}
    elif options.body is not None:
        content = {"body": options.body.encode()}
    method = options.method or ("POST" if content else config.method)
    return Ask(method, url, config.credentials() if origin == home else {}, options.headers, content)


def fingerprint_text(ask: Ask, options: LinkOptions, format_name: str) -> str:
    """What makes two requests the same one: all but the credentials."""
    return json.dumps([ask.method, ask.url, format_name, options.model_dump(mode="json")], sort_keys=True)


def follow(client: Client, ask: Ask, extra: Callable[[str], Mapping[str, str]]) -> tuple[Answer, Ask]:
    """The first answer that is no redirect, and the request that it answers.

    `extra` gives the further headers for an address. Raises ReportError for a redirect that is not followed: to a
    login, from https to http, with a body to another host, to nowhere, or the sixth in a row.
    """
    may_be_login = leads_to_login(ask.url)
    for _ in range(REDIRECT_LIMIT + 1):
        answer = _request(client, ask, extra(ask.url))
        if answer.status not in REDIRECTS:
            return answer, ask
        location = answer.headers.get("Location", "")
        answer.close()
        ask = _redirected(ask, answer.status, location)
        if not may_be_login and leads_to_login(ask.url):
            raise login_wanted(f"the server sends us to the login of {host_of(ask.url)}", bool(ask.secrets))
    raise _not_followed(f"more than {REDIRECT_LIMIT} redirects in a row")


def _request(client: Client, ask: Ask, extra: Mapping[str, str]) -> Answer:
    headers = {"Accept": "*/*", **ask.headers, **ask.secrets, **extra}
    try:
        return client.request(ask.method, ask.url, headers=headers, **ask.content)
    except ConfigError as error:
        if error.reason != "address":
            raise
        # Without the library's words, which repeat the address; and it is one report's address, not the settings'.
        raise ReportError(
            f"the address cannot be asked for (on {host_of(ask.url)})", reason="address", remedy="check the id"
        ) from None


def _redirected(ask: Ask, status: int, location: str) -> Ask:
    """The next request (RFC 9110 §15.4): 307 and 308 keep method and body, the others lead to a GET, as in browsers."""
    try:
        # http.client reads headers as Latin-1, and servers write UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        location = location.strip()
    try:
        if not location:
            raise ValueError("a redirect to nowhere")
        url = quoted(urljoin(ask.url, location))
        before, after = origin_of(ask.url), origin_of(url)
    except ValueError:
        raise _not_followed("the server redirects to what is no address") from None
    if before[0] == "https" and after[0] == "http":
        raise _not_followed(f"the server redirects from https to http ({host_of(url)}), where anybody can read along")
    kept = status in (307, 308) or ask.method == "GET"
    if may_follow_with_secrets(before, after):
        return replace(ask, url=url) if kept else replace(ask, url=url, method="GET", content={})
    if kept and ask.content:
        raise _not_followed(f"the server redirects to {host_of(url)}, and the body is not for that host")
    return Ask(ask.method if kept else "GET", url)


def _not_followed(message: str) -> ReportError:
    return ReportError(message, reason="redirect", remedy="open the address in a browser and see where the file is")
