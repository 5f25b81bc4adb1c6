"""What a user says about a bucket: where it is, who asks, and how long links live."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

LONGEST_LINK_SECONDS = 7 * 24 * 3600  # S3 refuses signatures that are to live longer, but only when one is used

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]|arn:aws[a-z-]*:s3[a-z-]*:\S+")


class S3Config(BaseModel):
    """A bucket of Amazon S3, or of a server that speaks its protocol."""

    model_config = ConfigDict(frozen=True)
    place_fields: ClassVar[tuple[str, ...]] = ("endpoint_url", "bucket")  # what tells one server from another

    bucket: str = Field(description="The bucket to deliver to.")
    path: str = Field("", description="What files are called there, such as {source}/{name}/{today:%Y/%m/%d}.{format}.")
    region: str = Field(
        "", description="The bucket's region. Not set: the profile's or AWS_DEFAULT_REGION, else us-east-1."
    )
    endpoint_url: str = Field("", description="Where the server is, when it is not Amazon's: https://s3.example.com.")
    access_key_id: SecretStr | None = Field(
        None, description="Access key. Not set: environment, profile or role, as for the AWS command line."
    )
    secret_access_key: SecretStr | None = Field(None, description="The secret that belongs to the access key.")
    session_token: SecretStr | None = Field(None, description="The token that belongs to temporary keys.")
    profile: str = Field("", description="A profile of ~/.aws/config to take the credentials from.")
    role_arn: str = Field("", description="A role to assume with these credentials.")
    external_id: SecretStr | None = Field(None, description="What the role wants to hear from whoever assumes it.")
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="Bucket in the path or in the host name. auto: in the path where ENDPOINT_URL is set."
    )
    checksums: Literal["when_supported", "when_required"] = Field(
        "when_supported", description="when_required for older servers that refuse uploads with checksums."
    )
    storage_class: str = Field("", description="Such as STANDARD_IA. Not set: the bucket's own.")
    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = Field(
        "", description="How the server shall encrypt: AES256, aws:kms or aws:kms:dsse. Not set: as the bucket says."
    )
    kms_key_id: str = Field("", description="The key for aws:kms. Not set: the account's own.")
    link_seconds: int = Field(
        24 * 3600, ge=0, description="How long download links live, at most 604800 (7 days). 0: no links."
    )
    read_back: bool = Field(False, description="Download each file again after its delivery and compare.")
    ca_bundle: Path | None = Field(None, description="A file of certificates to trust besides the usual ones.")
    connect_seconds: float = Field(15, gt=0, le=600, description="How long a connection may take.")
    stall_seconds: float = Field(120, gt=0, le=3600, description="How long the server may say nothing.")

    @property
    def has_keys(self) -> bool:
        """Whether the credentials stand here, and nowhere else is to be looked."""
        return self.access_key_id is not None

    @field_validator("bucket")
    @classmethod
    def _is_a_bucket(cls, value: str) -> str:
        if value.startswith("s3://"):
            raise ValueError("write the bucket's name alone, without s3:// and folders; folders belong into PATH")
        if not _BUCKET.fullmatch(value):
            raise ValueError("a bucket's name has 3 to 63 letters, digits, dots and hyphens")
        return value

    @field_validator("endpoint_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError as error:
            raise ValueError("must be an address such as https://s3.example.com") from error
        if parts.username is not None or parts.password is not None:
            raise ValueError("no keys in the address: they belong into ACCESS_KEY_ID and SECRET_ACCESS_KEY")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or port == 0):
            raise ValueError("must be an address such as https://s3.example.com")
        if parts.query or parts.fragment:
            raise ValueError("must end with the host, port or path, without ? and #")
        return value.rstrip("/")

    @field_validator("link_seconds")
    @classmethod
    def _lives_no_longer_than_s3_allows(cls, value: int) -> int:
        if value > LONGEST_LINK_SECONDS:
            raise ValueError(f"no link of S3 may live longer than 7 days ({LONGEST_LINK_SECONDS} seconds)")
        return value

    @field_validator("role_arn")
    @classmethod
    def _is_a_role(cls, value: str) -> str:
        if value and not value.startswith("arn:"):
            raise ValueError("a role is written arn:aws:iam::123456789012:role/name")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "ACCESS_KEY_ID" if self.access_key_id is None else "SECRET_ACCESS_KEY"
            raise ValueError(f"{missing} is missing: an access key and its secret come together")
        if self.session_token is not None and not self.has_keys:
            raise ValueError("SESSION_TOKEN alone says nothing: ACCESS_KEY_ID and SECRET_ACCESS_KEY are missing")
        if self.profile and self.has_keys:
            raise ValueError("PROFILE and ACCESS_KEY_ID both say who asks: leave one of them out")
        if self.external_id is not None and not self.role_arn:
            raise ValueError("EXTERNAL_ID is for a role, and ROLE_ARN is not set")
        if self.kms_key_id and not self.encryption.startswith("aws:kms"):
            raise ValueError("KMS_KEY_ID needs ENCRYPTION=aws:kms")
        return self
