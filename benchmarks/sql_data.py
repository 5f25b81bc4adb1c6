"""The table that the SQL benchmark reads: eight columns as people have them, the same rows in each database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

NAME = "sfr_benchmark"
QUERY = f"SELECT id, customer, region, quantity, amount, paid, ordered_at, note FROM {NAME}"
CUSTOMERS = ("Miller, Smith & Sons", "Ångström AB", 'The "Best" Ltd', "plain", "Müller GmbH")
REGIONS = ("North", "South", "East", "West", "Centre", "Overseas")
NOTES = ("first, second", 'said "yes"', "", "nothing special here")

_POSTGRESQL = f"""
CREATE TABLE {NAME} AS SELECT
    n AS id,
    (ARRAY['{"', '".join(CUSTOMERS)}'])[(n % 5)::int + 1] || ' ' || n % 9973 AS customer,
    (ARRAY['{"', '".join(REGIONS)}'])[(n % 6)::int + 1] AS region,
    (n * 7919 % 1000)::int AS quantity,
    (n * 104729 % 100000000 / 100.0)::numeric(12, 2) AS amount,
    (n % 3 = 0)::int::smallint AS paid,
    TIMESTAMP '2026-01-01' + n % 31536000 * INTERVAL '1 second' AS ordered_at,
    CASE WHEN n % 4 = 0 THEN NULL ELSE (ARRAY['{"', '".join(NOTES)}'])[(n % 17 % 4)::int + 1] END AS note
FROM generate_series(1, CAST(:rows AS bigint)) AS n"""
_MARIADB = f"""
INSERT INTO {NAME} SELECT
    seq,
    CONCAT(ELT(seq % 5 + 1, '{"', '".join(CUSTOMERS)}'), ' ', seq % 9973),
    ELT(seq % 6 + 1, '{"', '".join(REGIONS)}'),
    seq * 7919 % 1000,
    seq * 104729 % 100000000 / 100,
    seq % 3 = 0,
    TIMESTAMP('2026-01-01') + INTERVAL seq % 31536000 SECOND,
    IF(seq % 4 = 0, NULL, ELT(seq % 17 % 4 + 1, '{"', '".join(NOTES)}'))
FROM seq_1_to_{{rows}}"""
_COLUMNS = f"""
CREATE TABLE {NAME} (id BIGINT NOT NULL PRIMARY KEY, customer VARCHAR(100) NOT NULL, region VARCHAR(20) NOT NULL,
quantity INT NOT NULL, amount DECIMAL(12, 2) NOT NULL, paid SMALLINT NOT NULL, ordered_at DATETIME NOT NULL,
note VARCHAR(100))"""


def fill(kind: str, url: str, rows: int) -> None:
    """A new table in the database at `url`, which is a file for SQLite."""
    if kind == "sqlite":
        fill_sqlite(Path(str(make_url(url).database)), rows)
        return
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {NAME}"))
        if kind == "postgresql":
            connection.execute(text(_POSTGRESQL), {"rows": rows})
            connection.execute(text(f"VACUUM ANALYZE {NAME}"))
        else:
            connection.execute(text(_COLUMNS))
            connection.execute(text(_MARIADB.format(rows=rows)))
    engine.dispose()


def fill_sqlite(file: Path, rows: int) -> None:
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(_COLUMNS)
    connection.executemany(
        f"INSERT INTO {NAME} VALUES (?, ?, ?, ?, ?, ?, datetime('2026-01-01', ? || ' seconds'), ?)",
        (
            (
                n,
                f"{CUSTOMERS[n % 5]} {n % 9973}",
                REGIONS[n % 6],
                n * 7919 % 1000,
                n * 104729 % 100_000_000 / 100,
                int(n % 3 == 0),
                n % 31_536_000,
                None if n % 4 == 0 else NOTES[n % 17 % 4],
            )
            for n in range(1, rows + 1)
        ),
    )
    connection.commit()
    connection.close()
