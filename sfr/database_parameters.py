"""Knows what may stand behind the ? of a database URL, for each driver, and says which of it no driver knows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfr.similar_names import did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import URL

# Of these SQLAlchemy makes what both drivers of MySQL take.
_MYSQL_TLS = {"ssl_ca", "ssl_cert", "ssl_key", "ssl_capath", "ssl_cipher", "ssl_check_hostname"}
# What PyMySQL cannot be told by a text, or does not do.
_NOT_BY_URL = {
    "auth_plugin_map", "binary_prefix", "compress", "conv", "cursorclass", "defer_connect", "max_allowed_packet",
    "named_pipe", "port", "server_public_key", "ssl",
}  # fmt: skip
# Its client library takes them by name, and tells nobody which (https://mysqlclient.readthedocs.io/user_guide.html).
_MYSQLCLIENT = _MYSQL_TLS | {
    "auth_plugin", "charset", "client_flag", "collation", "compress", "connect_timeout", "host", "init_command",
    "local_infile", "named_pipe", "read_default_file", "read_default_group", "read_timeout",
    "server_public_key_path", "sql_mode", "ssl_mode", "unix_socket", "use_unicode", "user", "write_timeout",
}  # fmt: skip
# A driver may take no notice of one that is not there.
_FILES = {
    "read_default_file",
    "server_public_key_path",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "sslcert",
    "sslkey",
    "sslrootcert",
}
_FLAGS = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "autocommit")
_YES = ("1", "true", "yes", "on")


def check_parameters(url: URL) -> None:
    """Raises ValueError for a parameter that the driver does not know, and for a value that it cannot read; never with
    a value. Nothing is said of drivers that are not installed, nor of those of other packages."""
    known = _known(url)
    if not url.query or known is None:
        return
    if any("@" in text for text in (*url.query, *map(str, url.query.values()))) and set(url.query) - set(known):
        raise ValueError("has an @ behind its ?: in a password, write %40 for @, %2F for / and %3F for ?")
    for name in url.query:
        if name not in known:
            who = f"the driver {url.get_driver_name()}" if known else "SQLite"
            hint = did_you_mean(name, known) if known else "its file is opened without any"
            said = f"has a parameter behind its ? that {who} does not know: {name}"
            raise ValueError(f"{said} ({hint})" if hint else said)
    for name, value in url.query.items():
        if name in _FILES and isinstance(value, str) and value != "system" and not Path(value).expanduser().is_file():
            raise ValueError(f"names a file for {name} behind its ? that is not there: {Path(value).absolute()}")
        try:
            url.get_dialect()().create_connect_args(url.set(query={name: value}))
        except ValueError as error:
            raise ValueError(f"has a value for {name} behind its ? that {url.get_driver_name()} cannot read") from error


def read_flags(named: dict[str, Any]) -> dict[str, Any]:
    """What a driver is given by name, with `false` as a no: PyMySQL would take any text for a yes."""
    texts = {name: named[name] for name in _FLAGS if isinstance(named.get(name), str)}
    return {**named, **{name: text.lower() in _YES for name, text in texts.items()}}


def _known(url: URL) -> Collection[str] | None:
    """The names of all there are; None where nobody knows."""
    driver = url.get_driver_name()
    module, names = _NAMES.get(driver, ("", None))
    return names() if names is not None and (not module or find_spec(module) is not None) else None


def _of_libpq() -> set[str]:
    defaults = import_module("psycopg.pq").Conninfo.get_defaults()
    return {each.keyword.decode() for each in defaults}


def _of_pymysql() -> set[str]:
    signature = inspect.signature(import_module("pymysql").connections.Connection)
    return (set(signature.parameters) | _MYSQL_TLS) - _NOT_BY_URL


_NAMES: dict[str, tuple[str, Callable[[], Collection[str]]]] = {
    "psycopg": ("psycopg", _of_libpq),
    "pymysql": ("pymysql", _of_pymysql),
    "mysqldb": ("MySQLdb", lambda: _MYSQLCLIENT),
    "pysqlite": ("", frozenset),
}
