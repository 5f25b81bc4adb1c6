"""Speaks HTTP so that nothing is lost or leaked: no redirects, no .netrc, system certificates, cut bodies noticed."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, create_cookie, extract_cookies_to_jar

from sfr.errors import TransientError
from sfr.http_bodies import unpacked
from sfr.http_errors import check_bundle, check_headers, refused_requests, renamed_errors

PIECE_BYTES = 1 << 18
_LENGTH = re.compile(r"\d{1,18}(?:,\s*\d{1,18})*", re.A)
_HEADERS = {"User-Agent": "sfr (report downloader)", "Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, and for each byte of the answer (the first may take long)."""

    connect_seconds: float = 15.0
    read_seconds: float = 900.0


class _Adapter(HTTPAdapter):
    """Trusts what the operating system trusts, so that a company's own root certificate works without a setting.

    `note` is handed the socket of each request, before the answer is waited for.
    """

    def __init__(self, note: Callable[[socket.socket], None]) -> None:
        self._note = note
        self._context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(pool_connections=2, pool_maxsize=2)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        if not hasattr(pool.ConnectionCls, "note"):
            pool.ConnectionCls = _noting(pool.ConnectionCls, self._note)
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Keep requests from adding its own bundle of roots, except one that the user named in the environment."""
        if verify is True:
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)


def _noting(connection_class: Any, tell: Callable[[socket.socket], None]) -> Any:
    class Noting(connection_class):  # type: ignore[misc]
        note = staticmethod(tell)

        def getresponse(self) -> Any:
            self.note(self.sock)
            return super().getresponse()

    return Noting


def beginning(pieces: Iterator[bytes], limit_bytes: int) -> bytes:
    """As many pieces as it takes to have `limit_bytes`, whole."""
    begun = b""
    for piece in pieces:
        begun += piece
        if len(begun) >= limit_bytes:
            break
    return begun


class Answer:
    """A response whose body has not been read yet."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._raw: Any = response.raw
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.url = str(response.url)

    @property
    def announced(self) -> bool:
        """Does the answer say where it ends? Then `pieces` has noticed when it ended before that."""
        length = self.headers.get("Content-Length", "")  # what is no number (-1 from some servers) is not compared
        return bool(_LENGTH.fullmatch(length)) or "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def pieces(self) -> Iterator[bytes]:
        """The body, unpacked, in pieces as they arrive. Raises TransientError when it does not end as announced."""
        return unpacked(self.headers.get("Content-Encoding", ""), self._received())

    def read(self, limit_bytes: int) -> bytes:
        """The beginning of the body, at most `limit_bytes`; the connection is not used again."""
        body = beginning(self.pieces(), limit_bytes)
        self.close()
        return body[:limit_bytes]

    def json(self, limit_bytes: int = 64_000_000) -> Any:
        """The whole body as JSON. Raises TransientError for more than `limit_bytes` and for what is no JSON."""
        body = self.read(limit_bytes + 1)
        try:
            return json.loads(body[:limit_bytes])
        except ValueError:
            shown = body[:80].decode("utf-8", "replace")
            raise TransientError(f"no JSON came: {shown!r}", reason="no-json", max_attempts=3) from None

    def close(self) -> None:
        self._response.close()

    def _received(self) -> Iterator[bytes]:
        while piece := self._read():
            yield piece

    def _read(self) -> bytes:
        with renamed_errors():
            piece: bytes = self._raw.read1(PIECE_BYTES, decode_content=False)
        return piece


class Client:
    """Asks one thing at a time and keeps its connections. Not to be shared between threads.

    `turn` is called before each request; a source gives that of its tools, which keeps the pace of its server.
    """

    def __init__(self, timeouts: Timeouts, turn: Callable[[], None] = lambda: None) -> None:
        self._timeouts, self._turn = timeouts, turn
        self._adapter = _Adapter(self._use)
        self._cookies = RequestsCookieJar()
        self._environment: dict[str, tuple[Any, Any]] = {}
        self._socket: socket.socket | None = None

    def set_cookie(self, host: str, name: str, value: str) -> None:
        """Bind a cookie to one host; a host beside or above it will not see it."""
        domain = host if "." in host else f"{host}.local"  # how http.cookiejar names a host without a dot
        self._cookies.set_cookie(create_cookie(name, value, domain=domain, path="/"))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: Any = None,
    ) -> Answer:
        """Send and return when the head of the answer is there. Redirects are not followed.

        What is sent is a `form`, a `body` of bytes or a value as `json`.

        Without a requests Session, which would look into .netrc, read the bodies of redirects and cost as much again.
        Raises TransientError, and ConfigError for what cannot be asked.
        """
        with refused_requests():
            proxies, verify = self._from_environment(url)
            request = requests.PreparedRequest()
            sent = {**_HEADERS, **(headers or {})}
            request.prepare(method, url, sent, data=form or body, json=json, cookies=self._cookies)
        check_headers(request.headers)
        self._turn()
        with renamed_errors(urlsplit(url).netloc.rpartition("@")[2]):
            response = self._adapter.send(
                request,
                stream=True,
                timeout=(self._timeouts.connect_seconds, self._timeouts.read_seconds),
                verify=verify,
                proxies=proxies,
            )
        if "Set-Cookie" in response.headers:
            extract_cookies_to_jar(self._cookies, request, response.raw)
        return Answer(response)

    def abort(self) -> None:
        """From another thread: make the answer that is being waited for or read end."""
        if self._socket is not None:
            with suppress(OSError):  # closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._adapter.close()

    def _use(self, connected: socket.socket) -> None:
        self._socket = connected

    def _from_environment(self, url: str) -> tuple[Any, Any]:
        """Proxies and certificate bundle that the environment names for this host, looked up once."""
        origin = urlsplit(url).netloc
        if origin not in self._environment:
            looker = requests.Session()
            found = looker.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
            if url.lower().startswith("https:"):
                check_bundle(found["verify"])
            self._environment[origin] = (found["proxies"], found["verify"])
        return self._environment[origin]
