"""Speaks HTTP so that nothing is lost or leaked: no redirects, no .netrc, system certificates, cut bodies noticed."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import create_cookie

from sfr.errors import ConfigError, TransientError

PIECE_BYTES = 1 << 18
USER_AGENT = "sfr (report downloader)"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, and for each byte of the answer (the first may take long)."""

    connect_seconds: float = 15.0
    read_seconds: float = 900.0


class _SystemTrust(HTTPAdapter):
    """Trusts what the operating system trusts, so that a company's own root certificate works without a setting."""

    def __init__(self) -> None:
        self._context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(pool_connections=2, pool_maxsize=2)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Keep requests from adding its own bundle of roots, except one that the user named in the environment."""
        if verify is True:
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)


class Answer:
    """A response whose body has not been read yet."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._raw: Any = response.raw
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.url = str(response.url)

    def pieces(self) -> Iterator[bytes]:
        """The body, unpacked, in pieces as they arrive. Raises TransientError when it does not end as announced."""
        encoding = self.headers.get("Content-Encoding", "").lower().strip()
        if encoding in ("", "identity"):
            return self._received()
        if encoding in ("gzip", "x-gzip"):
            return _unzipped(self._received())
        raise TransientError(f"the server packed its answer in an unknown way: {encoding}", max_attempts=3)

    def read(self, limit_bytes: int) -> bytes:
        """The beginning of the body, at most `limit_bytes`; the connection is not used again."""
        body = b""
        for piece in self.pieces():
            body += piece
            if len(body) >= limit_bytes:
                break
        self.close()
        return body[:limit_bytes]

    def abort(self) -> None:
        """Make a read that blocks in another thread return."""
        with suppress(ValueError, RuntimeError, OSError, AttributeError):  # already finished, or gone
            self._raw.shutdown()

    def close(self) -> None:
        self._response.close()

    def _received(self) -> Iterator[bytes]:
        with renamed_errors():
            while piece := self._raw.read1(PIECE_BYTES, decode_content=False):
                yield piece


def _unzipped(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip in bounded memory; a stream that stops before its own end mark is cut."""
    unpacker = zlib.decompressobj(wbits=31)
    for piece in packed:
        rest = piece
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
            try:
                unpacked = unpacker.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise TransientError(f"the compressed answer is damaged: {error}", reason="cut") from None
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            if unpacked:
                yield unpacked
    if not unpacker.eof:
        raise TransientError("the compressed answer is cut", reason="cut")


class Client:
    """Asks one thing at a time and keeps its connections. Not to be shared between threads."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.trust_env = False  # else requests would send what it finds in .netrc
        self._session.mount("https://", _SystemTrust())
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        self._environment: dict[str, tuple[Any, Any]] = {}
        self._answer: Answer | None = None

    def set_cookie(self, host: str, name: str, value: str) -> None:
        """Bind a cookie to one host; no other host will see it."""
        domain = host if "." in host else f"{host}.local"  # how http.cookiejar names a host without a dot
        self._session.cookies.set_cookie(create_cookie(name, value, domain=domain, path="/"))

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> Answer:
        """Send and return when the head of the answer is there. Redirects are not followed. Raises TransientError."""
        proxies, verify = self._from_environment(url)
        with renamed_errors():
            response = self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=dict(form) if form else None,
                stream=True,
                allow_redirects=False,
                timeout=(self._timeouts.connect_seconds, self._timeouts.read_seconds),
                proxies=proxies,
                verify=verify,
            )
        self._answer = Answer(response)
        return self._answer

    def abort(self) -> None:
        """From another thread: make the answer that is being read end."""
        if self._answer is not None:
            self._answer.abort()

    def close(self) -> None:
        self._session.close()

    def _from_environment(self, url: str) -> tuple[Any, Any]:
        """Proxies and certificate bundle that the environment names for this host, looked up once."""
        origin = urlsplit(url).netloc
        if origin not in self._environment:
            looker = requests.Session()
            found = looker.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
            self._environment[origin] = (found["proxies"], found["verify"])
        return self._environment[origin]


_UNASKABLE = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader)


@contextmanager
def renamed_errors() -> Iterator[None]:
    """The one place where errors of requests, urllib3 and the socket get our names."""
    try:
        yield
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise TransientError(
            f"no trusted connection: {_inmost(error)}",
            reason="tls",
            max_attempts=3,
            remedy="a proxy may need its root certificate installed in the system's store",
        ) from None
    except (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError) as error:
        raise TransientError(f"the proxy refused: {_inmost(error)}", reason="proxy", max_attempts=5) from None
    except _UNASKABLE as error:
        raise ConfigError(f"this cannot be asked for: {_inmost(error)}", reason="address") from None
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        reason = "connect-timeout" if isinstance(error, requests.exceptions.ConnectTimeout) else "timeout"
        raise TransientError("the server did not answer in time", reason=reason) from None
    except (requests.exceptions.ConnectionError, urllib3.exceptions.NewConnectionError) as error:
        raise TransientError(f"no connection: {_inmost(error)}", reason="connection") from None
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
        AttributeError,  # http.client, when the connection is closed under a read
    ) as error:
        raise TransientError(f"the answer is cut: {_inmost(error)}", reason="cut") from None


def _inmost(error: BaseException) -> str:
    """What really happened, without the layers (and the URL) that the libraries wrap around it."""
    seen = error
    for _ in range(8):
        inner = getattr(seen, "reason", None) or next(
            (item for item in reversed(seen.args) if isinstance(item, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        seen = inner
    if isinstance(seen, http.client.IncompleteRead):
        return "the connection ended before the answer did"
    text = str(seen).rsplit(": ", 1)[-1] if "object at 0x" in str(seen) else str(seen)
    return f"{type(seen).__name__}: {text}"[:200] if text else type(seen).__name__


def retry_after_seconds(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """How long a server asks to wait (RFC 9110 §10.2.3: seconds or a date); None when it does not say, at most 1 h."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return min(float(value), 3600.0)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return None
    return min(max(moment - (time.time() if now is None else now), 0.0), 3600.0)
