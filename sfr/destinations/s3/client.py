"""Knows how a client for the bucket is made, whose credentials it has, and when these end."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from sfr.destinations.s3.config import S3Config

if TYPE_CHECKING:
    from botocore.credentials import Credentials

DEFAULT_REGION = "us-east-1"
SENDING_AT_ONCE = 2
_ASSUMED_BY = "sfr"


class Access:
    """A client of S3, and who it asks as. Made once for each destination: it costs a tenth of a second."""

    def __init__(self, config: S3Config) -> None:
        """Raises botocore's errors, such as for a profile that is not there."""
        import boto3
        import botocore.session
        from botocore.config import Config

        for name in ("boto3", "botocore", "s3transfer"):
            logging.getLogger(name).setLevel(logging.WARNING)  # below it they write signatures down
        inner = botocore.session.Session(profile=config.profile or None)
        if config.has_keys:
            inner.set_credentials(
                _plain(config.access_key_id), _plain(config.secret_access_key), _plain(config.session_token)
            )
        region = config.region or inner.get_config_variable("region") or DEFAULT_REGION
        session = boto3.Session(botocore_session=inner, region_name=region)
        at = {
            "endpoint_url": config.endpoint_url or None,
            "verify": str(config.ca_bundle) if config.ca_bundle else None,
        }
        patience: dict[str, Any] = {
            "connect_timeout": config.connect_seconds,
            "read_timeout": config.stall_seconds,
            # Trying a report again is sfr's own; but one part among thousands that is refused shall not send all anew.
            "retries": {"mode": "standard", "total_max_attempts": 2},
        }
        if config.role_arn:
            sts = session.client("sts", **at, config=Config(**patience))
            inner = botocore.session.Session(profile=config.profile or None)
            inner.register_component("credential_provider", _Role(config, sts))
            session = boto3.Session(botocore_session=inner, region_name=region)
        self.region = region
        self.client: Any = session.client(
            "s3",
            **at,
            config=Config(
                **patience,
                signature_version="s3v4",  # a client with an endpoint of its own would sign links in the old way
                max_pool_connections=SENDING_AT_ONCE + 2,
                request_checksum_calculation=config.checksums,
                response_checksum_validation=config.checksums,
                s3={"addressing_style": _addressing(config)},
            ),
        )
        self._credentials: Any = session.get_credentials()

    def temporary_until(self) -> tuple[bool, float | None]:
        """Whether the present credentials are temporary, and when they end (seconds since the epoch, None: unknown).

        Renews them first where they are about to end, as each request does."""
        if self._credentials is None:
            return False, None
        temporary = self._credentials.get_frozen_credentials().token is not None
        ends: datetime | None = getattr(self._credentials, "_expiry_time", None)  # no public name for it
        return temporary or ends is not None, ends.timestamp() if ends is not None else None

    def close(self) -> None:
        self.client.close()


class _Role:
    """Gives the credentials of an assumed role, renewed for as long as somebody asks."""

    def __init__(self, config: S3Config, sts: Any) -> None:
        self._arguments = {"RoleArn": config.role_arn, "RoleSessionName": _ASSUMED_BY}
        if config.external_id is not None:
            self._arguments["ExternalId"] = config.external_id.get_secret_value()
        self._sts = sts

    def load_credentials(self) -> Credentials:
        """What botocore asks of whoever knows credentials."""
        from botocore.credentials import DeferredRefreshableCredentials

        found: Credentials = DeferredRefreshableCredentials(refresh_using=self._assume, method="assume-role")
        return found

    def _assume(self) -> dict[str, str]:
        given = self._sts.assume_role(**self._arguments)["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


def _addressing(config: S3Config) -> str:
    return "path" if config.addressing == "auto" and config.endpoint_url else config.addressing


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
