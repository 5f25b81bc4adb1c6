"""Delivers to a bucket of Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sfr.blob_files import BlobFiles, renaming, store_error
from sfr.errors import ConfigError, SfrError
from sfr.missing_package import missing_package
from sfr.remote_files import RemoteShelf
from sfr.remote_refusals import broken, unreachable

_BLOCK_BYTES = 8 << 20


class GcsConfig(BaseModel):
    """Where the bucket is, and what opens it."""

    model_config = ConfigDict(frozen=True)
    place_fields: ClassVar[tuple[str, ...]] = ("bucket",)  # what tells one server from another

    bucket: str = Field(min_length=3, max_length=222, description="The bucket's name.")
    directory: str = Field("", description="What all names begin with, such as reports/daily.")
    path: str = Field("{file}", description="What a file is called there, such as {source}/{today:%Y/%m}/{file}.")
    project: str | None = Field(None, description="The project that is billed.")
    key_file: Path | None = Field(None, description="A service account's key file. Not set: the machine's own login.")
    key_json: SecretStr | None = Field(None, description="The same key as JSON, instead of a file.")
    endpoint_url: str | None = Field(None, description="Another server that speaks the same language, for tests.")
    read_back: bool = Field(True, description="Read each file back before it gets its name?")
    stall_seconds: float = Field(120.0, gt=0, description="How long the store may be silent.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_file is not None and self.key_json is not None:
            raise ValueError("key_file and key_json are both set: one of them is enough")
        if self.key_file is not None and not self.key_file.expanduser().is_file():
            raise ValueError(f"there is no key file {self.key_file}")
        return self


class Gcs(RemoteShelf[GcsConfig]):
    """A bucket of Google Cloud Storage. Without a key the machine's own login counts (workload identity,
    `gcloud auth application-default login`)."""

    Config = GcsConfig

    @contextmanager
    def connected(self) -> Iterator[BlobFiles]:
        try:
            from gcsfs.core import GCSFileSystem  # the newer one asks by gRPC what kind of bucket it is, for a minute
        except ImportError as error:
            raise missing_package("a destination of the type gcs", "gcsfs", "sfr[gcs]") from error
        config = self._config
        with renaming(f"gs://{config.bucket}", _not_let_in):
            system = GCSFileSystem(
                project=config.project or "",
                token=_token(config),
                block_size=_BLOCK_BYTES,
                consistency="crc32c" if config.endpoint_url is None else "size",
                requests_timeout=config.stall_seconds,
                endpoint_url=config.endpoint_url,
                skip_instance_cache=True,
                use_listings_cache=False,
            )
            system.credentials.maybe_refresh()  # a key that is refused would be tried six times for each request
        yield BlobFiles(system, "gcs", config.bucket, config.directory, scheme="gs", renamed=_renamed)


def _token(config: GcsConfig) -> Any:
    import json

    if config.key_json is not None:
        try:
            return json.loads(config.key_json.get_secret_value())
        except ValueError:
            raise ConfigError("key_json is no JSON", remedy="Put the whole content of the key file there.") from None
    if config.key_file is not None:
        return str(config.key_file.expanduser())
    return "anon" if config.endpoint_url else None


def _not_let_in(where: str, error: Exception) -> SfrError | None:
    """As `_renamed`; what the library stumbles over in a key that is JSON and no key is a KeyError."""
    return _store_error(where, 401, error) if isinstance(error, KeyError) else _renamed(where, error)


def _renamed(where: str, error: Exception) -> SfrError | None:
    from aiohttp import ClientConnectorError, ClientError
    from gcsfs.retry import HttpError
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, (ClientConnectorError, TransportError)):
        return unreachable(where, error, look_at="endpoint_url, if it is set,")
    if isinstance(error, GoogleAuthError):
        return broken(where, error) if error.retryable else _store_error(where, 401, error)
    if isinstance(error, HttpError):
        return _store_error(where, int(error.code or 0), error)
    if isinstance(error, FileNotFoundError):
        return _store_error(where, 404, error)
    if isinstance(error, OSError) and str(error).startswith("Forbidden: "):  # all that is left of a 403
        return _store_error(where, 403, error)
    if isinstance(error, ValueError):
        # Either a key that is none, or what is left of a 400.
        return _store_error(where, 400 if str(error).startswith("Bad Request: ") else 401, error)
    if isinstance(error, (OSError, RuntimeError, ClientError)):
        return broken(where, error)
    return None


def _store_error(where: str, status: int, error: BaseException) -> SfrError:
    return store_error(where, status, error, bucket="bucket", login="the key (key_file, key_json)")
