"""Delivers to a server by SFTP, to hosts that are known only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sfr import remote_files
from sfr.connector import Parcel
from sfr.errors import ConfigError, DeliveryError, SfrError, TransientError
from sfr.model import Delivered

if TYPE_CHECKING:
    import paramiko

_CONNECT_SECONDS = 15.0


class SftpConfig(BaseModel):
    """Where the server is, and who we are there."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(min_length=1, description="The server's name or address.")
    port: int = Field(22, ge=1, le=65535, description="Its port.")
    username: str = Field(min_length=1, description="The account to log in to.")
    password: SecretStr | None = Field(None, description="Its password, where it is not opened by a key.")
    private_key: Path | None = Field(None, description="A file with the private key. Not set: those in ~/.ssh.")
    passphrase: SecretStr | None = Field(None, description="What the private key is locked with.")
    known_hosts: Path | None = Field(None, description="A known_hosts file. Not set: ~/.ssh/known_hosts.")
    directory: str = Field("", description="The folder there. Not set: where the login leads.")
    path: str = Field("{file}", description="What a file is called in it, such as {source}/{today:%Y/%m}/{file}.")
    read_back: bool = Field(True, description="Read each file back before it gets its name?")
    stall_seconds: float = Field(120.0, gt=0, description="How long the server may be silent.")

    @model_validator(mode="after")
    def _expanded(self) -> Self:
        if self.private_key is not None and not self.private_key.expanduser().is_file():
            raise ValueError(f"there is no private key {self.private_key}")
        return self


class Sftp:
    """A folder on a server that speaks SFTP. The server's key must be in a known_hosts file: nobody is asked."""

    Config = SftpConfig

    def __init__(self, config: SftpConfig) -> None:
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
        """Every delivery has a connection of its own: servers close those that rest."""


class _SftpFiles:
    """Implements `RemoteFiles` over an open connection."""

    kind = "sftp"

    def __init__(self, client: paramiko.SFTPClient, config: SftpConfig) -> None:
        self._client, self._config = client, config

    @contextmanager
    def writing(self, path: str, facts: dict[str, str]) -> Iterator[BinaryIO]:  # noqa: ARG002 (SFTP keeps none)
        with _renaming(self.location(path)), self._client.open(self._at(path), "wx") as file:
            file.set_pipelined(True)
            yield cast("BinaryIO", file)

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        with _renaming(self.location(path)), self._client.open(self._at(path), "rb") as file:
            file.prefetch(file.stat().st_size, max_concurrent_requests=64)
            yield cast("BinaryIO", file)

    def names(self, folder: str) -> list[str]:
        with _renaming(self.location(folder)):
            try:
                return list(self._client.listdir(self._at(folder) or "."))
            except FileNotFoundError:
                return []

    def make_folder(self, folder: str) -> None:
        """Only below the directory of the settings: one that is misspelt is not to be made."""
        with _renaming(self.location(folder)):
            self._client.stat(self._config.directory or ".")
            place = ""
            for part in PurePosixPath(folder).parts:
                place = f"{place}/{part}" if place else part
                try:
                    self._client.stat(self._at(place))
                except FileNotFoundError:
                    self._client.mkdir(self._at(place))

    def replace(self, path: str, by: str) -> None:
        with _renaming(self.location(path)):
            self._client.posix_rename(self._at(by), self._at(path))

    def remove(self, path: str) -> None:
        with _renaming(self.location(path)):
            self._client.remove(self._at(path))

    def location(self, path: str) -> str:
        port = "" if self._config.port == 22 else f":{self._config.port}"
        folder = self._config.directory.strip("/")
        return f"sftp://{self._config.host}{port}/{folder}{'/' if folder else ''}{path}"

    def _at(self, path: str) -> str:
        folder = self._config.directory
        return f"{folder.rstrip('/')}/{path}" if folder and path else folder or path


@contextmanager
def _connected(config: SftpConfig) -> Iterator[_SftpFiles]:
    ssh = _client(config)
    where = f"sftp://{config.host}:{config.port}"
    try:
        with _renaming(where):
            key = config.private_key
            ssh.connect(
                config.host,
                config.port,
                config.username,
                password=config.password.get_secret_value() if config.password else None,
                key_filename=str(key.expanduser()) if key else None,
                passphrase=config.passphrase.get_secret_value() if config.passphrase else None,
                timeout=_CONNECT_SECONDS,
                banner_timeout=_CONNECT_SECONDS,
                auth_timeout=_CONNECT_SECONDS,
                allow_agent=config.password is None and key is None,
                look_for_keys=config.password is None and key is None,
            )
            client = ssh.open_sftp()
            channel = client.get_channel()
            assert channel is not None
            channel.settimeout(config.stall_seconds)
        yield _SftpFiles(client, config)
    finally:
        ssh.close()


def _client(config: SftpConfig) -> paramiko.SSHClient:
    try:
        import paramiko
    except ImportError as error:
        raise ConfigError("SFTP needs a package more", remedy='pip install "sfr[sftp]"') from error
    ssh = paramiko.SSHClient()
    ssh.set_missing_host_key_policy(paramiko.RejectPolicy())
    known = (config.known_hosts or Path("~/.ssh/known_hosts")).expanduser()
    try:
        if config.known_hosts or known.exists():
            ssh.load_host_keys(str(known))
    except (OSError, paramiko.SSHException) as error:
        raise ConfigError(f"{known} cannot be read: {error}", remedy="Correct known_hosts of this place.") from error
    return ssh


@contextmanager
def _renaming(where: str) -> Iterator[None]:
    import paramiko

    try:
        yield
    except SfrError:
        raise
    except paramiko.BadHostKeyException as error:
        raise DeliveryError(
            f"{where}: its key is another one than known_hosts has",
            reason="host-key",
            remedy="Ask its owner whether the key was changed; if not, somebody else answers.",
        ) from error
    except paramiko.AuthenticationException as error:
        raise DeliveryError(
            f"{where}: the login was refused", reason="login", remedy="Look at username, password and key."
        ) from error
    except paramiko.SSHException as error:
        raise _unknown_host(where, error) or TransientError(f"{where}: {error}", reason="connection") from error
    except FileNotFoundError as error:
        raise DeliveryError(
            f"{where}: there is no such folder", reason="no-folder", remedy="Make it there, or correct the path."
        ) from error
    except PermissionError as error:
        raise DeliveryError(
            f"{where}: the server does not allow it", reason="refused", remedy="Ask for the right to write there."
        ) from error
    except (TimeoutError, EOFError, ConnectionError, paramiko.ssh_exception.NoValidConnectionsError) as error:
        raise TransientError(f"{where}: {error or type(error).__name__}", reason="connection") from error
    except OSError as error:
        raise _refused(where, error) from error


def _unknown_host(where: str, error: Exception) -> DeliveryError | None:
    if "not found in known_hosts" not in str(error):
        return None
    return DeliveryError(
        f"{where}: the server is not in known_hosts",
        reason="host-key",
        remedy="Log in once with `ssh` and compare its fingerprint, or name a known_hosts file.",
    )


def _refused(where: str, error: OSError) -> SfrError:
    """The server's own word: "Failure" is all that most say of a full disk (draft-ietf-secsh-filexfer-02, 7)."""
    told = str(error) or type(error).__name__
    if error.errno is None and told != "Socket is closed":  # which is the client's own
        remedy = "Is its disk full, or a quota reached? Is there a folder of that name?"
        return DeliveryError(f"{where}: the server says: {told}", reason="refused", remedy=remedy)
    return TransientError(f"{where}: {told}", reason="connection")
