"""Knows when two addresses lead to the same server, whatever stands behind its name."""

from __future__ import annotations

from urllib.parse import urlsplit

from sfr.connector import ReferenceProblem, Wanted

_PORTS = {"http": 80, "https": 443}


def origin_of(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port (RFC 6454); None for what is no address of a server."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or _PORTS.get(parts.scheme.lower())
    except ValueError:
        return None
    return (parts.scheme.lower(), parts.hostname, port) if parts.hostname else None


def check_server(wanted: Wanted) -> None:
    """Raise ReferenceProblem for an address on another host than that of its source: the same number means another
    report there. A reference without a host leads nowhere else, and an unknown server is not judged."""
    there, here = origin_of(wanted.text), origin_of(wanted.server or "")
    if there is not None and here is not None and there[1] != here[1]:
        message = f"is on {there[1]}, and this source is {here[1]}"
        raise ReferenceProblem("id", wanted.text, message, "Name the source of that server, or write only the number.")
