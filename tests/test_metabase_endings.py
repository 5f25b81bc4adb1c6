"""How an export of Metabase can end, and that only a whole one passes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.errors import InvalidReport, ReportError, SfrError, TransientError
from sfr.model import Proof
from sfr.staging import StagedFile
from tests.metabase_client import fetch, source_at
from tests.servers.metabase import Card, Ending, Metabase, Refused
from tests.servers.metabase_model import FAILURE, written

PACKED = pytest.mark.parametrize("packs", [True, False], ids=["packed", "plain"])


@pytest.fixture
def server() -> Iterator[Metabase]:
    with Metabase(cards=[Card("Orders")]) as running:
        yield running


def refused(server: Metabase, ending: Ending) -> SfrError:
    server.cards[0].ending = ending
    with pytest.raises(SfrError) as caught:
        fetch(server)
    return caught.value


@PACKED
def test_a_whole_answer_passes_byte_by_byte_and_is_proven(server: Metabase, packs: bool) -> None:
    server.packs = packs
    fetched, tray = fetch(server)
    card = server.cards[0]
    assert bytes(tray.data) == written(card.columns, card.rows, ",", formatted=False)
    assert fetched.proof is Proof.LENGTH
    assert fetched.warnings == ()


@pytest.mark.parametrize("ending", [Ending.FAILED_AS_CSV, Ending.FAILED_ACCEPTED, Ending.FAILED_500])
def test_a_failed_query_fails_the_report_with_the_sentence_of_the_database(server: Metabase, ending: Ending) -> None:
    error = refused(server, ending)
    assert type(error) is ReportError
    assert error.reason == "query-failed"
    assert 'column "amuont" does not exist Position: 8' in error.message
    assert "stacktrace" not in error.message


@PACKED
@pytest.mark.parametrize("ending", [Ending.GLUED, Ending.GLUED_TO_LINE, Ending.GLUED_IN_QUOTES])
def test_an_error_behind_rows_refuses_the_file(server: Metabase, ending: Ending, packs: bool) -> None:
    server.packs = packs
    error = refused(server, ending)
    assert isinstance(error, InvalidReport)
    assert error.reason == "broken-off"
    assert "amuont" in error.message


def test_an_error_behind_rows_is_found_wherever_the_pieces_are_parted(server: Metabase) -> None:
    filler = b"x" * 65536
    for shift in range(24):
        server.cards[0].body = b"a\n" + filler[: 65536 - 14 + shift] + b"\nlast\n"
        assert refused(server, Ending.GLUED).reason == "broken-off"


@pytest.mark.parametrize(
    "failure",
    [
        {
            "via": [{"type": "clojure.lang.ExceptionInfo", "message": "Cannot cast"}],
            "cause": "Cannot cast",
            "_status": 500,
        },
        {"status": "failed", "error": "Cannot cast"},
        {"status": "failed", "stacktrace": ["x" * 100] * 20_000, "error": "Cannot cast"},
    ],
    ids=["an exception", "a public link", "two megabytes"],
)
def test_errors_of_every_shape_are_found(server: Metabase, failure: dict[str, object]) -> None:
    server.cards[0].failure = failure
    assert refused(server, Ending.GLUED).reason == "broken-off"
    assert refused(server, Ending.FAILED_AS_CSV).reason == "query-failed"


@pytest.mark.parametrize(
    "text",
    [
        "Query timed out after 20 minutes",
        "ERROR: deadlock detected",
        "Connection reset",
        "Connections could not be acquired: try again",
    ],
)
def test_what_a_second_try_can_mend_is_tried_again(server: Metabase, text: str) -> None:
    server.cards[0].failure = {**FAILURE, "error": text}
    error = refused(server, Ending.FAILED_500)
    assert isinstance(error, TransientError)
    tries = refused(server, Ending.GLUED).max_attempts
    server.cards[0].failure = dict(FAILURE)
    assert (error.max_attempts, tries, refused(server, Ending.GLUED).max_attempts) == (6, 10, 3)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing-required-permissions", "no-permission"),
        ("missing-required-parameter", "parameter"),
        ("invalid-query", "query-failed"),
        ("timed-out", "query-interrupted"),
    ],
)
def test_the_kind_that_metabase_gives_a_failure_decides(server: Metabase, kind: str, reason: str) -> None:
    server.cards[0].failure = {**FAILURE, "error_type": kind}
    assert refused(server, Ending.FAILED_AS_CSV).reason == reason


def test_the_hidden_cause_of_a_public_link_is_said_to_be_hidden(server: Metabase) -> None:
    server.cards[0].failure = {"status": "failed", "error": "An error occurred while running the query."}
    server.cards[0].ending = Ending.FAILED_500
    with pytest.raises(ReportError, match="An error occurred") as caught:
        fetch(server, f"public/card:{server.cards[0].public_uuid}", session="")
    assert "hides" in caught.value.remedy


@PACKED
def test_a_broken_stream_is_a_cut_one(server: Metabase, packs: bool) -> None:
    server.packs = packs
    error = refused(server, Ending.BROKEN)
    assert isinstance(error, TransientError)
    assert error.reason == "cut"


@PACKED
@pytest.mark.parametrize("ending", [Ending.CUT_IN_RECORD, Ending.CUT_IN_LAST_FIELD])
def test_a_time_limit_in_the_middle_of_a_row_is_noticed_though_the_answer_ends_well(
    server: Metabase, ending: Ending, packs: bool
) -> None:
    server.packs = packs
    error = refused(server, ending)
    assert isinstance(error, InvalidReport)
    assert error.reason == "cut"


def test_a_packed_answer_without_its_end_mark_is_cut_even_just_behind_a_line(server: Metabase) -> None:
    error = refused(server, Ending.CUT_PACKED)
    assert isinstance(error, TransientError)
    assert error.reason == "cut"


def test_a_cut_just_behind_a_line_of_an_answer_that_is_not_packed_passes_as_the_documents_say(server: Metabase) -> None:
    server.packs = False
    server.cards[0].ending = Ending.CUT_AT_LINE
    fetched, tray = fetch(server)
    assert tray.data.endswith(b"\n")
    assert fetched.proof is Proof.LENGTH


@pytest.mark.parametrize(
    ("ending", "reason", "said"),
    [(Ending.PROXY_504, "http-504", "proxy"), (Ending.PORTAL, "web-page", "Sign in to Acme")],
)
def test_pages_of_what_stands_in_between_are_named(server: Metabase, ending: Ending, reason: str, said: str) -> None:
    error = refused(server, ending)
    assert error.reason == reason
    assert said in error.message


@pytest.mark.parametrize("status", [502, 503])
def test_a_server_that_is_away_for_a_moment_is_asked_again(server: Metabase, status: int) -> None:
    server.refusals = [Refused(status, "<html>Bad Gateway</html>", Retry_After="7")]
    error = refused(server, Ending.WHOLE)
    assert isinstance(error, TransientError)
    assert (error.slow_down, error.retry_after_seconds) == ((True, 7.0) if status == 503 else (False, None))


def test_the_next_try_after_each_kind_of_failure_succeeds(server: Metabase) -> None:
    server.cards[0].endings = [Ending.GLUED, Ending.BROKEN, Ending.CUT_IN_RECORD, Ending.PROXY_504]
    source = source_at(server)
    for _ in range(4):
        with pytest.raises(SfrError):
            fetch(server, source=source)
    assert fetch(server, source=source)[0].proof is Proof.LENGTH


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_and_a_byte_order_mark_are_fine(server: Metabase, separator: str, tmp_path: Path) -> None:
    server.separator, server.mark = separator, True
    _, tray = fetch(server)
    assert tray.data.startswith(b"id" + separator.encode())
    staged = StagedFile(tmp_path / "a.part", "csv", 1 << 20, lambda _size: None)
    fetch(server, into=staged)
    facts = staged.finish()
    staged.close()
    assert facts is not None
    assert (facts.delimiter, facts.records) == (separator, 4)


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending not in (Ending.WHOLE, Ending.CUT_AT_LINE)])
def test_with_the_scan_of_the_file_no_broken_ending_passes(server: Metabase, ending: Ending, tmp_path: Path) -> None:
    server.cards[0].ending = ending
    staged = StagedFile(tmp_path / "a.part", "csv", 1 << 20, lambda _size: None)
    with pytest.raises(SfrError):
        fetch(server, into=staged)
    staged.discard()


def test_a_question_without_rows_has_its_header(server: Metabase) -> None:
    server.cards[0].rows = ()
    assert bytes(fetch(server)[1].data) == b"id,city,amount,day,note\n"


def test_as_many_rows_as_excel_takes_are_probably_cut(server: Metabase) -> None:
    card = server.cards[0]
    card.body = b"n\n" + b"1\n" * 1_048_575
    assert "1,048,575 records" in fetch(server)[0].doubt
    card.body += b"1\n"
    assert fetch(server)[0].doubt == ""
    server.row_limit, server.tells_row_limit = 1_048_576, True
    assert "1,048,576 records" in fetch(server)[0].doubt


def test_line_ends_within_quotes_are_no_rows_and_do_not_warn(server: Metabase) -> None:
    server.cards[0].body = b"n\n" + b'"a\nb"\n' * 1000 + b"1\n" * 1_047_000
    assert fetch(server)[0].doubt == ""


def test_a_slow_query_is_waited_for_and_an_abort_ends_the_wait(server: Metabase) -> None:
    card, source = server.cards[0], source_at(server)
    card.gate = threading.Event()

    def abort_once_asked() -> None:
        card.reached.wait(10)
        source.abort()

    threading.Thread(target=abort_once_asked, daemon=True).start()
    with pytest.raises(TransientError):
        fetch(server, source=source)
    card.gate.set()
    assert fetch(server)[0].proof is Proof.LENGTH


def test_a_line_of_text_with_status_200_is_no_table(server: Metabase) -> None:
    server.refusals.append(Refused(200, "An error occurred.\n"))
    assert refused(server, Ending.WHOLE).reason == "format"
