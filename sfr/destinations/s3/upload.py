"""Brings one file into a bucket: all of it is sent before anybody can see it, and proven when somebody can."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sfr.atomic import delivery_error
from sfr.connector import Parcel
from sfr.destinations.s3.client import SENDING_AT_ONCE
from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.labels import labels_of
from sfr.destinations.s3.leftovers import sweep
from sfr.destinations.s3.proof import Proving
from sfr.destinations.s3.reading import SMALLEST_PART_BYTES, PartReader, Sums, part_bytes_for
from sfr.destinations.s3.undoing import Undoing
from sfr.errors import DeliveryError, TransientError


class Upload:
    """One parcel on its way to one key. `went` is told how many of its bytes went; what it raises ends the upload."""

    def __init__(self, config: S3Config, client: Any, parcel: Parcel, key: str, went: Callable[[int], None]) -> None:
        self._config, self._client, self._parcel, self._went = config, client, parcel, went
        self._at = {"Bucket": config.bucket, "Key": key}
        self._id = uuid.uuid4().hex
        self._sums = Sums()
        self._held: _HoldingBack | None = None
        self._proving = Proving(config, client, self._at, self._id)
        self.undoing = Undoing(client, self._at, self._proving, self._id)

    def send(self) -> None:
        """Everything but the last request. A small file goes with that one, and is only looked at here.

        Raises botocore's errors, DeliveryError, TransientError, and what `went` raises."""
        try:
            size_bytes = self._parcel.staged.stat().st_size
            if size_bytes > SMALLEST_PART_BYTES:
                self._send_parts(size_bytes)
            else:
                self._read_at_once()
        except OSError as error:
            raise delivery_error(self._parcel.staged, error) from error
        self._went(size_bytes)

    def commit(self) -> bool:
        """Make the file visible, and prove that it is the one that was meant. Returns whether the account may read it.

        What proves to be damaged is not left there. Raises as `send`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._finish()
        except (BotoCoreError, ClientError):
            if not self.undoing.is_ours():
                raise
            answer = {}  # the request arrived, and its answer was lost
        readable = self._proving.prove(self._sums, answer, in_parts=self._held is not None)
        if self._held is not None:
            sweep(self._client, self._at)
        return readable

    def abandon(self) -> None:
        """Leave no parts behind that would cost money. What cannot be removed is for a rule of the bucket."""
        from botocore.exceptions import BotoCoreError, ClientError

        if self._held is not None:
            with suppress(BotoCoreError, ClientError):  # the reason for giving up is the one to tell
                self._client.abort_multipart_upload(**self._at, UploadId=self._held.upload_id)

    def _send_parts(self, size_bytes: int) -> None:
        from s3transfer.manager import TransferConfig, TransferManager
        from s3transfer.subscribers import BaseSubscriber

        class Sized(BaseSubscriber):  # type: ignore[misc]
            def on_queued(self, future: Any, **_: Any) -> None:
                future.meta.provide_transfer_size(size_bytes)

        transfer = TransferConfig(
            multipart_threshold=1,
            multipart_chunksize=part_bytes_for(size_bytes),
            max_request_concurrency=SENDING_AT_ONCE,
            max_submission_concurrency=1,
            max_in_memory_upload_chunks=SENDING_AT_ONCE + 1,
        )
        labels = labels_of(self._parcel, self._config, self._id)
        if "ChecksumAlgorithm" in labels:
            labels["ChecksumType"] = "FULL_OBJECT"
        self._held = held = _HoldingBack(self._client, {**self._at, **labels})
        self._sums = Sums(crc32=held.sums_the_whole, tags=not held.sums_the_whole)
        with self._parcel.staged.open("rb") as file, TransferManager(held, transfer) as manager:
            reader = PartReader(file, self._sums, self._went)
            future = manager.upload(reader, *self._at.values(), labels, [Sized()])
            reader.is_over = future.done
            future.result()
        self._check_sums()
        if not held.sums_the_whole:
            self._check_parts(held)

    def _read_at_once(self) -> bytes:
        content = self._parcel.staged.read_bytes()
        self._sums = Sums()
        self._sums.add(content)
        self._check_sums()
        return content

    def _finish(self) -> dict[str, Any]:
        found: dict[str, Any]
        if self._held is None or self._held.last is None:
            try:
                content = self._read_at_once()
            except OSError as error:
                raise delivery_error(self._parcel.staged, error) from error
            labels = labels_of(self._parcel, self._config, self._id)
            found = self._client.put_object(**self._at, Body=content, **labels)
            return found
        last = dict(self._held.last)
        if self._held.sums_the_whole:  # the server compares, and refuses to show anything else
            last |= {"ChecksumCRC32": self._sums.crc32, "ChecksumType": "FULL_OBJECT"}
        found = self._client.complete_multipart_upload(**last)
        return found

    def _check_sums(self) -> None:
        """What was read is what was proven."""
        parcel = self._parcel
        if self._sums.bytes != parcel.bytes or self._sums.sha256 != parcel.sha256:
            raise DeliveryError(
                f"{parcel.staged}: it is no longer the file that was proven",
                reason="changed-on-disk",
                remedy="See what else writes into this folder, and whether its disk or network share is sound.",
                max_attempts=3,
            )

    def _check_parts(self, held: _HoldingBack) -> None:
        """What the server says about each part. Where it encrypts, no tag is a sum, and all of them differ."""
        pairs = list(zip(held.part_tags, self._sums.part_tags, strict=True))
        wrong = [number for number, (theirs, ours) in enumerate(pairs, 1) if theirs != ours]
        if 0 < len(wrong) < len(pairs):
            where = f"s3://{self._at['Bucket']}/{self._at['Key']}"
            raise TransientError(f"{where}: part {wrong[0]} arrived damaged", reason="damaged", max_attempts=3)


class _HoldingBack:
    """A client for the transfer that begins the upload at once, to know what the server will sum, and keeps back the
    one request that would make the file visible."""

    def __init__(self, client: Any, arguments: dict[str, Any]) -> None:
        self._client = client
        self._begun = client.create_multipart_upload(**arguments)
        self.last: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    @property
    def part_tags(self) -> list[str]:
        parts = self.last["MultipartUpload"]["Parts"] if self.last is not None else ()
        return [str(part["ETag"]).strip('"') for part in parts]

    @property
    def upload_id(self) -> str:
        return str(self._begun["UploadId"])

    @property
    def sums_the_whole(self) -> bool:
        return bool(self._begun.get("ChecksumType") == "FULL_OBJECT")

    def create_multipart_upload(self, **_: Any) -> Any:
        return self._begun

    def complete_multipart_upload(self, **arguments: Any) -> dict[str, Any]:
        self.last = arguments
        return {}
