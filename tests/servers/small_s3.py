"""A small S3 server in memory, with the habits that no other test server has: sums of wholes, encryption, faults.

It believes every signature; what depends on signatures is tested against a real server (radosgw.py).
"""

from __future__ import annotations

import hashlib
import io
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.servers.listening import HttpServer
from tests.servers.s3_requests import chunks, operation_of

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass
class Stored:
    """An object, or an upload that has not ended, with the headers that it was begun with."""

    headers: dict[str, str]
    content: bytes = b""
    parts: dict[int, bytes] = field(default_factory=dict)
    key: str = ""
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Fault:
    """What happens to the next `times` requests of an operation: a status and code, or what `instead` does. `lose`
    does what was asked and hangs up without an answer."""

    status: int = 0
    code: str = ""
    times: int = 1_000_000
    lose: bool = False
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class SmallS3(HttpServer):
    """`objects` by key; `asked` are the operations in their order. `sums` keeps and compares CRC32 of wholes as
    Amazon's does, `encrypts` makes tags that are no sums, `readable` lets the account read. `received` may change the
    bytes of a part or an object on their way to the disk."""

    def __init__(
        self, *, sums: bool = False, encrypts: bool = False, readable: bool = True, context: Any = None
    ) -> None:
        self.sums, self.encrypts, self.readable = sums, encrypts, readable
        self.objects: dict[str, Stored] = {}
        self.uploads: dict[str, Stored] = {}
        self.asked: list[str] = []
        self.faults: dict[str, Fault] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.received: Callable[[bytes], bytes] = lambda content: content
        self.lock = threading.RLock()
        super().__init__(type("Handler", (_Handler,), {"place": self}), context)

    def content(self, key: str) -> bytes | None:
        return self.objects[key].content if key in self.objects else None

    def metadata(self, key: str) -> dict[str, str]:
        found = self.objects[key].headers
        return {name.removeprefix("x-amz-meta-"): value for name, value in found.items() if "-meta-" in name}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place: SmallS3

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        key = unquote(parts.path.removeprefix("/")).partition("/")[2]
        self.wfile.flush()
        body = self._body()
        operation = operation_of(self.command, key, query, self.headers)
        place = self.place
        place.asked.append(operation)
        if meddle := place.before.get(operation):
            meddle()
        fault = place.faults.get(operation)
        if fault is not None and fault.times > 0 and not fault.lose:
            fault.times -= 1
            if not fault.status:
                self.close_connection = True
                return
            self._refuse(fault.status, fault.code, fault.message, fault.headers)
            return
        self._lost = fault is not None and fault.lose and fault.times > 0
        if fault is not None:
            fault.times -= 1
        with place.lock:
            getattr(self, f"_{operation}")(key, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 (what http.server calls)

    def _body(self) -> bytes:
        """What was sent; over TLS it comes in chunks within chunks, with its sum behind them."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            sent = io.BytesIO(b"".join(chunks(self.rfile)))
        else:
            length_bytes = int(self.headers.get("Content-Length") or 0)
            sent = io.BytesIO(self.rfile.read(length_bytes))
            if len(sent.getvalue()) < length_bytes:
                raise ConnectionAbortedError("the client has gone amid its request")
        return b"".join(chunks(sent)) if "aws-chunked" in self.headers.get("Content-Encoding", "") else sent.read()

    def _PutObject(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        content = self.place.received(body)
        self.place.objects[key] = Stored(self._kept(), content)
        self._answer(headers=self._sums(self.place.objects[key]))

    def _CopyObject(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        source = unquote(self.headers["x-amz-copy-source"]).lstrip("/").partition("/")[2]
        found = self.place.objects[source]
        self.place.objects[key] = Stored(dict(found.headers), found.content, dict(found.parts))
        self._answer(f"<CopyObjectResult {NAMESPACE}><ETag>x</ETag></CopyObjectResult>")

    def _HeadObject(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        self._show(key, with_body=False)

    def _GetObject(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        self._show(key, with_body=True)

    def _DeleteObject(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        self.place.objects.pop(key, None)
        self._answer(status=204)

    def _CreateMultipartUpload(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        name = f"upload-{len(self.place.asked)}"
        self.place.uploads[name] = Stored(self._kept(), key=key)
        headers = {"x-amz-checksum-type": self.headers.get("x-amz-checksum-type", "")} if self.place.sums else {}
        told = f"<Key>{escape(key)}</Key><UploadId>{name}</UploadId>"
        self._answer(
            f"<InitiateMultipartUploadResult {NAMESPACE}>{told}</InitiateMultipartUploadResult>", headers=headers
        )

    def _UploadPart(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        content = self.place.received(body)
        if query["uploadId"][0] not in self.place.uploads:
            return self._refuse(404, "NoSuchUpload")
        self.place.uploads[query["uploadId"][0]].parts[int(query["partNumber"][0])] = content
        return self._answer(headers={"ETag": f'"{self._tag(hashlib.md5(content).hexdigest())}"'})

    def _CompleteMultipartUpload(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        upload = self.place.uploads.get(query["uploadId"][0])
        if upload is None:
            return self._refuse(404, "NoSuchUpload")
        wanted = [
            int(each.text or 0) for each in ElementTree.fromstring(body).iter() if each.tag.endswith("PartNumber")
        ]
        upload.content = b"".join(upload.parts[number] for number in wanted)
        given = self.headers.get("x-amz-checksum-crc32")
        if self.place.sums and given and given != _crc32(upload.content):
            return self._refuse(400, "BadDigest")
        self.place.objects[key] = self.place.uploads.pop(query["uploadId"][0])
        told = "".join(f"<{name}>{value}</{name}>" for name, value in self._told_sums(self.place.objects[key]).items())
        return self._answer(f"<CompleteMultipartUploadResult {NAMESPACE}>{told}</CompleteMultipartUploadResult>")

    def _AbortMultipartUpload(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        self.place.uploads.pop(query["uploadId"][0], None)
        self._answer(status=204)

    def _ListMultipartUploads(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        listed = "".join(
            f"<Upload><Key>{escape(each.key)}</Key><UploadId>{name}</UploadId>"
            f"<Initiated>{each.begun:%Y-%m-%dT%H:%M:%S.000Z}</Initiated></Upload>"
            for name, each in self.place.uploads.items()
            if each.key.startswith(query["prefix"][0])
        )
        self._answer(f"<ListMultipartUploadsResult {NAMESPACE}>{listed}</ListMultipartUploadsResult>")

    def _show(self, key: str, *, with_body: bool) -> None:
        found = self.place.objects.get(key)
        if not self.place.readable:
            return self._refuse(403, "AccessDenied")
        if found is None:
            return self._refuse(404, "NoSuchKey")
        headers = {**found.headers, **self._sums(found), "Content-Length": str(len(found.content))}
        headers["Last-Modified"] = format_datetime(datetime.now(UTC), usegmt=True)
        return self._answer(found.content if with_body else b"", headers=headers)

    def _kept(self) -> dict[str, str]:
        kept = ("x-amz-meta-", "content-type", "x-amz-storage-class", "x-amz-server-side-encryption")
        return {name.lower(): value for name, value in self.headers.items() if name.lower().startswith(kept)}

    def _sums(self, stored: Stored) -> dict[str, str]:
        names = {"ETag": "ETag", "ChecksumCRC32": "x-amz-checksum-crc32", "ChecksumType": "x-amz-checksum-type"}
        return {names[name]: value for name, value in self._told_sums(stored).items()}

    def _told_sums(self, stored: Stored) -> dict[str, str]:
        tag = hashlib.md5(stored.content).hexdigest()
        if stored.parts:
            joined = b"".join(hashlib.md5(stored.parts[number]).digest() for number in sorted(stored.parts))
            tag = f"{hashlib.md5(joined).hexdigest()}-{len(stored.parts)}"
        told = {"ETag": f'"{self._tag(tag)}"'}
        return told | (
            {"ChecksumCRC32": _crc32(stored.content), "ChecksumType": "FULL_OBJECT"} if self.place.sums else {}
        )

    def _tag(self, tag: str) -> str:
        return hashlib.md5(f"secret{tag}".encode()).hexdigest() if self.place.encrypts else tag

    def _refuse(self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None) -> None:
        self._lost = False
        self._answer(f"<Error><Code>{code}</Code><Message>{message}</Message></Error>", status=status, headers=headers)

    def _answer(self, body: str | bytes = b"", *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if self._lost:
            self.close_connection = True
            return
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


def _crc32(content: bytes) -> str:
    return b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
