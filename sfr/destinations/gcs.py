"""Delivers to a bucket of Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sfr import remote_files
from sfr.blob_files import BlobFiles
from sfr.connector import Parcel
from sfr.errors import ConfigError, DeliveryError, SfrError, TransientError
from sfr.model import Delivered

_BLOCK_BYTES = 8 << 20


class GcsConfig(BaseModel):
    """Where the bucket is, and what opens it."""

    model_config = ConfigDict(frozen=True)

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
        return self


class Gcs:
    """A bucket of Google Cloud Storage. Without a key the machine's own login counts (workload identity,
    `gcloud auth application-default login`)."""

    Config = GcsConfig

    def __init__(self, config: GcsConfig) -> None:
        self._config = config

    def check(self) -> None:
        """Raises DeliveryError when nothing can be written there."""
        remote_files.check(_files(self._config))

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        told = remote_files.deliver(_files(self._config), parcels, read_back=self._config.read_back)
        return [
            Delivered(
                each.location, "", each.kind, self._config.bucket, each.key, each.bytes, each.records, each.sha256
            )
            for each in told
        ]

    def put(self, staged: Path, name: str) -> str:
        """As `deliver`, for a file of which nothing more is known."""
        return self.deliver([Parcel(staged, name)])[0].location

    def close(self) -> None:
        """Nothing is held open."""


def _files(config: GcsConfig) -> BlobFiles:
    try:
        from gcsfs.core import GCSFileSystem  # the newer one asks by gRPC what kind of bucket it is, for a minute
    except ImportError as error:
        raise ConfigError("Google Cloud Storage needs a package more", remedy='pip install "sfr[gcs]"') from error
    with _renaming(f"gs://{config.bucket}"):
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
    root = "/".join(filter(None, [config.bucket, config.directory.strip("/")]))
    return BlobFiles(system, "gcs", root, _renaming, keyword="metadata", shown=f"gs://{root}")


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


@contextmanager
def _renaming(where: str) -> Iterator[None]:
    from gcsfs.retry import HttpError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except SfrError:
        raise
    except (GoogleAuthError, PermissionError) as error:
        raise _no_login(where) from error
    except FileNotFoundError as error:
        raise DeliveryError(
            f"{where}: there is no such bucket", reason="no-bucket", remedy="Make it, or correct its name."
        ) from error
    except HttpError as error:
        raise _refused(where, error) from error
    except ValueError as error:
        raise _no_login(where) from error
    except (OSError, RuntimeError) as error:
        raise TransientError(f"{where}: {_first_line(error)}", reason="connection") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] == "aiohttp":  # which is the library's, and no business of ours else
            raise TransientError(f"{where}: {_first_line(error)}", reason="connection") from error
        raise


def _refused(where: str, error: Any) -> SfrError:
    status = int(error.code or 0)
    if status in (401, 403):
        return _no_login(where)
    if status in (0, 408, 429) or status >= 500:
        return TransientError(f"{where}: {_first_line(error)}", reason="store", slow_down=status in (429, 503))
    return DeliveryError(f"{where}: {_first_line(error)}", reason="refused", remedy="Look at the bucket.")


def _no_login(where: str) -> DeliveryError:
    return DeliveryError(
        f"{where}: the store does not allow it",
        reason="login",
        remedy="Look at the key, and whether it may read, write and list in this bucket.",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
