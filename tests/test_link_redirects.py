from __future__ import annotations

import pytest

from sfr.errors import ReportError
from sfr.sources.link.asking import Ask, _redirected
from tests.links import CSV, LOGIN_PAGE, failure, fetch, report
from tests.servers.files import FileServer, Reply
from tests.wire import Wire, response

TOKEN = "tok-en-5678"


def to(location: str, status: int = 302) -> Reply:
    return Reply(b"moved", status, {"Location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["b", "/b", "{url}/b", "./x/../b", "/b#top"])
def test_a_redirect_is_followed_with_the_credentials_at_the_same_place(status: int, location: str) -> None:
    with FileServer(b=Reply(CSV)) as server:
        server.put("a", to(location.format(url=server.url), status))
        tray, _ = fetch("a", url=server.url, bearer_token=TOKEN)
        assert bytes(tray.data) == CSV
        assert [asked.headers["Authorization"] for asked in server.asked] == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_secret_and_no_header_of_ours_reaches_another_host(status: int) -> None:
    with FileServer(b=Reply(CSV, headers={"Set-Cookie": "other=1"})) as there, FileServer() as here:
        here.put("a", Reply(b"", status, {"Location": f"{there.url}/b?sig=1", "Set-Cookie": "mine=1; Path=/a"}))
        wanted = report("a", headers={"X-Report": "r"})
        tray, _ = fetch(wanted, url=here.url, username="u", password=TOKEN, headers={"X-Key": TOKEN, "Cookie": TOKEN})
        assert bytes(tray.data) == CSV
        assert here.asked[0].headers["X-Key"] == TOKEN
        arrived = there.asked[0]
    assert not {"authorization", "x-key", "x-report", "cookie"} & {name.lower() for name in arrived.headers}
    assert TOKEN not in str(arrived.headers)
    assert arrived.query == [("sig", "1")]


def test_what_was_dropped_stays_dropped_on_the_way_back() -> None:
    with FileServer(c=Reply(CSV)) as here, FileServer(b=to(f"{here.url}/c")) as there:
        here.put("a", to(f"{there.url}/b"))
        fetch("a", url=here.url, bearer_token=TOKEN)
        assert "Authorization" in here.asked[0].headers
        assert "Authorization" not in here.asked[1].headers


def test_credentials_are_not_sent_to_another_port_of_the_host() -> None:
    with FileServer(a=Reply(b"", 401)) as there, FileServer(a=to(f"{there.url}/a")) as here:
        error = failure("a", url=here.url, bearer_token=TOKEN)
        assert "Authorization" not in there.asked[0].headers
    assert isinstance(error, ReportError)  # not the source's credentials were refused: they were not shown


@pytest.mark.parametrize(
    "location",
    ["/login", "/login?next=%2Fa", "/users/sign_in", "/saml2/idp?x=1", "/accounts/login/", "http://login.h.example/x"],
)
def test_a_redirect_to_a_login_is_never_followed(location: str) -> None:
    with FileServer(a=to(location), login=Reply(LOGIN_PAGE)) as server:
        error = failure(f"{server.url}/a")
        assert len(server.asked) == 1
    assert error.reason == "login"
    assert "next" not in error.message


def test_a_file_may_lie_in_a_folder_that_is_called_login() -> None:
    with FileServer(**{"login/a.csv": to("/login/b.csv"), "login/b.csv": Reply(CSV)}) as server:
        assert bytes(fetch(f"{server.url}/login/a.csv")[0].data) == CSV


@pytest.mark.parametrize(("steps", "good"), [(5, True), (6, False)])
def test_five_redirects_are_followed_and_no_more(steps: int, good: bool) -> None:
    with FileServer() as server:
        for number in range(steps):
            server.put(f"a{number}", to(f"/a{number + 1}"))
        server.put(f"a{steps}", Reply(CSV))
        if good:
            fetch(f"{server.url}/a0")
        else:
            assert failure(f"{server.url}/a0").reason == "redirect"
        assert len(server.asked) == 6


@pytest.mark.parametrize(
    "location", ["", "http://[", "ftp://127.0.0.1/a", "file:///etc/passwd", "http://h:99999/", "//"]
)
def test_a_redirect_to_nowhere_costs_this_report_only(location: str) -> None:
    with FileServer(a=to(location)) as server:
        error = failure(f"{server.url}/a")
    assert (error.reason, error.scope) == ("redirect", "job")


def test_https_is_not_left_for_http() -> None:
    with pytest.raises(ReportError) as caught:
        _redirected(Ask("GET", "https://h.example/a", {"Authorization": "x"}), 302, "http://h.example/a")
    assert "https to http" in caught.value.message


@pytest.mark.parametrize(
    ("status", "method", "body"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"{}"), (308, "POST", b"{}")]
)
def test_a_post_is_repeated_only_where_the_status_says_so(status: int, method: str, body: bytes) -> None:
    with FileServer(a=to("/b", status), b=Reply(CSV)) as server:
        fetch(report(f"{server.url}/a", payload={}))
        assert (server.asked[1].method, server.asked[1].body) == (method, body)


@pytest.mark.parametrize("status", [302, 307])
def test_a_body_is_not_sent_to_another_host(status: int) -> None:
    with FileServer(b=Reply(CSV)) as there, FileServer(a=to(f"{there.url}/b", status)) as here:
        wanted = report(f"{here.url}/a", payload={"a": "for here only"})
        if status == 307:
            assert failure(wanted).reason == "redirect"
            assert not there.asked
        else:
            fetch(wanted)
            assert (there.asked[0].method, there.asked[0].body) == ("GET", b"")


def test_a_place_written_in_utf8_is_found() -> None:
    moved = response(b"", status="302 Found").replace(b"\r\n\r\n", "\r\nLocation: /ü b.csv\r\n\r\n".encode())
    with Wire(moved, response(CSV)) as wire:
        fetch(f"{wire.url}/a")
        assert wire.heads[1].startswith("GET /%C3%BC%20b.csv ")


def test_a_cookie_that_was_set_on_the_way_goes_back_to_its_host() -> None:
    with FileServer(b=Reply(CSV)) as server:
        server.put("a", Reply(b"", 302, {"Location": "/b", "Set-Cookie": "seen=1"}))
        fetch(f"{server.url}/a")
        assert server.asked[1].headers["Cookie"] == "seen=1"
