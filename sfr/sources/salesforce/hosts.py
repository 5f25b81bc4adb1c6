"""Knows which of a Salesforce org's many hosts answers the export, and turns what people paste into its address."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from sfr.errors import ConfigError

_EXAMPLE = "https://acme.my.salesforce.com"
_REMEDY = (
    f"Give your org's My Domain, such as {_EXAMPLE}. "
    "It is shown in Setup under My Domain, and by View Profile at the top right of every page."
)
_FAMILIES = ("salesforce.com", "salesforce.mil", "cloudforce.com", "cloudforce.mil", "sfcrmproducts.cn")
_NO_ORG = ("my", "login", "test", "www", "help", "developer", "status", "trust", "trailhead", "appexchange")

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*|[0-9a-f:]+")

# A session is bound to its host, and only the My Domain host exports reports: each page's host, and that host.
_REWRITES = (
    (re.compile(r"\.mcas\.ms$"), ""),
    (re.compile(r"\.lightning\.force\.(com|mil)$"), r".my.salesforce.\1"),
    (re.compile(r"\.lightning\.([\w-]+)\.force\.com$"), r".my.\1.salesforce.com"),
    (re.compile(r"^(.+)--\w+((?:\.[\w-]+)?)\.vf\.force\.com$"), r"\1\2.my.salesforce.com"),
    (re.compile(r"^(.+)--\w+\.[\w-]+\.visual\.force\.com$"), r"\1.my.salesforce.com"),
    (re.compile(r"^\w+\.([\w-]+)\.visual\.force\.com$"), r"\1.salesforce.com"),
    (re.compile(r"^(.+)--\w+\.visual\.force\.com$"), r"\1.my.salesforce.com"),
    (re.compile(r"\.my\.salesforce-setup\.com$"), ".my.salesforce.com"),
)


def my_domain_origin(text: str) -> tuple[str, str | None]:
    """Turn what somebody wrote as their org into the origin that answers exports.

    `text` may be a host, or an address with a path, of a Classic, Lightning or Visualforce page or of the Microsoft
    Defender proxy (`.mcas.ms`). Returns the origin without a trailing slash, and a notice when the host had to be
    changed. Plain http is for the loopback address only. Raises ConfigError with a remedy.
    """
    parts, host = _parse(text)
    if is_loopback(host):
        return _origin(parts, host), None
    _refuse_odd_addresses(parts, host)
    my_domain = _rewrite(host)
    _refuse_strangers(my_domain)
    notice = f"https://{host} was changed to https://{my_domain}" if my_domain != host else None
    return f"https://{my_domain}", notice


def is_loopback(host: str) -> bool:
    """Is `host` this machine itself?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parse(text: str) -> tuple[SplitResult, str]:
    cleaned = text.strip().strip("\"'<>\u200b\ufeff").strip()
    if not cleaned:
        raise ConfigError("the org's address is empty", remedy=_REMEDY)
    if "@" in cleaned.split("://")[-1].split("/")[0]:
        raise ConfigError("the org's address holds a user name (the value is not shown)", remedy=_REMEDY)
    try:
        parts = urlsplit(cleaned if "://" in cleaned else f"https://{cleaned}")
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise ConfigError(f'"{cleaned}" is no web address', remedy=_REMEDY) from error
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ConfigError(f'"{cleaned}" is no web address', remedy=_REMEDY)
    return parts, host


def _origin(parts: SplitResult, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")


def _refuse_odd_addresses(parts: SplitResult, host: str) -> None:
    if parts.scheme == "http":
        raise ConfigError(
            f"plain http would show the session to everybody on the way to {host}", remedy=f"Write https://{host}."
        )
    if parts.port not in (None, 443):
        raise ConfigError(f"Salesforce answers on no port {parts.port}", remedy=f"Write https://{host}.")


def _rewrite(host: str) -> str:
    for pattern, replacement in _REWRITES:
        host = pattern.sub(replacement, host)
    return host


def _refuse_strangers(host: str) -> None:
    if "." not in host:
        raise ConfigError(f'"{host}" is only a name', remedy=f"Perhaps https://{host}.my.salesforce.com? {_REMEDY}")
    family = next((family for family in _FAMILIES if host == family or host.endswith(f".{family}")), None)
    if family is None:
        # A session sent to a mistyped host is a session given away.
        raise ConfigError(f"{host} is no host of a Salesforce org", remedy=_REMEDY)
    label = host.removesuffix(family).rstrip(".")
    if not label or label in _NO_ORG:
        raise ConfigError(f"{host} belongs to every org and has no reports", remedy=_REMEDY)


def origin_or_value_error(text: str) -> str:
    """`my_domain_origin` with its error as a ValueError, which pydantic collects with the others."""
    try:
        return my_domain_origin(text)[0]
    except ConfigError as error:
        raise ValueError(f"{error.message}. {error.remedy}") from error
