"""Delivers into a bucket of S3: the new object replaces the old one at once, proven, and with a link to fetch it by."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.connector import Parcel
from sfr.destinations.s3.client import Access
from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.links import Link, link_to
from sfr.destinations.s3.proof import Proving
from sfr.destinations.s3.refusals import renaming
from sfr.destinations.s3.upload import Upload
from sfr.errors import DeliveryError, SfrError
from sfr.model import Delivered

_LONGEST_KEY_BYTES = 1024
_UNREADABLE = "there is no link: this account may write there, and not read (the right s3:GetObject is missing)"


class S3:
    """A bucket of Amazon S3, or of a server that speaks its protocol, with download links."""

    Config = S3Config
    updates: ClassVar[frozenset[str]] = frozenset(("replace",))

    def __init__(self, config: S3Config) -> None:
        self._config = config
        self._opened: Access | None = None

    def put(self, staged: Path, name: str) -> str:
        """As `deliver`, for a file of which nothing but its name is known."""
        try:
            parcel = Parcel(staged, name, format="", bytes=staged.stat().st_size, sha256=sha256_of(staged))
        except OSError as error:
            raise delivery_error(staged, error) from error
        (delivered,) = self.deliver([parcel])
        return delivered.location

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        """All are sent before the first one becomes visible. Raises AuthError, DeliveryError, TransientError,
        ConfigError without boto3, and what a parcel's `progress` raises."""
        keys = [key_of(parcel.path) for parcel in parcels]
        with renaming(self._name):
            uploads = self._uploads(parcels, keys)
            try:
                for upload in uploads:
                    upload.send()
                readable = _commit(uploads)
            except BaseException:
                for upload in uploads:
                    upload.abandon()
                raise
        return [self._delivered(*each) for each in zip(parcels, keys, readable, strict=True)]

    def link(self, delivered: Delivered) -> Delivered:
        """The same with a new link; without one where the configuration wants none."""
        if not self._config.link_seconds:
            return replace(delivered, link="", link_expires_at=None)
        bucket, key = delivered.bucket or self._config.bucket, delivered.key
        where = f"s3://{bucket}/{key}"
        with renaming(where):
            found = Proving(self._config, self._access.client, {"Bucket": bucket, "Key": key}).look()
            if found is None:
                remedy = "Run the report again; was it deleted, or moved by a rule of the bucket?"
                raise DeliveryError(f"{where}: nothing is there any more", reason="gone", remedy=remedy)
            link = link_to(self._access, bucket, key, self._config.link_seconds)
        others = ("another file has taken its place since, and the link leads to that one",)
        is_another = found.bytes != delivered.bytes or (
            delivered.sha256 and found.metadata.get("sha256", delivered.sha256) != delivered.sha256
        )
        return _linked(replace(delivered, warnings=others if is_another else ()), link)

    def check(self) -> None:
        """Whether it may write: begins an upload that nobody can see, and ends it. Raises as `deliver`."""
        folder = (
            self._config.path.partition("{")[0].rpartition("/")[0].strip("/")
        )  # some may write into one folder only
        at = {"Bucket": self._config.bucket, "Key": f"{folder}/.sfr-check".lstrip("/")}
        with renaming(self._name):
            begun = self._access.client.create_multipart_upload(**at)
            self._access.client.abort_multipart_upload(**at, UploadId=begun["UploadId"])

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _name(self) -> str:
        return f"s3://{self._config.bucket}"

    @property
    def _access(self) -> Access:
        if self._opened is None:
            self._opened = Access(self._config)
        return self._opened

    def _uploads(self, parcels: Sequence[Parcel], keys: Sequence[str]) -> list[Upload]:
        uploads, before_bytes = [], 0
        for parcel, key in zip(parcels, keys, strict=True):
            went = functools.partial(_went, parcel, before_bytes)
            uploads.append(Upload(self._config, self._access.client, parcel, key, went))
            before_bytes += parcel.bytes
        return uploads

    def _delivered(self, parcel: Parcel, key: str, readable: bool) -> Delivered:
        delivered = Delivered(
            f"{self._name}/{key}",
            kind="s3",
            bucket=self._config.bucket,
            key=key,
            bytes=parcel.bytes,
            records=parcel.records,
            sha256=parcel.sha256,
            warnings=() if readable else (_UNREADABLE,),
        )
        if not self._config.link_seconds or not readable:
            return delivered
        try:
            with renaming(self._name):
                link = link_to(self._access, self._config.bucket, key, self._config.link_seconds)
        except SfrError as error:  # the file is there all the same
            return replace(delivered, warnings=(f"no link could be made: {error.message}",))
        return _linked(delivered, link)


def key_of(path: str) -> str:
    """The key of a path: the same, unless other programs could not read it back. Raises DeliveryError."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(ord(letter) < 32 or letter == "\x7f" for letter in path):
        why = "folders are divided by single slashes, and . and .. are no names"
    elif len(path.encode("utf-8", "replace")) > _LONGEST_KEY_BYTES:
        why = f"S3 takes at most {_LONGEST_KEY_BYTES:,} bytes"
    else:
        return path
    raise DeliveryError(f"{path!r} cannot be a key: {why}", reason="path", remedy="Correct the path in the list.")


def _commit(uploads: Sequence[Upload]) -> list[bool]:
    """Make all of them visible, or none; returns of each whether it may be read.

    A single one replaces the old file at once. Of several a later one may be refused, so the old files are kept."""
    if len(uploads) == 1:
        return [uploads[0].commit()]
    try:
        for upload in uploads:
            upload.undoing.remember()
        return [upload.commit() for upload in uploads]
    except BaseException:
        for upload in reversed(uploads):
            upload.undoing.take_back()
        raise
    finally:
        for upload in uploads:
            upload.undoing.forget()


def _went(parcel: Parcel, before_bytes: int, sent_bytes: int) -> None:
    parcel.progress(before_bytes + sent_bytes)


def _linked(delivered: Delivered, link: Link) -> Delivered:
    warnings = (*delivered.warnings, *link.warnings)
    return replace(delivered, link=link.url, link_expires_at=link.expires_at, warnings=warnings)
