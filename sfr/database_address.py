"""Knows database URLs: which database and driver one means, how it is shown without its password, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfr.database_parameters import check_parameters, read_flags
from sfr.errors import ConfigError
from sfr.missing_package import missing_package

if TYPE_CHECKING:
    from sqlalchemy import URL

EXAMPLE = "postgresql://user@host/database"

# What stands for a whole family in an address, and its drivers: the first one that is installed is taken.
_FAMILIES = {
    "postgres": ("postgresql+psycopg",),
    "postgresql": ("postgresql+psycopg",),
    "mysql": ("mysql+mysqldb", "mysql+pymysql"),
    "mariadb": ("mariadb+mysqldb", "mariadb+pymysql"),
    "sqlite": ("sqlite+pysqlite",),
    "mssql": ("mssql+pyodbc",),
}
_MODULES = {"psycopg": "psycopg", "mysqldb": "MySQLdb", "pymysql": "pymysql", "pyodbc": "pyodbc"}
_PACKAGES = {
    "psycopg": "sfr[postgresql]",
    "mysqldb": "sfr[mysqlclient]",
    "pymysql": "sfr[mysql]",
    "pyodbc": "pyodbc",
}
_BESIDE = {
    "mysqldb": " (that needs a compiler; mysql+pymysql:// does without)",
    "pyodbc": ", and the database's own ODBC driver",
}
# Their databases are files, or there is none to be named.
_WITHOUT_HOST = ("sqlite", "duckdb")
_PUBLIC = {"charset", "collation", "connect_timeout", "ssl_mode", "sslmode", "target_session_attrs"}


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database to be connected to. `dialect` is postgresql, mysql (MariaDB too), sqlite or another of SQLAlchemy's;
    `driver` its module as in the address; `shown` is fit for people and logs: no password, nothing behind the ?.

    `url` has the password and is never shown, nor are `secrets`: the password, and what stands behind the ?.
    `file` is the absolute path of an SQLite database, None for others.
    """

    dialect: str
    driver: str
    shown: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False, default=())
    file: Path | None = None

    def parsed(self) -> URL:
        """The address as SQLAlchemy knows it."""
        from sqlalchemy import make_url

        return make_url(self.url)

    def check_driver(self) -> None:
        """Raises ConfigError, with the command that installs it, where the driver's package is missing."""
        module = _MODULES.get(self.driver)
        if module is not None and find_spec(module) is None:
            raise _missing(self)

    def connect_arguments(self) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """The driver's module, and what its `connect` is to be given for this address. Raises ConfigError."""
        from sqlalchemy.exc import NoSuchModuleError

        self.check_driver()
        try:
            kind: Any = self.parsed().get_dialect()
            module = kind.import_dbapi()
        except (ImportError, NoSuchModuleError) as error:
            raise _no_driver(self, error) from error
        positional, named = kind(dbapi=module).create_connect_args(self.parsed())
        return module, tuple(positional), read_flags(named)


def read_database_address(text: str, *, must_exist: bool = False) -> DatabaseAddress:
    """The database that a URL of SQLAlchemy's form means, with the driver that is taken for it.

    `must_exist` is for reading: the file of an SQLite database must be there. Raises ValueError with what is wrong,
    never with the URL; whether the driver is installed is asked by `check_driver`.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise ValueError(f"is no address of a database: write it like {EXAMPLE}") from error
    url = url.set(drivername=_driver_name(url.drivername.lower()))
    _check_known(url)
    check_parameters(url)
    dialect, _, driver = url.drivername.partition("+")
    file = None
    if dialect == "sqlite":
        file = _file_of(url.database or "", must_exist=must_exist)
        url = url.set(database=str(file))
    elif dialect not in _WITHOUT_HOST:
        _check_parts(url)
    return DatabaseAddress(
        dialect={"mariadb": "mysql"}.get(dialect, dialect),
        driver=driver,
        shown=_shown(url),
        url=url.render_as_string(hide_password=False),
        secrets=_secrets(url),
        file=file,
    )


def _driver_name(name: str) -> str:
    """`postgresql` with its driver; one that is named stays, be it installed or not."""
    if name == "postgres":
        name = "postgresql"
    choices = _FAMILIES.get(name)
    if choices is None:
        return name
    return next((each for each in choices if _is_installed(each)), choices[-1])


def _is_installed(drivername: str) -> bool:
    module = _MODULES.get(drivername.partition("+")[2])
    return module is None or find_spec(module) is not None


def _check_known(url: URL) -> None:
    from sqlalchemy.exc import NoSuchModuleError

    try:
        waits = url.get_dialect().is_async
    except NoSuchModuleError as error:
        known = "postgresql, mysql, mariadb, sqlite, mssql+pyodbc"
        message = f"names a kind of database that is not known here, {url.drivername}: known are {known}, and all that "
        raise ValueError(f"{message}installed packages add to SQLAlchemy") from error
    except ImportError:  # of a dialect that imports its driver at once; told when it is connected to
        return
    if waits:
        raise ValueError(f"names the driver {url.get_driver_name()}, which is for asyncio: leave +driver out")


def _check_parts(url: URL) -> None:
    by_query = {"host", "service", "unix_socket", "read_default_file", "odbc_connect"} & set(url.query)
    if not url.host and not by_query:
        raise ValueError(f"names no host: write it like {EXAMPLE}")
    if not url.database and not by_query and url.get_backend_name() != "mssql":
        raise ValueError(f"names no database behind the host: write it like {EXAMPLE}")


def _file_of(name: str, *, must_exist: bool) -> Path:
    if name in ("", ":memory:") or name.startswith("file:"):
        raise ValueError("names no file: write sqlite:///folder/file.db, or sqlite:////folder/file.db from the root on")
    path = Path(name).expanduser().absolute()
    if must_exist and not path.is_file():
        raise ValueError(f"names a file that is not there: {path}")
    return path


def _shown(url: URL) -> str:
    from sqlalchemy import URL

    kind = url.get_backend_name()
    bare = URL.create(kind, url.username, None, url.host, url.port, url.database).render_as_string()
    # Another form than the address, which as a whole is masked wherever it appears.
    return bare.replace("://", " ", 1)


def _secrets(url: URL) -> tuple[str, ...]:
    given = [each for name, each in url.query.items() if name not in _PUBLIC]
    behind = [value for each in given for value in ([each] if isinstance(each, str) else each)]
    passwords = [text for text in (url.password, *behind) if text]
    # One of ODBC's own strings has the password as one of its parts.
    parts = [part.partition("=")[2] for text in behind for part in text.split(";") if part.upper().startswith("PWD=")]
    return tuple(dict.fromkeys([*passwords, *parts]))


def _no_driver(address: DatabaseAddress, error: BaseException) -> ConfigError:
    remedy = _missing(address).remedy if address.driver in _PACKAGES else "install the package of its driver"
    return ConfigError(f"{address.shown} cannot be used: {error}", reason="driver", remedy=remedy)


def _missing(address: DatabaseAddress) -> ConfigError:
    error = missing_package(address.shown, _MODULES[address.driver], _PACKAGES[address.driver], reason="driver")
    error.remedy += _BESIDE.get(address.driver, "")
    return error
