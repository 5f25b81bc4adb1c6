"""Knows what the errors of database drivers mean, and renames them into ours: the one place that does."""

from __future__ import annotations

import re
import sqlite3
import ssl
from enum import StrEnum

from sfr.database_address import DatabaseAddress
from sfr.errors import AuthError, ReportError, SfrError, TransientError

MOST_CHARACTERS = 400


class Trouble(StrEnum):
    """What kind of trouble a database is in, or makes."""

    PASSWORD = "password"  # noqa: S105  the reason, not a secret
    UNREACHABLE = "unreachable"
    DATABASE = "no-database"
    PARAMETER = "parameter"
    PERMISSION = "no-permission"
    READ_ONLY = "read-only"
    BUSY = "busy"
    GONE = "connection"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    FULL = "database-full"
    DAMAGED = "damaged"
    STATEMENT = "sql"


# https://www.postgresql.org/docs/current/errcodes-appendix.html; ODBC's drivers use most of these too.
_SQL_STATES = {
    "28P01": Trouble.PASSWORD,
    "28000": Trouble.PASSWORD,
    "3D000": Trouble.DATABASE,
    "42501": Trouble.PERMISSION,
    "25006": Trouble.READ_ONLY,
    "40001": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "55P03": Trouble.BUSY,
    "53300": Trouble.BUSY,
    "57P03": Trouble.BUSY,
    "57P01": Trouble.GONE,
    "57P02": Trouble.GONE,
    "57P05": Trouble.GONE,
    "57014": Trouble.CANCELLED,
    "HYT00": Trouble.TIMEOUT,
    "HYT01": Trouble.UNREACHABLE,
    "08001": Trouble.UNREACHABLE,
    "53100": Trouble.FULL,
    "53200": Trouble.FULL,
}
# https://mariadb.com/kb/en/mariadb-error-code-reference/, and from 2000 on those of the client's library.
_MYSQL = {
    Trouble.PASSWORD: (1045, 1251, 1698, 2059, 2061),
    Trouble.UNREACHABLE: (2002, 2003, 2005),
    Trouble.DATABASE: (1049,),
    Trouble.PERMISSION: (1044, 1142, 1143, 1227, 1370),
    Trouble.READ_ONLY: (1290, 1792, 1836),
    Trouble.BUSY: (1040, 1203, 1205, 1213, 1226),
    Trouble.GONE: (0, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2055),
    Trouble.TIMEOUT: (1969, 3024),
    Trouble.CANCELLED: (1317,),
    Trouble.FULL: (1021, 1037, 1038, 1041, 1114),
}
_MYSQL_NUMBERS = {number: trouble for trouble, numbers in _MYSQL.items() for number in numbers}
_MYSQL_DRIVERS = ("pymysql", "MySQLdb")
_DRIVERS = (*_MYSQL_DRIVERS, "psycopg", "pyodbc")
# Primary result codes, https://sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_AUTH: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.PERMISSION,
    sqlite3.SQLITE_CANTOPEN: Trouble.UNREACHABLE,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.FULL,
    sqlite3.SQLITE_INTERRUPT: Trouble.CANCELLED,
}
# libpq gives no code with what it says while it connects; a server of another language says it in its own words.
_WORDS = (
    (re.compile(r"authentication failed|no password supplied|no pg_hba\.conf entry|role .* does not exist", re.I),
     Trouble.PASSWORD),
    (re.compile(r"database .* does not exist", re.I), Trouble.DATABASE),
    (re.compile(r"invalid (integer value|port number|\w+ value:)|bad value for|certificate|does not support SSL|"
                r"(unrecognized|invalid value for) .*parameter", re.I), Trouble.PARAMETER),
    (re.compile(r"too many clients|connection slots|starting up|shutting down|in recovery", re.I), Trouble.BUSY),
    (re.compile(r"connection (failed|refused|timeout)|could not connect|unable to open|resolve host|translate host|"
                r"timeout expired|is not (a )?known|getaddrinfo", re.I), Trouble.UNREACHABLE),
    (re.compile(r"server closed|connection .*(lost|closed|reset|bad)|broken pipe|SSL error|EOF detected|"
                r"could not (receive|send) data|terminating connection|gone away", re.I), Trouble.GONE),
)  # fmt: skip
_PASSING = {
    Trouble.UNREACHABLE: "does the server run, and may this machine reach its host and port?",
    Trouble.BUSY: "others were using it; a later try may find it free",
    Trouble.GONE: "the server went away, or something between it and us cut the line",
    Trouble.TIMEOUT: "make the query quicker (an index, a shorter window), or allow it more time",
    Trouble.CANCELLED: "somebody cancelled it at the database",
}
_REMEDIES = {
    Trouble.PASSWORD: "check user and password in the url of its settings",
    Trouble.DATABASE: "check the database's name in the url of its settings",
    Trouble.PARAMETER: "correct the url in its settings, and what stands behind its ?",
    Trouble.PERMISSION: "its administrator must grant that to the user in the url",
    Trouble.READ_ONLY: "only what reads is allowed here",
    Trouble.FULL: "its disk or memory is used up: ask whoever looks after it",
    Trouble.DAMAGED: "is it a database of that kind, and whole?",
    Trouble.STATEMENT: "correct the query",
}


