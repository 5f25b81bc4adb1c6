"""What S3 is told about a file beside its bytes: type, storage, encryption, and who delivered it."""

from __future__ import annotations

from typing import Any

from sfr.connector import Parcel
from sfr.destinations.s3.config import S3Config
from sfr.remote_files import facts_of

UPLOAD = "upload"  # the metadata that tells this very upload from another one of the same file
_TYPES = {
    "csv": "text/csv",
    "csv.gz": "application/gzip",  # not as an encoding, which browsers would undo, and the sum would be another one
    "csv.zst": "application/zstd",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}


def labels_of(parcel: Parcel, config: S3Config, upload: str) -> dict[str, Any]:
    """The arguments of the request that begins an upload."""
    wanted = {
        "ContentType": _TYPES.get(parcel.format, "application/octet-stream"),
        "Metadata": {**facts_of(parcel), UPLOAD: upload},
        "ChecksumAlgorithm": "CRC32" if config.checksums == "when_supported" else "",
        "StorageClass": config.storage_class,
        "ServerSideEncryption": config.encryption,
        "SSEKMSKeyId": config.kms_key_id,
    }
    return {name: value for name, value in wanted.items() if value}
