"""Answers of Superset, and of what stands before it, that claim to be a report and are none."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from sfr.connector import Door
from sfr.errors import AuthError, ConfigError, InvalidReport, ReportError, SfrError, TransientError
from sfr.model import Proof
from sfr.sources.superset.source import Superset
from sfr.testing import Tray
from tests.servers.superset_faults import STREAM_ERROR, Decide, Faults, Reply, answering, told
from tests.superset_fetching import Fetching, Nobody, config_of, rows_of

GOOD = b"id,name\r\n1,one\r\n2,two\r\n"
PAGE = b"<!doctype html><html><title>Superset</title></html>"
LOGIN = b'<html><form action="/login/" method="post"><input name="password"></form></html>'
REFUSED = {"errors": [{"message": "no access", "error_type": "TABLE_SECURITY_ACCESS_ERROR"}]}
DATA = "/api/v1/chart/data"


def always(*replies: Reply) -> Decide:
    """These answers to chart data requests, in turn; the last one for ever."""
    left = list(replies)

    def decide(_method: str, path: str, _body: Any) -> Reply | None:
        if path != DATA:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return decide


def fetch(server: Faults, into: Tray | None = None, **options: Any) -> Tray:
    return Fetching(server.url).once(12, into, **options)[1]


ANSWERS = [
    (Reply(GOOD + STREAM_ERROR), TransientError, "stream-error"),
    (Reply(GOOD, cut=True), TransientError, "cut"),
    (Reply(PAGE, kind="text/html"), InvalidReport, "web-page"),
    (Reply(LOGIN, kind="text/html"), AuthError, "session"),
    (Reply(status=302, headers={"Location": "/login/?next=/api"}), AuthError, "session"),
    (Reply(status=301, headers={"Location": "https://elsewhere.example/"}), ConfigError, "redirect"),
    (Reply(b"PK\x03\x04", kind="application/zip"), InvalidReport, "zip"),
    (told({"result": []}), InvalidReport, "json"),
    (told({"msg": "Token has expired"}, 401), AuthError, "session"),
    (told({"msg": "Signature verification failed"}, 422), AuthError, "session"),
    (told({"message": "nonsense"}, 422), ReportError, "http-422"),
    (told({"message": "Forbidden"}, 403), ReportError, "no-permission"),
    (told(REFUSED, 403), ReportError, "no-permission"),
    (told(REFUSED, 500), ReportError, "no-permission"),
    (told({"message": "Not found"}, 404), ReportError, "not-found"),
    (Reply(PAGE, 404, "text/html"), ReportError, "not-found"),
    (told({"message": "Error: no such table"}, 400), ReportError, "http-400"),
    (told({"message": "429 Too Many Requests: 50 per 1 second"}, 429), TransientError, "throttled"),
    (Reply(PAGE, 502, "text/html"), TransientError, "http-502"),
    (Reply(PAGE, 503, "text/html"), TransientError, "throttled"),
    (Reply(PAGE, 504, "text/html"), TransientError, "http-504"),
    (told({"result": {"job_id": "x"}}, 202), ReportError, "queued"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "kind", "reason"), ANSWERS, ids=lambda value: str(value)[:60])
def test_what_is_no_report_becomes_the_error_that_it_is(reply: Reply, kind: type[SfrError], reason: str) -> None:
    with answering(always(reply)) as server, pytest.raises(SfrError) as caught:
        fetch(server)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert "a.b.c" not in f"{caught.value} {caught.value.remedy}"


def test_only_a_last_line_tells_a_failure() -> None:
    quoted = b'id,name\r\n1,"a\r\n__STREAM_ERROR__: was here"\r\n' + b"2,two\r\n" * 60
    with answering(always(Reply(quoted))) as server:
        assert len(rows_of(fetch(server))) == 62


def test_a_stream_that_never_began_is_asked_for_the_plain_way_which_says_why() -> None:
    with answering(always(Reply(STREAM_ERROR), told({"message": "Error: no such table: x"}, 400))) as server:
        with pytest.raises(ReportError, match="no such table: x"):
            fetch(server)
        streamed, plain = server.bodies(DATA)
    assert (streamed["result_type"], plain["result_type"]) == ("query", "full")
    assert "row_limit" not in plain["form_data"]  # it would be streamed again


def test_a_server_that_cannot_stream_is_asked_the_plain_way_which_is_said() -> None:
    with answering(always(Reply(PAGE, 500, "text/html"), Reply(b"id,name\n1,one\n"))) as server:
        fetched, tray = Fetching(server.url).once(12)
        assert [body["result_type"] for body in server.bodies(DATA)] == ["query", "full"]
    assert rows_of(tray) == [["id", "name"], ["1", "one"]]
    assert "through pandas" in fetched.warnings[0]


def test_what_was_kept_of_another_query_is_forgotten() -> None:
    old = Tray(b"id,name\n7,old\n", point='{"rows": 1, "query": "another"}')
    with answering(always(Reply(GOOD))) as server:
        assert rows_of(fetch(server, old)) == [["id", "name"], ["1", "one"], ["2", "two"]]
    old = Tray(b"id,name\n7,old\n", point="no json")
    with answering(always(Reply(archive_of(b"name\n1\n"), kind="application/zip"))) as server:
        assert rows_of(fetch(server, old, payload=payload_of_shares())) == [["name"], ["1"]]


def test_one_dialect_comes_out_of_any_route() -> None:
    marked = b'\xef\xbb\xbfid,name\r\n1,"a\r\nb"\r\n'
    with answering(always(Reply(marked))) as server:
        assert fetch(server).data == b'id,name\n1,"a\r\nb"\n'


def test_an_answer_whose_end_nothing_announces_proves_nothing() -> None:
    for announced, proof in ((True, Proof.LENGTH), (False, Proof.NONE)):
        with answering(always(Reply(GOOD, announced=announced))) as server:
            assert Fetching(server.url).once(12)[0].proof is proof


def payload_of_shares() -> dict[str, Any]:
    steps = [{"operation": "contribution", "options": {}}]
    queries = [{"columns": ["name"], "post_processing": steps}, {"metrics": ["total"]}]
    return {"datasource": {"id": 1, "type": "table"}, "queries": queries}


def archive_of(*texts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts, 1):
            archive.writestr(f"query_{number}.csv", text)
    return packed.getvalue()


def test_an_archive_becomes_a_file_for_each_query_in_their_order() -> None:
    texts = [b"\xef\xbb\xbfname,share\n" + b"%d,1\n" % number for number in range(1, 12)]
    with answering(always(Reply(archive_of(*texts), kind="application/zip"))) as server:
        tray = fetch(server, payload=payload_of_shares())
    assert rows_of(tray) == [["name", "share"], ["1", "1"]]
    assert list(tray.others) == [f"query-{number}" for number in range(2, 12)]
    assert rows_of(tray.others["query-11"])[1] == ["11", "1"]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_archive_is_refused(damage: str) -> None:
    whole = archive_of(b"name,share\n" + b"x,1\n" * 500)
    body = whole[:-30] if damage == "cut" else whole[:60] + b"\x00\x01\x02\x03" + whole[64:]
    with (
        answering(always(Reply(body, kind="application/zip"))) as server,
        pytest.raises(InvalidReport, match="damaged"),
    ):
        fetch(server, payload=payload_of_shares())


LOGINS = [
    (Reply(LOGIN, kind="text/html"), ConfigError, "login page"),
    (Reply(status=302, headers={"Location": "/login/"}), ConfigError, "login page"),
    (Reply(status=308, headers={"Location": "https://bi.example/"}), ConfigError, "another address"),
    (told({"message": "ok"}), ConfigError, "without a token"),
    (Reply(PAGE, 404, "text/html"), ConfigError, "no Superset"),
    (Reply(PAGE, 502, "text/html"), TransientError, "502"),
    (told({"message": "5 per 1 second"}, 429), TransientError, "pause"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), LOGINS, ids=lambda value: str(value)[:60])
def test_a_login_succeeds_with_a_token_only(reply: Reply, kind: type[SfrError], words: str) -> None:
    with (
        answering(lambda _method, path, _body: reply if path.endswith("/login") else None) as server,
        pytest.raises(kind, match=words) as caught,
    ):
        Superset.sign_in(config_of(server.url), Door("", Nobody()))
    assert "admin-password" not in f"{caught.value}"


def test_a_refresh_spares_the_login() -> None:
    def decide(_method: str, path: str, _body: Any) -> Reply | None:
        return told({"access_token": "new"}) if path.endswith("/refresh") else None

    with answering(decide) as server:
        value = Superset.sign_in(config_of(server.url), Door('{"access": "old", "refresh": "r"}', Nobody()))
        assert [path for _, path, _ in server.asked] == ["/api/v1/security/refresh"]
    assert value == '{"access": "new", "refresh": "r"}'
