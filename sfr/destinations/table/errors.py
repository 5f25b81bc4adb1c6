"""Knows what the errors of a database mean for a load into a table."""

from __future__ import annotations

import sqlite3

from sfr.database_address import DatabaseAddress
from sfr.database_errors import Trouble, renamed, said, trouble_of
from sfr.errors import DeliveryError, InvalidReport, SfrError

_MYSQL_DATA = (1048, 1263, 1264, 1265, 1292, 1364, 1366, 1406, 1411, 1690)
_MYSQL_RULE = (1062, 1169, 1216, 1217, 1451, 1452, 3819, 4025)
_MYSQL_FULL = (3, 1030, 1021, 1026)
_MYSQL_DRIVERS = ("pymysql", "MySQLdb")


def table_error(error: BaseException, address: DatabaseAddress, table: str) -> SfrError:
    """Our error for one that a driver raised while `table` was looked at or loaded."""
    if _is_mysql(error):
        error = type(error)(*error.args)  # without the state that some drivers add, which says less than the number
    trouble = trouble_of(error)
    if trouble is Trouble.READ_ONLY:
        return DeliveryError(
            f"{address.shown}: {said(error, address)}",
            reason=trouble,
            remedy="Name a server, a file and a user that may be written to in the url of its settings.",
        )
    if trouble is Trouble.UNREACHABLE and address.file is not None:
        return DeliveryError(
            f"{address.shown}: {said(error, address)}",
            reason="not-writable",
            remedy="Make the folder of this file, and let your account write into it.",
        )
    if trouble is not Trouble.STATEMENT:
        return renamed(error, address, refused=DeliveryError)
    return refused(_kind_of(error), f"table {table}: {_with_place(error, address)}")


def refused(kind: str, message: str) -> SfrError:
    """The error for records that a table refuses; `kind` is data, rule, full, schema or "" where nothing is known."""
    match kind:
        case "data":
            return InvalidReport(
                message,
                reason="type",
                remedy="Name another type for this column in the list, change the table's, or have the source mend it.",
            )
        case "rule":
            return DeliveryError(
                message, reason="constraint", remedy="The table refuses these records: change its rules or the report."
            )
        case "full":
            return DeliveryError(
                message, reason=Trouble.FULL, remedy="Its disk is used up: ask whoever looks after it."
            )
        case "schema":
            return DeliveryError(
                message, reason="no-schema", remedy="Make the schema, or correct it in the path of this place."
            )
    return DeliveryError(message, reason="table", remedy="See what the database says; its log may have more.")


def mysql_kind(number: object) -> str:
    """What an error or a warning of that number is about: data, rule, full or ""."""
    found = (("data", _MYSQL_DATA), ("rule", _MYSQL_RULE), ("full", _MYSQL_FULL))
    return next((name for name, numbers in found if number in numbers), "")


def _kind_of(error: BaseException) -> str:
    if _is_mysql(error):
        return mysql_kind(error.args[0] if error.args else None)
    if isinstance(error, sqlite3.Error):
        return "rule" if isinstance(error, sqlite3.IntegrityError) else ""
    state = getattr(error, "sqlstate", None) or ""
    return {"22": "data", "23": "rule", "44": "rule", "53": "full", "3F": "schema"}.get(state[:2], "")


def _is_mysql(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _MYSQL_DRIVERS


def _with_place(error: BaseException, address: DatabaseAddress) -> str:
    """What the database says, and where PostgreSQL stood: `COPY sales, line 12, column amount: "x"`."""
    diagnosis = getattr(error, "diag", None)
    details = [getattr(diagnosis, name, None) for name in ("message_detail", "context")]
    text = said(error, address)
    for detail in details:
        if detail:
            text = f"{text} · {' '.join(str(detail).split())[:200]}"
    return text
