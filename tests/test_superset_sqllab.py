"""Answers of SQL Lab that lie: fewer rows than the query had, an end that nothing announces, a wrong database."""

from __future__ import annotations

from typing import Any

import pytest

from sfr.errors import ReportError, SfrError, TransientError
from sfr.model import Fetched, Proof
from sfr.testing import Tray
from tests.servers.superset_faults import Reply, answering, told
from tests.superset_fetching import Fetching, rows_of

NO_DATABASE = "The database referenced in this query was not found. Please contact an administrator."


def error(message: str) -> Reply:
    return told({"errors": [{"message": message, "error_type": "GENERIC_BACKEND_ERROR"}]}, 500)


def fetch(
    came: int, rows: int, into: Tray | None = None, *, failing: Reply | None = None, database: int = 200, **reply: Any
) -> tuple[Fetched, Tray]:
    def decide(_method: str, path: str, _body: Any) -> Reply | None:
        if path == "/api/v1/sqllab/execute/":
            query = {"state": "success", "rows": rows, "limit": 1000, "limitingFactor": "NOT_LIMITED"}
            return failing or told({"query": query})
        if path == "/api/v1/sqllab/export_streaming/":
            return Reply(b"id\r\n" + b"".join(b"%d\r\n" % number for number in range(came)), **reply)
        return told({"result": {}}, database) if path == "/api/v1/database/7" else None

    with answering(decide) as server:
        return Fetching(server.url).once("sql", into, sql="select id from orders", database=7)


@pytest.mark.parametrize("announced", [True, False])
def test_fewer_rows_than_the_query_had_are_no_report(announced: bool) -> None:
    tray = Tray()
    with pytest.raises(TransientError, match=r"500 of 1,000 rows came") as caught:
        fetch(500, 1_000, tray, announced=announced)
    assert (caught.value.reason, caught.value.max_attempts, tray.data) == ("cut", 3, b"")


def test_as_many_rows_as_the_query_had_are_proof_enough() -> None:
    fetched, tray = fetch(500, 500, announced=False)
    assert (fetched.proof, fetched.records, len(rows_of(tray))) == (Proof.COUNT, 500, 501)


@pytest.mark.parametrize(("announced", "proof"), [(True, Proof.LENGTH), (False, Proof.NONE)])
def test_more_rows_are_proven_by_an_announced_end_only(announced: bool, proof: Proof) -> None:
    fetched, _ = fetch(501, 500, announced=announced)
    assert (fetched.proof, fetched.records) == (proof, None)
    assert "the data changed in between" in fetched.warnings[0]


@pytest.mark.parametrize(
    ("failing", "database", "kind", "reason"),
    [
        (error(NO_DATABASE), 200, ReportError, "no-database"),
        (error("Die Datenbank dieser Abfrage wurde nicht gefunden."), 404, ReportError, "no-database"),
        (error("out of memory"), 200, TransientError, "http-500"),
        (error("out of memory"), 403, TransientError, "http-500"),
        (Reply(b"<html>", 502, "text/html"), 404, TransientError, "http-502"),
    ],
)
def test_a_wrong_database_is_not_asked_again_and_again(
    failing: Reply, database: int, kind: type[SfrError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        fetch(0, 0, failing=failing, database=database)
    assert caught.value.reason == reason
    assert reason != "no-database" or (caught.value.max_attempts == 1 and "database 7" in caught.value.message)
