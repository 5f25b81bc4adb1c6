"""Reads requests of the S3 protocol: which operation is meant, and what comes in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any


def operation_of(method: str, key: str, query: dict[str, list[str]], headers: Any) -> str:
    """What the documents of S3 call it."""
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}[method]
    if "uploads" in query:
        return {"POST": "CreateMultipartUpload", "GET": "ListMultipartUploads"}[method]
    if method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject"
    return f"{method.capitalize()}Object"


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The content of what was sent in chunks, each with its size before it."""
    while size_bytes := int(file.readline().partition(b";")[0] or b"0", 16):
        yield file.read(size_bytes)
        file.readline()
    while file.readline().strip():  # trailers, and the line that ends them
        continue
