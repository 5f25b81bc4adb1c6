"""The one place where errors of requests, urllib3 and the socket get our names, and where a server's pause is read."""

from __future__ import annotations

import email.utils
import http.client
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
import urllib3

from sfr.errors import ConfigError, TransientError

REDIRECTS = (301, 302, 303, 307, 308)

_UNASKABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
# RFC 9110 §5.5: no control characters but the tab, and http.client sends nothing beyond Latin-1.
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_SYSTEM_ERROR = re.compile(r"\[(?:Errno|WinError) -?\d+\] ([^\[\]()]+)")
_MOST_UNREADABLE = 3
# What OpenSSL says of an answer that is plain HTTP, or no TLS at all.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})


@contextmanager
def refused_requests() -> Iterator[None]:
    """Turn what the libraries raise while a request is put together, before anything is sent, into ConfigError."""
    try:
        yield
    except requests.exceptions.InvalidHeader:  # its text holds the value, which may be a secret
        raise ConfigError("a request header cannot hold the value that it shall have", reason="header") from None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise ConfigError(f"this cannot be asked for: {_inmost(error)}", reason="address") from None


def check_headers(headers: Mapping[str, str | bytes]) -> None:
    """Raises ConfigError for a value that no header can hold, such as a session that was pasted with a line end."""
    for name, value in headers.items():
        if isinstance(value, str) and _HEADER_VALUE.fullmatch(value) is None:
            raise ConfigError(
                f"the header {name} cannot hold its value: it has characters that no header may have",
                reason="header",
                remedy="if it is the session: copy the whole value of the cookie sid again",
            )


def check_bundle(verify: bool | str | None) -> None:
    """Raises ConfigError when the certificates that the environment names are not there."""
    if isinstance(verify, str) and not Path(verify).exists():
        raise ConfigError(
            f"REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) = {verify}: there is no such file",
            reason="certificates",
            remedy="name the file with your company's root certificates there, or take the variable away",
        )


@contextmanager
def renamed_errors(place: str = "") -> Iterator[None]:
    """Turn what the libraries raise in this block into TransientError, or ConfigError for what cannot be asked.

    `place` is the host and port that are talked to.
    """
    try:
        yield
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise _without_trust(error) from None
    except (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError) as error:
        raise TransientError(f"the proxy refused: {_inmost(error)}", reason="proxy", max_attempts=5) from None
    except requests.exceptions.InvalidHeader:  # of the answer; the request's own ones were checked before
        raise TransientError(
            "the answer cannot be read: its headers contradict each other",
            reason="unreadable",
            max_attempts=_MOST_UNREADABLE,
        ) from None
    except _UNASKABLE as error:
        raise ConfigError(f"this cannot be asked for: {_inmost(error)}", reason="address") from None
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        reason = "connect-timeout" if isinstance(error, requests.exceptions.ConnectTimeout) else "timeout"
        raise TransientError("the server did not answer in time", reason=reason) from None
    except (requests.exceptions.ConnectionError, urllib3.exceptions.NewConnectionError) as error:
        raise TransientError(
            f"no connection{f' to {place}' if place else ''}: {_unreachable(error)}",
            reason="connection",
            remedy="is the address right, and can the server be reached from here?",
        ) from None
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
    ) as error:
        raise TransientError(f"the answer is cut: {_inmost(error)}", reason="cut") from None
    except (ValueError, AttributeError) as error:  # of http.client, also when the connection is closed under a read
        raise TransientError(
            f"the answer cannot be read: {_inmost(error)}", reason="unreadable", max_attempts=_MOST_UNREADABLE
        ) from None


def _unreachable(error: BaseException) -> str:
    """Why no connection came up, as the system calls it and without the names of Python's classes."""
    inmost = _inmost_error(error)
    if isinstance(inmost, urllib3.exceptions.NameResolutionError):
        return "nobody knows a server of that name"
    told = _SYSTEM_ERROR.search(str(inmost))
    return told[1].lower() if told else _inmost(error)


def _without_trust(error: BaseException) -> TransientError:
    """A refused certificate stays refused; a connection that broke while it was secured may come up next time."""
    inmost = _inmost_error(error)
    if isinstance(inmost, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return TransientError(f"the secure connection broke: {_inmost(error)}", reason="connection")
    if isinstance(inmost, ssl.SSLError) and inmost.reason in _NO_TLS:
        return TransientError(
            f"no secure connection: what answers there does not speak https ({inmost.reason})",
            reason="tls",
            max_attempts=3,
            remedy="is the address right, with its port? If the server has no https, it begins with http://",
        )
    return TransientError(
        f"no trusted connection: {_inmost(error)}",
        reason="tls",
        max_attempts=3,
        remedy="a proxy may need its root certificate installed in the system's store, or named in SSL_CERT_FILE",
    )


def _inmost_error(error: BaseException) -> BaseException:
    seen = error
    for _ in range(8):
        inner = getattr(seen, "reason", None) or next(
            (item for item in reversed(seen.args) if isinstance(item, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        seen = inner
    return seen


def _inmost(error: BaseException) -> str:
    """What really happened, without the layers (and the URL) that the libraries wrap around it."""
    seen = _inmost_error(error)
    if isinstance(seen, http.client.IncompleteRead):
        return "the connection ended before the answer did"
    text = "".join(character if character.isprintable() else " " for character in str(seen)).strip()
    if "object at 0x" in text or "(host=" in text:  # it begins with our own connection object
        text = text.rsplit(": ", 1)[-1]
    return f"{type(seen).__name__}: {text}"[:200] if text else type(seen).__name__


def retry_after_seconds(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """How long a server asks to wait (RFC 9110 §10.2.3: seconds or a date); None when it does not say, at most 1 h."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), 3600.0)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(moment - (time.time() if now is None else now), 0.0), 3600.0)


def asked_to_pause(
    message: str, headers: Mapping[str, str], *, otherwise_seconds: float | None = None, remedy: str | None = None
) -> TransientError:
    """The error for an answer with which a server asks everybody to wait (429, 503): for as long as it says, or
    `otherwise_seconds`."""
    asked = retry_after_seconds(headers)
    return TransientError(
        message,
        reason="throttled",
        remedy=remedy,
        retry_after_seconds=otherwise_seconds if asked is None else asked,
        slow_down=True,
    )
