"""Removes the parts that a killed process left under a key, which nobody sees and somebody pays for."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

log = logging.getLogger("sfr.destinations.s3")

_FORGOTTEN = timedelta(days=1)  # nobody uploads one file for so long


def sweep(client: Any, at: dict[str, str]) -> int:
    """End the uploads to this very key that were begun more than a day ago; returns how many.

    It costs one request. Where it is not allowed, a rule of the bucket has to do it (docs/s3.md).
    """
    from botocore.exceptions import BotoCoreError, ClientError

    swept = 0
    try:
        answer = client.list_multipart_uploads(Bucket=at["Bucket"], Prefix=at["Key"])
        for upload in answer.get("Uploads") or ():
            if upload["Key"] == at["Key"] and upload["Initiated"] < datetime.now(UTC) - _FORGOTTEN:
                client.abort_multipart_upload(**at, UploadId=upload["UploadId"])
                swept += 1
    except (BotoCoreError, ClientError) as error:
        log.debug("%s: old uploads were not looked for: %s", at["Key"], type(error).__name__)
    return swept
