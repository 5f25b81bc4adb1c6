from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.destination import S3
from sfr.testing import DestinationContract
from tests.buckets import Bucket, new_bucket, settings_for
from tests.servers.small_s3 import Fault, SmallS3


class TestS3OnASmallServer(DestinationContract):
    connector = S3

    @pytest.fixture(autouse=True)
    def place(self) -> Iterator[None]:
        with SmallS3() as self.server:
            yield

    def config(self) -> S3Config:
        return settings_for(self.server.url)

    def content(self, name: str) -> bytes | None:
        return self.server.content(name)

    def unreachable(self) -> S3Config:
        self.server.faults = {each: Fault(404, "NoSuchBucket") for each in ("PutObject", "CreateMultipartUpload")}
        return settings_for(self.server.url)


@pytest.mark.slow
class TestS3OnCeph(DestinationContract):
    connector = S3

    @pytest.fixture(autouse=True)
    def place(self) -> None:
        self.bucket: Bucket = new_bucket()

    def config(self) -> S3Config:
        return self.bucket.settings()

    def content(self, name: str) -> bytes | None:
        return self.bucket.content(name)

    def unreachable(self) -> S3Config:
        return self.bucket.settings(secret_access_key="another-secret-than-the-right-one")
