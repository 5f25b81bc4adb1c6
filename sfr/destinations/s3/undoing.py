"""Puts back what stood under a key, where a file that is there already must not stay."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from sfr.destinations.s3.labels import UPLOAD
from sfr.destinations.s3.proof import Proving

log = logging.getLogger("sfr.destinations.s3")

_LARGEST_COPY_BYTES = 5 << 30  # S3 copies no more in one request


class Undoing:
    """The way back from one upload, which `upload` tells from others. `at` is its bucket and key."""

    def __init__(self, client: Any, at: dict[str, str], proving: Proving, upload: str) -> None:
        self._client, self._at, self._proving, self._upload = client, at, proving, upload
        self._copy: dict[str, str] | None = None

    def remember(self) -> None:
        """Keep what is under the key now: a bucket with versions does so itself, in others a copy is made beside it."""
        found = self._proving.look()
        if found is not None and not found.version:
            copy = {**self._at, "Key": f"{self._at['Key']}.before-{self._upload}"}
            self._put_copy(self._at, copy)
            self._copy = copy

    def is_ours(self) -> bool:
        """Whether the file of this very upload stands there; False also where nobody can tell."""
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(BotoCoreError, ClientError):  # asked while another error is being handled, which is to be told
            found = self._proving.look()
            return found is not None and found.metadata.get(UPLOAD) == self._upload
        return False

    def take_back(self) -> None:
        """What stood there stands there again, if it is this upload's file that has taken its place. Where nothing
        stood there, or nothing was remembered, nothing does."""
        from botocore.exceptions import BotoCoreError, ClientError

        if not self.is_ours():
            return
        try:
            found = self._proving.look()
            if found is not None and found.version:
                self._client.delete_object(**self._at, VersionId=found.version)
            elif self._copy is not None:
                self._put_copy(self._copy, self._at)
            else:
                self._client.delete_object(**self._at)
        except (BotoCoreError, ClientError) as error:
            kept, self._copy = self._copy, None
            log.warning("%s could not be taken back (%s); the old file: %s", self._at["Key"], error, kept or "gone")

    def _put_copy(self, old: dict[str, str], new: dict[str, str]) -> None:
        from boto3.s3.transfer import TransferConfig

        at_once = TransferConfig(multipart_threshold=_LARGEST_COPY_BYTES)  # in parts it would lose what is said of it
        self._client.copy(old, *new.values(), Config=at_once)

    def forget(self) -> None:
        """Delete the copy, where there is one."""
        from botocore.exceptions import BotoCoreError, ClientError

        if self._copy is not None:
            try:
                self._client.delete_object(**self._copy)
            except (BotoCoreError, ClientError) as error:
                log.warning("a copy of the old file was left behind: %s (%s)", self._copy["Key"], error)
