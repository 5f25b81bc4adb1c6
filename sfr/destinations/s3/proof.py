"""Proves that what stands in the bucket is, byte for byte, what was sent: by the server's sums, or by reading it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.labels import UPLOAD
from sfr.destinations.s3.reading import MEBIBYTE, Sums
from sfr.destinations.s3.refusals import status_of
from sfr.errors import DeliveryError, TransientError


@dataclass(frozen=True, slots=True)
class Found:
    """What the server says about an object. `crc32` is "" where it keeps none of the whole, `version` where the bucket
    keeps no versions."""

    bytes: int
    tag: str
    crc32: str
    version: str
    metadata: dict[str, str]


class Proving:
    """Looks at one object. `at` is its bucket and key, `upload` tells the upload that is to be proven from others."""

    def __init__(self, config: S3Config, client: Any, at: dict[str, str], upload: str = "") -> None:
        self._config, self._client, self._at, self._upload = config, client, at, upload

    def look(self) -> Found | None:
        """What stands there; None when nothing does. Raises botocore's errors."""
        from botocore.exceptions import ClientError

        more = {"ChecksumMode": "ENABLED"} if self._config.checksums == "when_supported" else {}
        try:
            return _found(self._client.head_object(**self._at, **more))
        except ClientError as error:
            if status_of(error) == 404:
                return None
            raise

    def prove(self, sums: Sums, answer: dict[str, Any], *, in_parts: bool) -> bool:
        """Returns whether this account may read the object; where it may not, `answer` (what the server said to the
        last request) has to prove it. What is damaged is deleted.

        Raises TransientError when the object is not what was sent, DeliveryError when nothing proves it or it is
        somebody else's, and botocore's errors."""
        from botocore.exceptions import ClientError

        try:
            found = self.look()
        except ClientError as error:
            if status_of(error) != 403:
                raise
            if _agrees(sums, _tag(answer), _whole_crc32(answer), in_parts=in_parts):
                return False
            raise DeliveryError(
                f"{self._name}: nothing proves that it arrived whole, since this account may not read it",
                reason="unproven",
                remedy="Give the account the right s3:GetObject on this bucket.",
            ) from error
        if found is None:
            raise self._damaged("it is not there after it was sent")
        if found.metadata.get(UPLOAD, self._upload) != self._upload:
            raise DeliveryError(
                f"{self._name}: something else wrote over it at the same moment",
                reason="overwritten",
                remedy="See which other report or program has this path, and give one of them another.",
            )
        if why := self._wrong(found, sums, in_parts=in_parts):
            version = {"VersionId": found.version} if found.version else {}
            self._client.delete_object(**self._at, **version)  # rather nothing than a wrong file under a good name
            raise self._damaged(why)
        return True

    def _wrong(self, found: Found, sums: Sums, *, in_parts: bool) -> str:
        if found.bytes != sums.bytes:
            return f"{sums.bytes:,} bytes were sent and {found.bytes:,} are there"
        proven = _agrees(sums, found.tag, found.crc32, in_parts=in_parts)
        if (self._config.read_back or not proven) and self._read() != sums.sha256:
            return "its bytes are others than those that were sent"
        return ""

    @property
    def _name(self) -> str:
        return f"s3://{self._at['Bucket']}/{self._at['Key']}"

    def _damaged(self, what: str) -> TransientError:
        return TransientError(f"{self._name}: {what}", reason="damaged", max_attempts=3)

    def _read(self) -> str:
        """The SHA-256 of what comes back."""
        found = hashlib.sha256()
        for piece in self._client.get_object(**self._at)["Body"].iter_chunks(MEBIBYTE):
            found.update(piece)
        return found.hexdigest()


def _agrees(sums: Sums, tag: str, crc32: str, *, in_parts: bool) -> bool:
    """A sum of the whole decides; the tag proves by being right, and says nothing where the server encrypts."""
    return crc32 == sums.crc32 if crc32 else tag == sums.tag(in_parts=in_parts)


def _found(answer: dict[str, Any]) -> Found:
    version = str(answer.get("VersionId") or "")
    return Found(
        bytes=int(answer["ContentLength"]),
        tag=_tag(answer),
        crc32=_whole_crc32(answer),
        version="" if version == "null" else version,
        metadata=dict(answer.get("Metadata") or {}),
    )


def _tag(answer: dict[str, Any]) -> str:
    return str(answer.get("ETag") or "").strip('"')


def _whole_crc32(answer: dict[str, Any]) -> str:
    """Not that of the parts' sums, which ends in their number."""
    value = str(answer.get("ChecksumCRC32") or "")
    return "" if "-" in value or answer.get("ChecksumType") == "COMPOSITE" else value