def is_foreign(error: BaseException) -> bool:
    """Whether a driver, SQLAlchemy or the system's network raised it, and not a mistake of ours."""
    if isinstance(error, (OSError, sqlite3.Error)):
        return True
    return any(
        each.__module__.partition(".")[0] in _DRIVERS and each.__name__ == "Error" for each in type(error).__mro__
    ) or type(error).__module__.startswith("sqlalchemy.")


def trouble_of(error: BaseException) -> Trouble:
    """What an error of a driver (or of SQLAlchemy around it) is about; STATEMENT where nothing else is known."""
    inner = getattr(error, "orig", None) or error
    for found in (_by_sqlite(inner), _by_number(inner), _by_state(inner)):
        if found is not None:
            return found
    if getattr(error, "connection_invalidated", False):
        return Trouble.GONE
    if isinstance(inner, (FileNotFoundError, PermissionError, ssl.SSLError)):  # certificates, before anything is sent
        return Trouble.PARAMETER
    if isinstance(inner, TimeoutError):
        return Trouble.UNREACHABLE
    if isinstance(inner, OSError):
        return Trouble.GONE
    return next((trouble for words, trouble in _WORDS if words.search(str(inner))), Trouble.STATEMENT)


def renamed(error: BaseException, address: DatabaseAddress, *, refused: type[SfrError] = ReportError) -> SfrError:
    """Our error for one of a driver. `refused` is for what will not work however often it is tried. A user or password
    that is not accepted is an AuthError, what may pass is a TransientError."""
    trouble, message = trouble_of(error), f"{address.shown}: {said(error, address)}"
    if trouble in _PASSING:
        most = {Trouble.TIMEOUT: 2, Trouble.CANCELLED: 3}.get(trouble)
        return TransientError(message, reason=trouble, remedy=_PASSING[trouble], max_attempts=most)
    kind = AuthError if trouble is Trouble.PASSWORD else refused
    return kind(message, reason=trouble, remedy=_REMEDIES[trouble])


def said(error: BaseException, address: DatabaseAddress) -> str:
    """The database's own words in one line, without the secrets of its address."""
    inner = getattr(error, "orig", None) or error
    diagnosis = getattr(inner, "diag", None)
    text = str(getattr(diagnosis, "message_primary", None) or (inner.args[-1] if inner.args else "") or inner)
    if hint := getattr(diagnosis, "message_hint", None):
        text = f"{text} ({hint})"
    for secret in address.secrets:
        text = text.replace(secret, "***") if len(secret) > 2 else text
    text = " ".join(text.split()) or type(inner).__name__
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _by_state(error: BaseException) -> Trouble | None:
    first = error.args[0] if error.args else None
    odbc = first if isinstance(first, str) and re.fullmatch(r"[0-9A-Z]{5}", first) else None
    state = getattr(error, "sqlstate", None) or odbc
    if not isinstance(state, str):
        return None
    if state == "57014" and "timeout" in str(error):
        return Trouble.TIMEOUT
    return _SQL_STATES.get(state, Trouble.GONE if state.startswith("08") else Trouble.STATEMENT)


def _by_sqlite(error: BaseException) -> Trouble | None:
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    return _SQLITE.get(code & 0xFF, Trouble.STATEMENT) if isinstance(code, int) else Trouble.STATEMENT


def _by_number(error: BaseException) -> Trouble | None:
    if type(error).__module__.partition(".")[0] not in _MYSQL_DRIVERS:
        return None
    number = error.args[0] if error.args else None
    return _MYSQL_NUMBERS.get(number, Trouble.STATEMENT) if isinstance(number, int) else Trouble.STATEMENT
