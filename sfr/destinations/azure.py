"""Delivers to a container of Azure Blob Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sfr.blob_files import BlobFiles, renaming, store_error
from sfr.errors import SfrError
from sfr.missing_package import missing_package
from sfr.remote_files import RemoteShelf
from sfr.remote_refusals import broken, unreachable

_NO_LOGIN = "failed to authenticate the request"
_BLOCK_BYTES = 8 << 20  # 50,000 of them are the most that a blob may have


class AzureConfig(BaseModel):
    """Where the container is, and what opens it."""

    model_config = ConfigDict(frozen=True)
    place_fields: ClassVar[tuple[str, ...]] = ("account", "container")  # what tells one server from another

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


class Azure(RemoteShelf[AzureConfig]):
    """A container of Azure Blob Storage. Without key, signature or connection string the login of the machine counts
    (managed identity, `az login`, environment)."""

    Config = AzureConfig

    @contextmanager
    def connected(self) -> Iterator[BlobFiles]:
        try:
            from adlfs import AzureBlobFileSystem
        except ImportError as error:
            raise missing_package("a destination of the type azure", "adlfs", "sfr[azure]") from error
        config = self._config
        secrets: dict[str, Any] = {
            name: value.get_secret_value()
            for name in ("connection_string", "account_key", "sas_token")
            if (value := getattr(config, name)) is not None
        }
        with renaming(f"az://{config.container}", _renamed):
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
        yield BlobFiles(system, "azure", config.container, config.directory, scheme="az", renamed=_renamed)


def _renamed(where: str, error: Exception) -> SfrError | None:
    """The store's answer may lie below what the file system makes of it."""
    from azure.core import exceptions

    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, exceptions.AzureError):
        inner = inner.__cause__ or inner.__context__
    if isinstance(inner, exceptions.ServiceRequestError):
        return unreachable(where, inner, look_at="account or connection_string")
    if isinstance(inner, exceptions.HttpResponseError):
        # The status is 403 for a wrong key too.
        wrong = isinstance(inner, exceptions.ClientAuthenticationError) or _NO_LOGIN in str(inner)
        return _store_error(where, 401 if wrong else inner.status_code, inner)
    if isinstance(error, FileNotFoundError):
        return _store_error(where, 404, error)
    if isinstance(error, (exceptions.AzureError, TimeoutError, ConnectionError)):
        return broken(where, error)
    if isinstance(error, (ValueError, PermissionError)):  # a key that is no base64, an account without a name
        return _store_error(where, 401, error)
    if isinstance(error, (OSError, RuntimeError)):  # what the file system makes of an answer that it did not expect
        return _store_error(where, None, error)
    return None


def _store_error(where: str, status: int | None, error: BaseException) -> SfrError:
    login = "account and key (connection_string, account_key, sas_token)"
    return store_error(where, status, error, bucket="container", login=login)
