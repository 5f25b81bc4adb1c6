"""Checks the demo org as a server, in this process and in its own, and the demonstration's plan."""

from __future__ import annotations

import pickle
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, IncompleteRead

import pytest

from sfr.demo import behaviours as b
from sfr.demo.login import log_in
from sfr.demo.org import DEMO_SID, DemoOrg, OrgProcess
from sfr.demo.plan import DEMO_REPORTS, FAULT_REPORTS, plan_of
from tests.demo_client import ID, OTHER, TARGET, get, raw, received, until

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def test_a_connection_is_kept_for_many_reports() -> None:
    with DemoOrg({ID: b.Csv(rows=2), OTHER: b.NoPermission()}) as org:
        connection = HTTPConnection(org.host, timeout=10)
        sockets = set()
        for target in (TARGET, f"/{OTHER}", TARGET, "/"):
            connection.request("GET", target, headers={"Cookie": f"sid={DEMO_SID}"})
            connection.getresponse().read()
            sockets.add(connection.sock)
        connection.close()
        assert len(sockets) == 1


def test_the_log_of_requests_keeps_what_was_sent_and_shows_no_secret() -> None:
    with DemoOrg({ID: b.Csv()}) as org:
        get(org, x_forwarded_for="10.0.0.1")
        request = org.requests[0]
    assert (request.method, request.target, request.path, request.host) == ("GET", TARGET, f"/{ID}", org.host)
    assert (request.sid, request.cookies) == (DEMO_SID, {})
    assert request.headers["x-forwarded-for"] == "10.0.0.1"
    assert abs(request.time - time.time()) < 60
    assert DEMO_SID not in repr(request)


def test_a_hundred_clients_are_served_at_once() -> None:
    report = b.Csv(rows=10, silence_seconds=0.2)
    with DemoOrg({ID: report}) as org, ThreadPoolExecutor(100) as pool:
        bodies = list(pool.map(lambda _: get(org)[1], range(100)))
    assert set(bodies) == {report.body()}


def test_clients_that_leave_cause_no_noise_and_free_their_threads(capfd: pytest.CaptureFixture[str]) -> None:
    with DemoOrg({ID: b.NeverEnds()}) as org:
        before = threading.active_count()
        for _ in range(5):
            with raw(org) as connection:
                connection.recv(1000)
        raw(org).close()
        until(lambda: threading.active_count() <= before)
    assert capfd.readouterr().err == ""


def test_stopping_ends_open_connections_and_frees_the_port() -> None:
    org = DemoOrg({ID: b.NoAnswer(), OTHER: b.NeverEnds()})
    with raw(org) as silent, raw(org, f"/{OTHER}") as blocked:
        idle = HTTPConnection(org.host, timeout=10)
        idle.request("GET", "/")
        idle.getresponse().read()
        assert blocked.recv(10)
        org.stop()
        org.stop()
        assert received(silent) == b""
        idle.close()
    with pytest.raises(ConnectionError):
        get(org)


def _one_of_each() -> Iterator[b.Behaviour]:
    needed: dict[str, tuple[str | float, ...]] = {
        "SsoBounce": ("http://127.0.0.1:1",),
        "WrongHost": ("http://127.0.0.1:1",),
        "IpLock": ("10.0.0.1",),
        "HardWindow": (1.0,),
    }
    for name in b.__all__:
        kind = getattr(b, name)
        if isinstance(kind, type) and issubclass(kind, b.Behaviour) and not kind.__abstractmethods__:
            yield kind(*needed.get(name, ()))


@pytest.mark.parametrize("behaviour", list(_one_of_each()), ids=lambda behaviour: type(behaviour).__name__)
def test_a_behaviour_is_a_value_that_pickles(behaviour: b.Behaviour) -> None:
    assert pickle.loads(pickle.dumps(behaviour)) == behaviour
    assert len({behaviour, behaviour}) == 1


def test_an_org_in_its_own_process_answers_and_takes_orders() -> None:
    report = b.Csv(rows=20)
    with OrgProcess({ID: report}, root="script") as org:
        assert get(org)[1] == report.body()
        org.expire()
        assert b"ec=302" in get(org)[1]
        org.admit("new")
        assert get(org, sid="new")[1] == report.body()
        assert org.count(ID) == 2
        assert [request.sid for request in org.requests()] == [DEMO_SID, DEMO_SID, "new"]
        assert b"ec=302" in get(org, "/", sid="bad")[1]
    with pytest.raises(ConnectionError):
        get(org)


def test_an_org_process_that_cannot_listen_says_so() -> None:
    with DemoOrg({}) as org, pytest.raises(OSError, match="did not start"):
        OrgProcess({}, port=int(org.host.split(":")[1]))


def test_an_org_process_ends_when_its_parent_is_killed() -> None:
    code = (
        "import sys; from sfr.demo.org import OrgProcess as O; o = O({}); print(o.host, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        address, port = parent.stdout.readline().strip().split(":")
        parent.kill()
    until(lambda: not _listens(address, int(port)))


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except ConnectionError:
        return False
    return True


def test_the_demonstration_has_distinct_reports_with_valid_ids() -> None:
    reports = [*DEMO_REPORTS, *FAULT_REPORTS]
    assert len({report.name for report in reports}) == len(reports)
    assert len({report.id[:15].lower() for report in reports}) == len(reports)
    for report in reports:
        assert re.fullmatch(r"00O[0-9A-Za-z]{15}", report.id)
        chunks = (report.id[start : start + 5] for start in (0, 5, 10))
        checksum = "".join(ALPHABET[sum(1 << at for at, letter in enumerate(c) if letter.isupper())] for c in chunks)
        assert report.id[15:] == checksum


@pytest.mark.slow
def test_every_report_of_the_demonstration_arrives_within_four_attempts() -> None:
    """Attempts without pauses, as fast as a client may; a dead session is renewed at the login form."""
    with OrgProcess(plan_of(DEMO_REPORTS)) as org, ThreadPoolExecutor(len(DEMO_REPORTS)) as pool:
        bodies = pool.map(lambda report: _fetch_patiently(org, report.id), DEMO_REPORTS)
        for report, body in zip(DEMO_REPORTS, bodies, strict=True):
            last = report.behaviours[-1]
            assert isinstance(last, b.Export)
            assert body == last.body()
            assert org.count(report.id) == len(report.behaviours)


def _fetch_patiently(org: OrgProcess, report_id: str) -> bytes:
    sid = DEMO_SID
    for _ in range(4):
        try:
            response, body = get(org, f"/{report_id}", sid)
        except IncompleteRead:
            continue
        if b"ec=302" in body[:2000]:
            sid = log_in(org.url)
        elif response.status == 200:
            return body
    raise AssertionError(report_id)
