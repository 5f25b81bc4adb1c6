"""The bare loops that sfr is compared with: one query, the database's driver, one CSV file and nothing beside.

python sql_peer.py copy|mysqlclient|pymysql|sqlite3|sqlalchemy URL QUERY FILE
"""

from __future__ import annotations

import csv
import sqlite3
import sys
from pathlib import Path
from typing import Any

BATCH = 5000


def main() -> None:
    way, url, query, place = sys.argv[1:]
    file = Path(place)
    if way == "copy":
        copy(url, query, file)
    else:
        rows(way, url, query, file)


def copy(url: str, query: str, file: Path) -> None:
    import psycopg

    statement: Any = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
    with psycopg.connect(url) as connection, connection.cursor().copy(statement) as lines, file.open("wb") as out:
        for line in lines:
            out.write(line)


def rows(way: str, url: str, query: str, file: Path) -> None:
    connection = connected(way, url)
    if way == "sqlalchemy":
        from sqlalchemy import text

        cursor = connection.execute(text(query))
        names = list(cursor.keys())
    else:
        cursor = connection.cursor()
        cursor.execute(query)
        names = [column[0] for column in cursor.description]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        while batch := cursor.fetchmany(BATCH):
            writer.writerows(batch)


def connected(way: str, url: str) -> Any:
    from sqlalchemy import create_engine, make_url

    parts = make_url(url)
    if way == "sqlite3":
        return sqlite3.connect(str(parts.database))
    if way == "sqlalchemy":
        return create_engine(url).connect().execution_options(stream_results=True, max_row_buffer=BATCH)
    named = {"host": parts.host, "port": parts.port, "user": parts.username, "database": parts.database}
    if way == "mysqlclient":
        import MySQLdb
        from MySQLdb.cursors import SSCursor

        return MySQLdb.connect(**named, password=parts.password or "", charset="utf8mb4", cursorclass=SSCursor)
    import pymysql
    from pymysql.cursors import SSCursor as PurePython

    return pymysql.connect(**named, password=parts.password or "", charset="utf8mb4", cursorclass=PurePython)


if __name__ == "__main__":
    main()
