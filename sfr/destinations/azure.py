"""Delivers to a container of Azure Blob Storage."""

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

_BLOCK_BYTES = 8 << 20  # 50,000 of them are the most that a blob may have


class AzureConfig(BaseModel):
    """Where the container is, and what opens it."""

    model_config = ConfigDict(frozen=True)

    container: str = Field(min_length=3, max_length=63, description="The container's name.")
    directory: str = Field("", description="What all names begin with, such as reports/daily.")
    path: str = Field("{file}", description="What a file is called there, such as {source}/{today:%Y/%m}/{file}.")
    account: str | None = Field(None, description="The storage account. Not set: as connection_string says.")
    connection_string: SecretStr | None = Field(None, description="The account's connection string.")
    account_key: SecretStr | None = Field(None, description="The account's key.")
    sas_token: SecretStr | None = Field(None, description="A shared access signature with rights to write and read.")
    read_back: bool = Field(True, description="Read each file back before it gets its name?")
    stall_seconds: float = Field(120.0, gt=0, description="How long the store may be silent.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.account is None and self.connection_string is None:
            raise ValueError("either account or connection_string must be set")
        return self


class Azure:
    """A container of Azure Blob Storage. Without key, signature or connection string the login of the machine counts
    (managed identity, `az login`, environment)."""

    Config = AzureConfig

    def __init__(self, config: AzureConfig) -> None:
        self._config = config

    def check(self) -> None:
        """Raises DeliveryError when nothing can be written there."""
        remote_files.check(_files(self._config))

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        told = remote_files.deliver(_files(self._config), parcels, read_back=self._config.read_back)
        return [
            Delivered(
                each.location, "", each.kind, self._config.container, each.key, each.bytes, each.records, each.sha256
            )
            for each in told
        ]

    def put(self, staged: Path, name: str) -> str:
        """As `deliver`, for a file of which nothing more is known."""
        return self.deliver([Parcel(staged, name)])[0].location

    def close(self) -> None:
        """Nothing is held open."""


def _files(config: AzureConfig) -> BlobFiles:
    try:
        from adlfs import AzureBlobFileSystem
    except ImportError as error:
        raise ConfigError("Azure needs a package more", remedy='pip install "sfr[azure]"') from error
    secrets: dict[str, Any] = {
        name: value.get_secret_value()
        for name in ("connection_string", "account_key", "sas_token")
        if (value := getattr(config, name)) is not None
    }
    with _renaming(f"az://{config.container}"):
        system = AzureBlobFileSystem(
            account_name=config.account,
            anon=False,
            blocksize=_BLOCK_BYTES,
            max_concurrency=2,
            assume_container_exists=True,
            connection_timeout=15,
            read_timeout=int(config.stall_seconds),
            skip_instance_cache=True,
            use_listings_cache=False,
            **secrets,
        )
    root = "/".join(filter(None, [config.container, config.directory.strip("/")]))
    return BlobFiles(system, "azure", root, _renaming, keyword="metadata", shown=f"az://{root}")


@contextmanager
def _renaming(where: str) -> Iterator[None]:
    from azure.core import exceptions

    try:
        yield
    except SfrError:
        raise
    except exceptions.ClientAuthenticationError as error:
        raise _no_login(where) from error
    except exceptions.ResourceNotFoundError as error:
        raise _missing(where) from error
    except FileNotFoundError as error:
        raise _missing(where) from error
    except exceptions.HttpResponseError as error:
        raise _refused(where, error) from error
    except (exceptions.AzureError, TimeoutError, ConnectionError) as error:
        raise TransientError(f"{where}: {_first_line(error)}", reason="connection") from error
    except (ValueError, PermissionError) as error:  # a key that is no base64, an account without a name
        raise _no_login(where) from error
    except (OSError, RuntimeError) as error:  # what the file system makes of an answer that it did not expect
        raise _refused(where, error) from error


def _refused(where: str, error: BaseException) -> SfrError:
    """The answer may lie below what the file system makes of it."""
    from azure.core.exceptions import HttpResponseError

    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, HttpResponseError):
        inner = inner.__cause__ or inner.__context__
    status = inner.status_code if isinstance(inner, HttpResponseError) else None
    if status in (401, 403):
        return _no_login(where)
    if status == 404:
        return _missing(where)
    if status is None or status in (408, 429) or status >= 500:
        return TransientError(f"{where}: {_first_line(inner or error)}", reason="store", slow_down=status in (429, 503))
    return DeliveryError(f"{where}: {_first_line(inner or error)}", reason="refused", remedy="Look at the container.")


def _no_login(where: str) -> DeliveryError:
    return DeliveryError(
        f"{where}: the store does not allow it",
        reason="login",
        remedy="Look at account and key, and whether they may read, write and list in this container.",
    )


def _missing(where: str) -> DeliveryError:
    return DeliveryError(
        f"{where}: there is no such container", reason="no-container", remedy="Make it, or correct its name."
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
