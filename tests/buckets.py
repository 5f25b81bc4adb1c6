"""What the tests of S3 share: settings, parcels, and buckets of a real server."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sfr.connector import Parcel
from sfr.destinations.s3.config import S3Config
from tests.servers import radosgw

PART_BYTES = 8 << 20
_numbers = itertools.count(1)


def settings_for(url: str, **more: Any) -> S3Config:
    keys = {"access_key_id": "AKIAOFTHETESTS000001", "secret_access_key": "a-secret-of-the-tests/+1"}
    return S3Config(**{"bucket": "reports", "endpoint_url": url, **keys, **more})


def parcel(folder: Path, content: bytes, path: str = "a.csv", **more: Any) -> Parcel:
    """A finished file in `folder`."""
    staged = folder / f"{next(_numbers)}.part"
    staged.write_bytes(content)
    known = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "records": 1, **more}
    return Parcel(staged, path, **known)


def large(parts: float = 2.5) -> bytes:
    """Bytes that go in so many parts, other ones each time."""
    return (os.urandom(64) * (int(parts * PART_BYTES) // 64 + 1))[: int(parts * PART_BYTES)]


def stop_at(limit_bytes: int, then: Callable[[], None]) -> Callable[[int], None]:
    """A progress that does `then` once, when so many bytes went."""
    waiting = [then]

    def progress(sent_bytes: int) -> None:
        if waiting and sent_bytes >= limit_bytes:
            waiting.pop()()

    return progress


class Bucket:
    """A bucket of a real server; `client` is its owner's, by which tests look into it."""

    def __init__(self, gateway: radosgw.Gateway, name: str) -> None:
        self.gateway, self.name = gateway, name
        self.client = client_of(gateway.url, radosgw.ACCESS_KEY, radosgw.SECRET_KEY)
        self.client.create_bucket(Bucket=name)

    def settings(self, **more: Any) -> S3Config:
        keys = {"access_key_id": radosgw.ACCESS_KEY, "secret_access_key": radosgw.SECRET_KEY}
        return S3Config(**{"bucket": self.name, "endpoint_url": self.gateway.url, **keys, **more})

    def content(self, key: str) -> bytes | None:
        if key not in self.listed():
            return None
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def listed(self) -> list[str]:
        """The keys of all objects."""
        return [each["Key"] for each in self.client.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def uploads(self) -> list[str]:
        """The ids of uploads that have not ended."""
        return [each["UploadId"] for each in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", ())]


def new_bucket() -> Bucket:
    """An empty bucket of the server that all tests of this process share."""
    return Bucket(radosgw.shared(), f"test-{os.getpid()}-{next(_numbers)}")


def client_of(url: str, access_key: str, secret_key: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=radosgw.REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
