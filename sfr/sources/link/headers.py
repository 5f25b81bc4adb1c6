"""Knows which request headers a person may set, and where: secrets in the settings, the connection's own ones never."""

from __future__ import annotations

import re

from sfr.sources.link.addresses import SECRET_NAME

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token, RFC 9110 §5.1
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = re.compile(
    r"host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|keep-alive"
    r"|range|if-(?:match|none-match|modified-since|unmodified-since|range)",
    re.I,
)


def check_header(name: str, value: str) -> None:
    """Raises ValueError, without the value, for a header that cannot be sent or that sfr sets by itself."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name[:40]!r} is no name of a header")
    if _VALUE.fullmatch(value) is None:
        raise ValueError(f"the value of {name} has characters that no header may have, such as a line end")
    if _OURS.fullmatch(name):
        raise ValueError(f"{name} is set by sfr itself")


def is_secret(name: str) -> bool:
    """Do headers of this name carry what must not be shown?"""
    return SECRET_NAME.search(name) is not None
