"""Knows web addresses as people write them: how they are quoted and joined, and what of one may be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from sfr.redaction import remember_secret

Origin = tuple[str, str, int]

SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:api[-_]?key|apikey|access[-_]?key|key|[a-z]*token|secret|signature|sig|password|passwd|pwd"
    r"|credentials?|auth|authorization|cookie|session|sid|code)$",
    re.I,
)
# What Amazon's, Google's and Azure's stores and CloudFront put into addresses that are good for a while.
_SIGNING_NAME = re.compile(
    r"x-(?:amz|goog)-.+|signature|sig|expires|policy|key-pair-id|awsaccesskeyid|googleaccessid|s[ept]|sk(?:[etsv]|[ot]id)",
    re.I,
)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEGAL = "%/:=&?~+!$,;'@()*[]"
_ABSOLUTE = re.compile(r"https?://", re.I)
_LOGIN_PATH = re.compile(
    r"(?:^|/)(?:log[-_]?in|log[-_]?on|sign[-_]?in|sso|saml2?|adfs|authorize|authenticate)(?:[/.;]|$)", re.I
)
_LOGIN_HOST = re.compile(r"(?:login|signin|accounts|sso|idp)\.", re.I)
_PORTS = {"http": 80, "https": 443}
_SHORTEST_SECRET = 8  # shorter ones are words that a message needs


def is_absolute(address: str) -> bool:
    """Does it begin with http:// or https://?"""
    return _ABSOLUTE.match(address) is not None


def quoted(address: str) -> str:
    """The address without its fragment, every character that may not stand in one percent-encoded; escapes stay."""
    parts = urlsplit(address) if is_absolute(address) else urlsplit(f"//x/{address}")
    path, query = (quote(_LONE_PERCENT.sub("%25", text), safe=_LEGAL) for text in (parts.path, parts.query))
    if is_absolute(address):
        return urlunsplit((parts.scheme.lower(), parts.netloc, path, query, ""))
    return urlunsplit(("", "", path[1:], query, ""))


def joined(base: str, ref: str, params: Sequence[tuple[str, str]]) -> str:
    """The whole address: a relative `ref` lies below `base`, as if that were a folder; `params` join the query."""
    address = quoted(ref)
    if not is_absolute(address):
        parts = urlsplit(base)
        folder = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))
        # A colon before the first slash would be taken for the end of a scheme.
        address = urljoin(folder, address if re.match(r"[/?]", address) else f"./{address}")
    if params:
        parts = urlsplit(address)
        query = "&".join(filter(None, (parts.query, urlencode(params))))
        address = urlunsplit(parts._replace(query=query))
    return address


def origin_of(address: str) -> Origin:
    """Scheme, host and port. Raises ValueError for what has none."""
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host:
        raise ValueError("is no web address")
    return scheme, host, parts.port or _PORTS[scheme]


def may_follow_with_secrets(before: Origin, after: Origin) -> bool:
    """Is `after` the same place? The step from http to https on the usual ports leads to it too."""
    return before == after or (before[0], before[2], *after) == ("http", 80, "https", before[1], 443)


def place_of(address: str) -> str:
    """The address without what only signs it, and changes from time to time for the same file.

    The rest of a query stays: it may be what names the file (`/download?id=17`).
    """
    parts = urlsplit(address)
    pairs = parts.query.split("&")
    if any(re.match(r"(?:x-(?:amz|goog)-)?sig(?:nature)?=", pair, re.I) for pair in pairs):
        pairs = [pair for pair in pairs if not _SIGNING_NAME.fullmatch(pair.partition("=")[0])]
    return urlunsplit(parts._replace(query="&".join(pairs), fragment=""))


def shown(address: str) -> str:
    """What may be shown: neither query nor user and password; both may hold secrets."""
    before, question, _ = re.sub(r"(?<=//)[^/?#]*@", "", address).partition("?")
    return before.partition("#")[0] + ("?…" if question else "")


def host_of(address: str) -> str:
    """The host, for messages."""
    return urlsplit(address).hostname or "another host"


def leads_to_login(address: str) -> bool:
    """Does this look like the place where a person signs in?"""
    parts = urlsplit(address)
    return bool(_LOGIN_PATH.search(parts.path) or _LOGIN_HOST.match(parts.hostname or ""))


def remember_secrets_in(pairs: Sequence[tuple[str, str]]) -> None:
    """Mask the values of parameters that are secrets by their names wherever they would be shown or logged."""
    for name, value in pairs:
        if SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            for form in {value, quote(value), quote(value, safe=""), urlencode({"": value})[1:]}:
                remember_secret(form)
