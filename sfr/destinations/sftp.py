"""Delivers to a server by SFTP, to hosts that are known only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sfr.errors import ConfigError, DeliveryError, SfrError
from sfr.missing_package import missing_package
from sfr.remote_files import RemoteShelf
from sfr.remote_refusals import broken, first_line, login_refused, missing, not_allowed, unreachable

if TYPE_CHECKING:
    import paramiko

_CONNECT_SECONDS = 15.0
_MOST_LOGINS = 3  # a server that hangs up while we log in may do so because it has had enough of us


class SftpConfig(BaseModel):
    """Where the server is, and who we are there."""

    model_config = ConfigDict(frozen=True)
    place_fields: ClassVar[tuple[str, ...]] = ("host", "port", "username")  # what tells one server from another

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


class Sftp(RemoteShelf[SftpConfig]):
    """A folder on a server that speaks SFTP. The server's key must be in a known_hosts file: nobody is asked."""

    Config = SftpConfig

    @contextmanager
    def connected(self) -> Iterator[_SftpFiles]:
        config = self._config
        with closing(_client(config)) as ssh:
            _log_in(ssh, config)
            with _renaming(_server(config)):
                client = ssh.open_sftp()
                channel = client.get_channel()
                assert channel is not None
                channel.settimeout(config.stall_seconds)
            yield _SftpFiles(client, config)


class _SftpFiles:
    """Implements `RemoteFiles` over an open connection."""

    kind = "sftp"
    bucket = ""

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
        with _renaming(self.location("")):
            self._client.stat(self._config.directory or ".")
        with _renaming(self.location(folder)):
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


def _server(config: SftpConfig) -> str:
    return f"sftp://{config.host}:{config.port}"


def _log_in(ssh: paramiko.SSHClient, config: SftpConfig) -> None:
    import paramiko

    key = config.private_key
    try:
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
    except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
        raise _not_let_in(ssh, config, error) from error


def _not_let_in(ssh: paramiko.SSHClient, config: SftpConfig, error: Exception) -> SfrError:
    """By how far it came: no connection, a server that is not the one we know, or a login that is refused there. Also
    a private key that cannot be read or unlocked is only found out when the server asks for it."""
    import paramiko

    where, transport = _server(config), ssh.get_transport()
    if transport is None:
        every = list(error.errors.values()) if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError) else []
        return unreachable(where, every[0] if every else error)
    if isinstance(error, paramiko.BadHostKeyException):
        remedy = "Ask its owner whether the key was changed; if not, somebody else answers."
        return DeliveryError(f"{where}: its key is another one than known_hosts has", reason="host-key", remedy=remedy)
    if "not found in known_hosts" in str(error):
        remedy = "Log in once with `ssh` and compare its fingerprint, or name a known_hosts file."
        return DeliveryError(f"{where}: the server is not in known_hosts", reason="host-key", remedy=remedy)
    if transport.is_active():
        return login_refused(where, "username, password, private_key or passphrase", config.username)
    amid_login = isinstance(error, paramiko.AuthenticationException)
    return broken(where, error, max_attempts=_MOST_LOGINS if amid_login else None)


def _client(config: SftpConfig) -> paramiko.SSHClient:
    try:
        import paramiko
    except ImportError as error:
        raise missing_package("a destination of the type sftp", "paramiko", "sfr[sftp]") from error
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
    except FileNotFoundError as error:
        raise missing(where, "folder", "directory") from error
    except PermissionError as error:
        raise not_allowed(where) from error
    except (paramiko.SSHException, TimeoutError, EOFError, ConnectionError) as error:
        raise broken(where, error) from error
    except OSError as error:
        raise _refused(where, error) from error


def _refused(where: str, error: OSError) -> SfrError:
    """The server's own word: "Failure" is all that most say of a full disk (draft-ietf-secsh-filexfer-02, 7)."""
    told = first_line(error)
    if error.errno is None and told != "Socket is closed":  # which is the client's own
        remedy = "Is its disk full, or a quota reached? Is there a folder of that name?"
        return DeliveryError(f"{where}: the server says: {told}", reason="refused", remedy=remedy)
    return broken(where, error)
