"""Tells the steps of a process that loads into a database server: each statement, and the rows on their way.

A step is told before a statement is sent, and where that is possible once more when the server has it and has not
answered yet ("in"). What a server was told to do it may do, though nobody is there any more to hear of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def hear(url: str, at: Callable[[str], None]) -> None:
    """From now on, for the driver of this URL; nothing for a database without a server. There is no end."""
    if url.startswith("postgresql"):
        _hear_postgresql(at)
    elif url.startswith("mysql"):
        _hear_mysql(at)


def _words(statement: Any) -> str:
    text = statement if isinstance(statement, bytes) else str(statement).encode()
    return " ".join(text[:200].decode("utf-8", "replace").split()[:3])


def _hear_postgresql(at: Callable[[str], None]) -> None:
    import psycopg

    execute, write, commit = psycopg.Cursor.execute, psycopg.Copy.write, psycopg.Connection.commit

    def execute_and_tell(self: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        at(f"before {_words(query)}")
        return execute(self, query, *arguments, **named)

    def write_and_tell(self: Any, data: Any) -> None:
        at("before rows")
        write(self, data)
        at("after rows")

    def commit_and_tell(self: Any) -> None:
        at("before COMMIT")
        self.pgconn.send_query(b"COMMIT")
        self.pgconn.flush()
        at("in COMMIT")
        while self.pgconn.get_result() is not None:
            pass
        commit(self)  # for what else the driver does then

    psycopg.Cursor.execute = execute_and_tell  # type: ignore[method-assign]
    psycopg.Copy.write = write_and_tell  # type: ignore[method-assign]
    psycopg.Connection.commit = commit_and_tell  # type: ignore[method-assign]


def _hear_mysql(at: Callable[[str], None]) -> None:
    from pymysql.connections import Connection

    send, write = Connection._execute_command, Connection.write_packet

    def send_and_tell(self: Any, command: int, statement: Any) -> None:
        at(f"before {_words(statement)}")
        send(self, command, statement)
        at(f"in {_words(statement)}")

    def write_and_tell(self: Any, payload: Any) -> None:
        if payload:  # an empty packet ends a file
            at("before rows")
        write(self, payload)
        at("after rows")

    Connection._execute_command = send_and_tell
    Connection.write_packet = write_and_tell
