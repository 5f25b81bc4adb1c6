"""Delivers to a Windows share (SMB 2 and 3) without mounting it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sfr import remote_files
from sfr.connector import Parcel
from sfr.errors import ConfigError, DeliveryError, SfrError, TransientError
from sfr.model import Delivered

_CONNECT_SECONDS = 15


class SmbConfig(BaseModel):
    """Where the share is, and who we are there."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(min_length=1, description="The file server's name or address.")
    port: int = Field(445, ge=1, le=65535, description="Its port.")
    share: str = Field(min_length=1, description="The share's name, without slashes.")
    directory: str = Field("", description="The folder in the share. Not set: its top.")
    path: str = Field("{file}", description="What a file is called in it, such as {source}/{today:%Y/%m}/{file}.")
    username: str | None = Field(None, description="The account, DOMAIN\\user or user@domain. Not set: who runs sfr.")
    password: SecretStr | None = Field(None, description="Its password.")
    encrypt: bool = Field(True, description="Refuse to talk to the server without encryption (SMB 3)?")
    read_back: bool = Field(True, description="Read each file back before it gets its name?")


class Smb:
    """A folder of a Windows share, or of Samba."""

    Config = SmbConfig

    def __init__(self, config: SmbConfig) -> None:
        self._config = config

    def check(self) -> None:
        """Raises DeliveryError when nothing can be written there."""
        with _connected(self._config) as files:
            remote_files.check(files)

    def deliver(self, parcels: Sequence[Parcel]) -> list[Delivered]:
        with _connected(self._config) as files:
            return remote_files.deliver(files, parcels, read_back=self._config.read_back)

    def put(self, staged: Path, name: str) -> str:
        """As `deliver`, for a file of which nothing more is known."""
        return self.deliver([Parcel(staged, name)])[0].location

    def close(self) -> None:
        """Every delivery has a connection of its own."""


class _SmbFiles:
    """Implements `RemoteFiles` over the connections in `cache`, which no other delivery shares."""

    kind = "smb"

    def __init__(self, config: SmbConfig, cache: dict[str, Any]) -> None:
        self._config = config
        self._options: dict[str, Any] = {
            "port": config.port,
            "username": config.username,
            "password": config.password.get_secret_value() if config.password else None,
            "encrypt": config.encrypt or None,
            "connection_timeout": _CONNECT_SECONDS,
            "connection_cache": cache,
        }

    @contextmanager
    def writing(self, path: str, facts: dict[str, str]) -> Iterator[BinaryIO]:  # noqa: ARG002 (SMB keeps none)
        import smbclient

        with _renaming(self.location(path)), smbclient.open_file(self._at(path), "xb", **self._options) as file:
            yield file

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        import smbclient

        with (
            _renaming(self.location(path)),
            smbclient.open_file(self._at(path), "rb", share_access="r", **self._options) as file,
        ):
            yield file

    def names(self, folder: str) -> list[str]:
        import smbclient

        with _renaming(self.location(folder)), suppress(FileNotFoundError):
            return list(smbclient.listdir(self._at(folder), **self._options))
        return []

    def make_folder(self, folder: str) -> None:
        """Only below the directory of the settings: one that is misspelt is not to be made."""
        import smbclient

        with _renaming(self.location(folder)):
            smbclient.stat(self._at(""), **self._options)
            if folder:
                smbclient.makedirs(self._at(folder), exist_ok=True, **self._options)

    def replace(self, path: str, by: str) -> None:
        import smbclient

        with _renaming(self.location(path)):
            smbclient.replace(self._at(by), self._at(path), **self._options)

    def remove(self, path: str) -> None:
        import smbclient

        with _renaming(self.location(path)):
            smbclient.remove(self._at(path), **self._options)

    def location(self, path: str) -> str:
        port = "" if self._config.port == 445 else f":{self._config.port}"
        parts = [self._config.share, self._config.directory.strip("/\\"), path]
        return f"smb://{self._config.host}{port}/{'/'.join(filter(None, parts))}"

    def _at(self, path: str) -> str:
        parts = [self._config.share, self._config.directory.strip("/\\"), path]
        inside = "\\".join(filter(None, parts)).replace("/", "\\")
        return f"\\\\{self._config.host}\\{inside}"


@contextmanager
def _connected(config: SmbConfig) -> Iterator[_SmbFiles]:
    try:
        import smbclient
    except ImportError as error:
        raise ConfigError("SMB needs a package more", remedy='pip install "sfr[smb]"') from error
    cache: dict[str, Any] = {}
    try:
        yield _SmbFiles(config, cache)
    finally:
        smbclient.reset_connection_cache(fail_on_error=False, connection_cache=cache)


@contextmanager
def _renaming(where: str) -> Iterator[None]:
    from smbprotocol.exceptions import LogonFailure, SMBConnectionClosed, SMBException, SMBOSError

    try:
        yield
    except SfrError:
        raise
    except SMBOSError as error:
        raise _refused(where, error) from error
    except LogonFailure as error:
        raise _no_login(where) from error
    except (SMBConnectionClosed, ConnectionError, TimeoutError, OSError) as error:
        raise TransientError(f"{where}: {error or type(error).__name__}", reason="connection") from error
    except (SMBException, ValueError) as error:  # a ValueError is what a server that is not there ends in
        raise _odd(where, error) from error


def _refused(where: str, error: OSError) -> DeliveryError:
    """By the server's status ([MS-ERREF] 2.3)."""
    status = getattr(error, "ntstatus", 0)
    if status in (0xC000006D, 0xC000006A, 0xC0000064, 0xC0000071, 0xC0000072, 0xC0000234):
        return _no_login(where)
    if status == 0xC000007F:
        return DeliveryError(f"{where}: the disk is full", reason="disk-full", remedy="Make room on that server.")
    if status == 0xC0000043:
        return DeliveryError(
            f"{where}: another program has the file open", reason="in-use", remedy="Close it there.", max_attempts=None
        )
    if error.errno == errno.ENOENT or status in (0xC0000034, 0xC000003A, 0xC00000CC):
        return DeliveryError(
            f"{where}: there is no such folder or share", reason="no-folder", remedy="Make it, or correct the path."
        )
    if error.errno == errno.EACCES or status == 0xC0000022:
        return DeliveryError(
            f"{where}: the server does not allow it", reason="refused", remedy="Ask for the right to write there."
        )
    return DeliveryError(f"{where}: {error.strerror or error}", reason="refused", remedy="Look at the share there.")


def _no_login(where: str) -> DeliveryError:
    return DeliveryError(f"{where}: the login was refused", reason="login", remedy="Look at username and password.")


def _odd(where: str, error: Exception) -> SfrError:
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "STATUS_BAD_NETWORK_NAME" in told or "0xc00000cc" in told:
        return DeliveryError(f"{where}: there is no such share", reason="no-folder", remedy="Correct its name.")
    if "encrypt" in told.lower():
        return DeliveryError(
            f"{where}: the server cannot encrypt", reason="refused", remedy="Update it, or set encrypt to no."
        )
    return TransientError(f"{where}: {told}", reason="connection")
