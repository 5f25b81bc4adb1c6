"""Knows how a history database of each kind is opened, and what its errors mean; nothing of runs and jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from sfr.errors import ConfigError, HistoryBusy, SfrError
from sfr.missing_package import missing_package

SETTING = "SFR_DATABASE_URL"
CONNECT_SECONDS = 10
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_PACKAGES = {
    "postgresql+psycopg": ("psycopg", "psycopg[binary]"),
    "mysql+pymysql": ("pymysql", "pymysql[rsa]"),
}

_LOCKED = ("is locked by another process", "close what has it open (a database browser, another sfr) and try again")
_CLOSED = ("cannot be written", f"make its folder writable, or choose another place with {SETTING}")
_DAMAGED = (
    "is damaged",
    "move the file away: a new history is begun at the next start, and downloaded reports are not touched",
)
_DISK = ("cannot be kept on this disk", "free some space or check the disk")
_SERVER = ("does not answer as it should", f"check the server, and user, password and database in {SETTING}")
# Primary result codes, https://sqlite.org/rescode.html
_SQLITE_MEANINGS = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
}
_WAITING_HELPS = (_LOCKED, _DISK)


class Database:
    """An open database: transactions to read or to write in, whose errors are ours.

    `place` is its path or its address without a password. ConfigError where it cannot be opened.
    """

    def __init__(self, url: str, *, busy_timeout_seconds: float) -> None:
        parsed = _parse(url)
        self.place = _place(parsed)
        self._password = parsed.password
        _make_folder(parsed, self.place)
        self._reader = _engine(parsed, busy_timeout_seconds)
        self._writer = self._reader.execution_options(immediate=True)
        self._try_out()

    def _try_out(self) -> None:
        try:
            with self._renaming(opening=True):
                self._reader.connect().close()
        except (TypeError, ValueError, RuntimeError) as error:  # drivers: unknown options, missing parts of theirs
            raise ConfigError(
                f"history {self.place} cannot be connected to: {self._detail(error)}",
                remedy=f"install what it names, or correct what follows the ? in {SETTING}",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and keeps nobody from writing."""
        with self._renaming(opening=False), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction written as a whole or not at all; HistoryBusy where waiting may help."""
        with self._renaming(opening=False), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def opening(self, *, write: bool) -> Iterator[Connection]:
        """As `reading` or `writing`, for the first words with the database: every failure is a ConfigError."""
        engine = self._writer if write else self._reader
        with self._renaming(opening=True), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self._reader.dispose()

    @contextmanager
    def _renaming(self, *, opening: bool) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            (problem, remedy), waiting_helps = _meaning(error)
            message = f"history {self.place} {problem}: {self._detail(error.orig or error)}"
            kind: type[SfrError] = HistoryBusy if waiting_helps and not opening else ConfigError
            raise kind(message, remedy=remedy) from error

    def _detail(self, error: BaseException) -> str:
        """The driver's own first line. pymysql puts an error number before it."""
        lines = str(error.args[-1]).splitlines() if error.args else []
        detail = lines[0] if lines else "no reason given"
        return detail.replace(self._password, "***") if self._password else detail


def _meaning(error: DBAPIError) -> tuple[tuple[str, str], bool]:
    """What is wrong, what can be done, and whether waiting may help."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return _SERVER, error.connection_invalidated or isinstance(error, OperationalError)
    meaning = _SQLITE_MEANINGS.get(code & 0xFF, _DAMAGED)
    return meaning, meaning in _WAITING_HELPS


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not shown: it may hold a password.
        raise ConfigError(
            f"{SETTING} is not a database address",
            remedy="write it like sqlite:///folder/history.db or postgresql://user:password@host/database",
        ) from error
    if "@" in (parsed.host or ""):  # then the host begins with the end of the password
        raise ConfigError(
            f"{SETTING} holds more than one @", remedy="write %40 for each @ that belongs to the user or the password"
        )
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() == "mysql":  # its "utf8" has no emoji
        return parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed


def _file(url: URL) -> Path | None:
    """The file of a SQLite address; None for a server, a database in memory and SQLite's own `file:` addresses."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name).absolute()


def _place(url: URL) -> str:
    return str(_file(url) or url.set(password=None, query={}).render_as_string())


def _make_folder(url: URL, place: str) -> None:
    file = _file(url)
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"history {place} {_CLOSED[0]}: {error.strerror}", remedy=_CLOSED[1]) from error


def _engine(url: URL, busy_timeout_seconds: float) -> Engine:
    kind = url.get_backend_name()
    options: dict[str, Any] = {"pool_pre_ping": kind != "sqlite"}
    if kind == "sqlite":
        options["connect_args"] = {"timeout": busy_timeout_seconds}
    if kind in ("postgresql", "mysql"):
        # Stricter isolation makes MariaDB lock gaps between rows, and two claiming processes deadlock.
        options["isolation_level"] = "READ COMMITTED"
        options["connect_args"] = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    try:
        engine = create_engine(url, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        if url.drivername in _PACKAGES:
            raise missing_package(f"the history at {SETTING}", *_PACKAGES[url.drivername]) from error
        remedy = f"install it, or change {SETTING}"
        raise ConfigError(f"the database driver {url.drivername} is not installed", remedy=remedy) from error
    _prepare_connections(engine, kind, busy_timeout_seconds)
    return engine


def _prepare_connections(engine: Engine, kind: str, busy_timeout_seconds: float) -> None:
    settings = {
        "sqlite": ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"),
        "postgresql": (f"SET lock_timeout = {int(busy_timeout_seconds * 1000)}",),
        "mysql": (f"SET SESSION innodb_lock_wait_timeout = {max(1, int(busy_timeout_seconds))}",),
    }

    def connect(connection: Any, _record: object) -> None:
        if kind == "sqlite":
            connection.isolation_level = None  # leaves BEGIN to `begin` below
        cursor = connection.cursor()
        for statement in settings.get(kind, ()):
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    def begin(connection: Connection) -> None:
        # A transaction that begins by reading and then writes cannot wait for a lock in SQLite, it fails at once.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    event.listen(engine, "connect", connect)
    if kind == "sqlite":
        event.listen(engine, "begin", begin)
