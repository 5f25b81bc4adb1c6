"""Delivers to a Windows share (SMB 2 and 3) without mounting it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sfr.errors import DeliveryError, SfrError
from sfr.missing_package import missing_package
from sfr.remote_files import RemoteShelf
from sfr.remote_refusals import broken, first_line, login_refused, missing, not_allowed, unreachable

_CONNECT_SECONDS = 15
_LOGIN = (0xC000006D, 0xC000006A, 0xC0000064, 0xC000006E, 0xC0000071, 0xC0000072, 0xC0000193, 0xC0000224, 0xC0000234)


class SmbConfig(BaseModel):
    """Where the share is, and who we are there."""

    model_config = ConfigDict(frozen=True)
    place_fields: ClassVar[tuple[str, ...]] = ("host", "port", "share")  # what tells one server from another

    host: str = Field(min_length=1, description="The file server's name or address.")
    port: int = Field(445, ge=1, le=65535, description="Its port.")
    share: str = Field(min_length=1, description="The share's name, without slashes.")
    directory: str = Field("", description="The folder in the share. Not set: its top.")
    path: str = Field("{file}", description="What a file is called in it, such as {source}/{today:%Y/%m}/{file}.")
    username: str | None = Field(None, description="The account, DOMAIN\\user or user@domain. Not set: who runs sfr.")
    password: SecretStr | None = Field(None, description="Its password.")
    encrypt: bool = Field(True, description="Refuse to talk to the server without encryption (SMB 3)?")
    read_back: bool = Field(True, description="Read each file back before it gets its name?")


class Smb(RemoteShelf[SmbConfig]):
    """A folder of a Windows share, or of Samba."""

    Config = SmbConfig

    @contextmanager
    def connected(self) -> Iterator[_SmbFiles]:
        try:
            import smbclient
        except ImportError as error:
            raise missing_package("a destination of the type smb", "smbprotocol", "sfr[smb]") from error
        config = self._config
        cache: dict[str, Any] = {}
        try:
            files = _SmbFiles(config, cache)
            with files.renaming(""):
                smbclient.register_session(config.host, **files.options)
            yield files
        finally:
            smbclient.reset_connection_cache(fail_on_error=False, connection_cache=cache)


class _SmbFiles:
    """Implements `RemoteFiles` over the connections in `cache`, which no other delivery shares."""

    kind = "smb"
    bucket = ""

    def __init__(self, config: SmbConfig, cache: dict[str, Any]) -> None:
        self._config = config
        self.options: dict[str, Any] = {
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

        with self.renaming(path), smbclient.open_file(self._at(path), "xb", **self.options) as file:
            yield file

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        import smbclient

        with (
            self.renaming(path),
            smbclient.open_file(self._at(path), "rb", share_access="r", **self.options) as file,
        ):
            yield file

    def names(self, folder: str) -> list[str]:
        import smbclient

        with self.renaming(folder), suppress(FileNotFoundError):
            return list(smbclient.listdir(self._at(folder), **self.options))
        return []

    def make_folder(self, folder: str) -> None:
        """Only below the directory of the settings: one that is misspelt is not to be made."""
        import smbclient

        with self.renaming(""):
            smbclient.stat(self._at(""), **self.options)
        if folder:
            with self.renaming(folder):
                smbclient.makedirs(self._at(folder), exist_ok=True, **self.options)

    def replace(self, path: str, by: str) -> None:
        import smbclient

        with self.renaming(path):
            smbclient.replace(self._at(by), self._at(path), **self.options)

    def remove(self, path: str) -> None:
        import smbclient

        with self.renaming(path):
            smbclient.remove(self._at(path), **self.options)

    @contextmanager
    def renaming(self, path: str) -> Iterator[None]:
        """What the library raises about a path becomes one of our errors."""
        from smbprotocol.exceptions import SMBAuthenticationError, SMBException, SMBOSError

        where, user = self.location(path), self._config.username
        try:
            yield
        except SfrError:
            raise
        except SMBAuthenticationError as error:
            raise login_refused(where, "username and password", user) from error
        except SMBException as error:
            if ours := _status_error(where, error, user):
                raise ours from error
            if isinstance(error, SMBOSError):
                told = error.strerror or first_line(error)
                raise DeliveryError(f"{where}: {told}", reason="refused", remedy="Look at the share there.") from error
            raise _odd(where, error) from error
        except ValueError as error:  # which the library makes of a connection that does not come up
            server = f"smb://{self._config.host}:{self._config.port}"
            raise unreachable(server, error.__cause__ or error) from error
        except OSError as error:
            raise broken(where, error) from error

    def location(self, path: str) -> str:
        port = "" if self._config.port == 445 else f":{self._config.port}"
        parts = [self._config.share, self._config.directory.strip("/\\"), path]
        return f"smb://{self._config.host}{port}/{'/'.join(filter(None, parts))}"

    def _at(self, path: str) -> str:
        parts = [self._config.share, self._config.directory.strip("/\\"), path]
        inside = "\\".join(filter(None, parts)).replace("/", "\\")
        return f"\\\\{self._config.host}\\{inside}"


def _status_error(where: str, error: Any, user: str | None) -> SfrError | None:
    """By the server's status ([MS-ERREF] 2.3); None where that says nothing."""
    status = getattr(error, "ntstatus", None) or getattr(error, "status", None) or 0
    number = getattr(error, "errno", None)
    if status in _LOGIN:
        return login_refused(where, "username and password", user)
    if status == 0xC000007F:
        return DeliveryError(f"{where}: the disk is full", reason="disk-full", remedy="Make room on that server.")
    if status == 0xC0000043:
        return DeliveryError(
            f"{where}: another program has the file open", reason="in-use", remedy="Close it there.", max_attempts=None
        )
    if number == errno.ENOENT or status in (0xC0000034, 0xC000003A, 0xC00000CC):
        return missing(where, "folder or share", "share and directory")
    if number == errno.EACCES or status == 0xC0000022:
        return not_allowed(where)
    return None


def _odd(where: str, error: Exception) -> SfrError:
    if "encrypt" in str(error).lower():
        return DeliveryError(
            f"{where}: the server cannot encrypt", reason="refused", remedy="Update it, or set encrypt to no."
        )
    return broken(where, error)
