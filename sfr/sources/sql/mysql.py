"""Knows MySQL and MariaDB by mysqlclient or PyMySQL: rows as they stream by, each value as the server's own text.

Both drivers are kept from making numbers, dates and decimals of the texts that the server sends: nothing is rounded,
and it takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from sfr.errors import ReportError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.sockets import Line
from sfr.sources.sql.statement import Statement, check_reads

PATIENCE_SECONDS = 3600
KILL_SECONDS = 2
LONGEST_JOINED_BYTES = 1 << 30
SMALL_BYTES = 1 << 19
_BIT, _GEOMETRY = 16, 255  # field types of the protocol
_UNKNOWN_ZONE = 1298


class MySql:
    """One connection; implements `Database`."""

    def __init__(self, config: SqlConfig) -> None:
        self._config = config
        self._module, self._positional, self._named = config.address.connect_arguments()
        self._is_mysqlclient = config.address.driver == "mysqldb"
        self._connection = self._connected()
        # PyMySQL shows its socket to nobody; mysqlclient does, but not to other threads.
        socket = self._connection if self._is_mysqlclient else self._connection._sock
        self._line = Line(socket.fileno())
        self._id = int(self._connection.thread_id())
        self._cursor: Any = None
        self._rows_left = False
        self._bits: set[int] = set()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Any:
        connecting = int(self._config.connect_seconds)
        # The server is silent while a query runs, which it may for as long as the limit says.
        reading = int(self._config.statement_seconds) + 60
        named = {"connect_timeout": connecting, "read_timeout": reading, **self._named}
        # Whatever the address says: in another character set the server sends ? for what that cannot write.
        named |= {"charset": "utf8mb4", "use_unicode": True}
        named["conv"] = _conversions(self._module, self._is_mysqlclient)
        if self._is_mysqlclient:
            return self._module.connect(*self._positional, **named, multi_statements=False)
        # PyMySQL would wait for the first word of a server as long as for rows.
        connection = self._module.connect(*self._positional, **{**named, "read_timeout": connecting})
        connection._read_timeout = named["read_timeout"]
        return connection

    def _begin(self) -> None:
        zone, seconds = self._config.timezone, self._config.statement_seconds
        is_mariadb = "mariadb" in str(self._connection.get_server_info()).lower()
        limit = f"max_statement_time = {seconds:f}" if is_mariadb else f"max_execution_time = {int(seconds * 1000)}"
        with closing(self._connection.cursor()) as cursor:
            try:
                cursor.execute(f"SET SESSION time_zone = '{'+00:00' if zone == 'UTC' else zone}'")
            except self._module.Error as error:
                if error.args[0] == _UNKNOWN_ZONE:
                    raise _unknown_zone(self._config) from error
                raise
            cursor.execute(
                f"SET SESSION {limit}, SESSION net_write_timeout = {PATIENCE_SECONDS}, "
                f"SESSION group_concat_max_len = {LONGEST_JOINED_BYTES}"  # MySQL's own 1024 cut in silence
            )
            cursor.execute("SET SESSION TRANSACTION READ ONLY")  # a CREATE ends its transaction before it is judged
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def run(self, statement: Statement, params: Mapping[str, Any]) -> Sequence[str]:
        """Its columns, when the first row is on its way."""
        from importlib import import_module

        check_reads(statement)
        text = statement.rendered(params, self._literal).text
        self._check_size(len(text.encode()))
        cursors = import_module(f"{self._module.__name__}.cursors")
        self._cursor = self._connection.cursor(cursors.SSCursor)
        self._rows_left = True
        self._cursor.execute(text)
        fields = self._cursor.description or ()
        self._bits = {number for number, field in enumerate(fields) if field[1] == _BIT}
        return [field[0] for field in fields]

    def _check_size(self, size_bytes: int) -> None:
        """A server hangs up, without a word, on more than it takes. Raises ReportError."""
        if size_bytes < SMALL_BYTES:
            return
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("SELECT @@max_allowed_packet")
            most = int(cursor.fetchone()[0])
        if size_bytes >= most:
            message = f"the query takes {size_bytes:,} bytes with its values, the server at most {most:,}"
            raise ReportError(
                f"{message} (max_allowed_packet)",
                reason="sql",
                remedy="Give it fewer values, or in a lookup a smaller batch.",
            )

    def fetch(self, rows: int) -> Sequence[tuple[Any, ...]]:
        """None left: an empty one."""
        found: Sequence[tuple[Any, ...]] = self._cursor.fetchmany(rows)
        self._rows_left = bool(found)
        return found

    def texts(self, number: int, column: tuple[Any, ...]) -> Sequence[str | None]:
        """Texts came as texts, by their character set; what came as bytes has none."""
        if not isinstance(next((value for value in column if value is not None), ""), bytes):
            return column
        if number in self._bits:
            return [value if value is None else str(int.from_bytes(value, "big")) for value in column]
        return [value if value is None else rf"\x{value.hex()}" for value in column]

    def abort(self) -> None:
        """The query ends at the server, then our waiting for it."""
        named = {**self._named, "connect_timeout": KILL_SECONDS, "read_timeout": KILL_SECONDS}
        try:
            with closing(self._module.connect(*self._positional, **named)) as other, closing(other.cursor()) as cursor:
                cursor.execute(f"KILL QUERY {self._id}")
        except self._module.Error:
            return  # it has ended, or cannot be reached; either way nobody waits for it
        finally:
            self._line.cut()

    def close(self) -> None:
        """Rows that are still on their way are not waited for, as closing a cursor would."""
        if self._rows_left:
            self._line.cut()
            if not self._is_mysqlclient and self._cursor is not None and self._cursor._result is not None:
                self._cursor._result.unbuffered_active = False  # else it reads on when it is thrown away
        self._rows_left, self._cursor = False, None
        if self._connection.open:
            self._connection.close()
        self._line.close()

    def _literal(self, _name: str, value: Any) -> str:
        connection = self._connection
        if self._is_mysqlclient and isinstance(value, str):
            return str(connection.string_literal(value.encode()).decode())
        written = connection.escape(value, connection.encoders)
        return written.decode() if isinstance(written, bytes) else str(written)


def _conversions(module: Any, is_mysqlclient: bool) -> dict[Any, Any]:
    """How values of ours are written, and that those of the server stay as they come."""
    from importlib import import_module

    known: dict[Any, Any] = import_module(f"{module.__name__}.converters").conversions
    writing = {kind: write for kind, write in known.items() if not isinstance(kind, int)}
    if not is_mysqlclient:  # which takes what it has no word for as text, by its character set
        return writing
    kinds = import_module(f"{module.__name__}.constants").FIELD_TYPE
    numbers = {value for value in vars(kinds).values() if isinstance(value, int)} - {_BIT, _GEOMETRY}
    return {**writing, **dict.fromkeys(numbers, str)}


def _unknown_zone(config: SqlConfig) -> ReportError:
    return ReportError(
        f"{config.address.shown}: the server knows no time zone {config.timezone}",
        reason="timezone",
        remedy="its administrator can load the zones (mysql_tzinfo_to_sql); or set timezone to UTC, or to an offset "
        "such as +02:00, which then holds in summer and winter alike",
    )
