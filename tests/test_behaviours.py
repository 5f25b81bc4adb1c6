"""Every behaviour of an org, seen from the outside: what a whole transfer makes of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sfr.demo.behaviours import (
    CUTS,
    FOOTERS,
    Behaviour,
    Csv,
    CutMidStream,
    DataNotAvailable,
    Export,
    GatewayError,
    HardWindow,
    IdentityVerification,
    IpLock,
    JsonError,
    LocaleCsv,
    Maintenance,
    MiddleBox,
    Nasty,
    NoPermission,
    NotFound,
    ProxyAuthentication,
    Ragged,
    RedirectLoop,
    ReportTimeout,
    SessionDies,
    SessionExpired,
    ShortAnswer,
    SsoBounce,
    Throttle,
    TwoCredentials,
    WrongHost,
    Xls,
    Xlsx,
)
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.errors import TransientError
from sfr.model import Proof, Status
from sfr.transfer import RetryPolicy
from tests.surroundings import ID, NAME, Room, download, sha256, transfer

GOOD = Csv(rows=50)
FOUR_TRIES = RetryPolicy(max_attempts=4, first_wait_seconds=0.001, longest_wait_seconds=0.01)

GOOD_ANSWERS: list[tuple[Export, dict[str, Any]]] = [
    (Csv(), {}),
    (Csv(gzip=False), {}),
    (Csv(rows=0), {}),
    (Csv(rows=0, columns=1, footer="unterminated"), {}),
    (Csv(rows=20_000), {}),
    (Nasty(), {}),
    (Nasty(one_column=True), {}),
    *[(Nasty(footer=kind, bom=bom), {}) for kind in FOOTERS if kind != "none" for bom in (False, True)],
    *[(Nasty(footer=kind, one_column=True), {}) for kind in FOOTERS if kind != "none"],
    (LocaleCsv(), {}),
    (LocaleCsv(footer="german"), {}),
    (Xls(), {"format": "xls"}),
    (Xlsx(), {"format": "xlsx"}),
    (Csv(silence_seconds=0.05), {}),
]


@pytest.mark.parametrize(("report", "wanted"), GOOD_ANSWERS, ids=lambda value: repr(value)[:60])
def test_a_good_answer_is_on_disk_to_the_byte_after_one_request(
    report: Export, wanted: dict[str, Any], tmp_path: Path
) -> None:
    result = download(report, tmp_path, **wanted)
    assert (result.outcome.status, result.asked) == (Status.DONE, 1)
    assert result.file == report.data()
    assert result.outcome.sha256 == sha256(report.data())
    assert result.outcome.bytes == len(report.data())
    assert result.outcome.proof is (Proof.LENGTH if wanted else Proof.FOOTER)
    assert not result.leftovers
    assert not result.outcome.warnings


# Each answer that can never be a report, its reason, and how often it is asked for.
REFUSALS: list[tuple[Behaviour, str, int]] = [
    *[(SessionExpired(how), "session", 1) for how in ("script", "old-script", "login-host", "redirect", "form")],
    (SsoBounce("http://127.0.0.1:9"), "session", 1),
    (RedirectLoop("pair"), "redirect", 9),  # the demo org counts the returns to the report's own address
    (RedirectLoop("self"), "redirect", 18),
    (WrongHost("http://localhost:9"), "redirect", 3),
    (IdentityVerification("redirect"), "verification", 1),
    (IdentityVerification("script"), "verification", 1),
    (NotFound(), "not-found", 1),
    *[(DataNotAvailable(status), "not-available", 3) for status in (200, 404, 500)],
    *[(NoPermission(status), "no-permission", 1) for status in (200, 403)],
    (Ragged(), "ragged", 3),
    (JsonError(200, "UNKNOWN_EXCEPTION", "An unexpected error occurred"), "json", 2),
    (JsonError(400, "MALFORMED_ID", "bad id"), "http-400", 1),
    (MiddleBox("portal"), "web-page", 2),
    (MiddleBox("cloud-proxy"), "cloud-proxy", 2),
    (ProxyAuthentication(), "proxy", 3),
    (ShortAnswer(b"upstream connect error"), "text", 3),
]
# Each answer that may be better next time, and its reason.
PASSING: list[tuple[Behaviour, str]] = [
    *[(ReportTimeout(0.0, status), f"http-{status}") for status in (500, 502, 504)],
    (GatewayError(502), "http-502"),
    *[(CutMidStream(how, report=GOOD), "cut") for how in CUTS if how != "boundary"],
    (CutMidStream("error-tail", report=Nasty(one_column=True)), "cut"),
    (HardWindow(0.05, Csv(rows=5000, bytes_per_second=100_000)), "cut"),
    *[(Maintenance(form=form), "throttled") for form in ("seconds", "date", "none")],
    *[(Throttle(0, status, after), "throttled") for status in (429, 503) for after in (None, 1)],
    (JsonError(403, "REQUEST_LIMIT_EXCEEDED"), "throttled"),
    (JsonError(200, "REQUEST_LIMIT_EXCEEDED"), "throttled"),
    (JsonError(503, "SERVER_UNAVAILABLE"), "throttled"),
    (ShortAnswer(b""), "empty"),
    (ShortAnswer(b"\r\n \n"), "empty"),
]


@pytest.mark.parametrize(("answer", "reason", "asked"), REFUSALS, ids=lambda value: repr(value)[:60])
@pytest.mark.parametrize("format_name", ["csv", "xls", "xlsx"])
def test_what_is_no_report_fails_by_name_and_harms_no_file(
    answer: Behaviour, reason: str, asked: int, format_name: str, tmp_path: Path
) -> None:
    if format_name != "csv" and reason in ("ragged", "text"):
        reason, asked = "format", 2
    (tmp_path / NAME).write_bytes(b"of yesterday")
    result = download(answer, tmp_path, format=format_name)
    assert result.outcome.status is (Status.SKIPPED if reason == "session" else Status.FAILED)
    assert (result.outcome.reason, result.asked) == (reason, asked)
    assert result.outcome.error
    assert result.file is None
    assert result.leftovers == [NAME]
    assert (tmp_path / NAME).read_bytes() == b"of yesterday"


@pytest.mark.parametrize(("answer", "reason"), PASSING, ids=lambda value: repr(value)[:60])
def test_what_may_be_better_next_time_is_asked_for_again(answer: Behaviour, reason: str, tmp_path: Path) -> None:
    result = download([answer, answer, GOOD], tmp_path)
    assert (result.outcome.status, result.asked) == (Status.DONE, 3)
    assert [attempt.reason for attempt in result.outcome.attempts] == [reason, reason, ""]
    assert result.file == GOOD.data()
    assert not result.leftovers


@pytest.mark.parametrize(("answer", "reason"), PASSING, ids=lambda value: repr(value)[:60])
def test_what_never_gets_better_ends_where_the_user_wants_it(answer: Behaviour, reason: str, tmp_path: Path) -> None:
    result = download(answer, tmp_path, policy=FOUR_TRIES)
    assert (result.outcome.status, result.outcome.reason, result.asked) == (Status.FAILED, reason, 4)
    assert not result.leftovers


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_a_pause_that_the_server_asks_for_is_kept_and_told_to_everybody(how: Any, tmp_path: Path) -> None:
    room = Room()
    download([Maintenance(seconds=30, form=how), GOOD], tmp_path, room)
    error = room.left[0]
    assert isinstance(error, TransientError)
    assert error.slow_down
    assert error.retry_after_seconds is not None
    assert 25 < error.retry_after_seconds <= 30
    assert room.pauses[0] >= error.retry_after_seconds
    assert room.left[1] is None


def test_the_cookie_alone_opens_an_org_that_refuses_two_credentials(tmp_path: Path) -> None:
    assert download(TwoCredentials(GOOD), tmp_path).file == GOOD.data()


def test_a_session_that_dies_midway_is_renewed_and_costs_no_attempt(tmp_path: Path) -> None:
    with DemoOrg({ID: [SessionDies(), GOOD]}) as org:

        def login() -> str:
            org.admit(DEMO_SID + "2")
            return DEMO_SID + "2"

        room = Room(logins=[login])
        outcome = transfer(org, tmp_path, room)
        assert (outcome.status, len(outcome.attempts)) == (Status.DONE, 1)
        assert [request.sid for request in org.requests] == [DEMO_SID, DEMO_SID + "2"]


def test_a_report_that_refuses_every_session_fails_alone(tmp_path: Path) -> None:
    result = download(IpLock("192.0.2.1"), tmp_path, Room(logins=[lambda: DEMO_SID] * 10))
    assert (result.outcome.status, result.outcome.reason, result.asked) == (Status.FAILED, "session-refused", 5)


def test_a_stopped_run_leaves_nothing_of_a_report(tmp_path: Path) -> None:
    result = download(GOOD, tmp_path, Room(stopped=True))
    assert (result.outcome.status, result.asked) == (Status.CANCELLED, 1)
    assert not result.leftovers


def test_a_deadline_ends_the_waiting_and_names_the_last_failure(tmp_path: Path) -> None:
    policy = RetryPolicy(deadline_at=time.time() + 20)
    result = download([GatewayError(), Maintenance(seconds=60), GOOD], tmp_path, policy=policy)
    assert (result.outcome.status, result.outcome.reason, result.asked) == (Status.FAILED, "deadline", 2)
    assert "asked for a pause" in result.outcome.error
