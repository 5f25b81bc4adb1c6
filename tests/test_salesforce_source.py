from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sfr.demo.behaviours import Csv, JsonError, RedirectLoop, SsoBounce, WrongHost, Xls
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.errors import AuthError, SfrError, TransientError
from sfr.model import Fetched, Proof, Report
from sfr.sources.salesforce.export import export_url
from tests.surroundings import ID, Room, download, source
from tests.wire import LAST_CHUNK, Wire, chunked, field, response

ORIGIN = "https://acme.my.salesforce.com"
REPORT = Csv(rows=3)


class Basket:
    """Collects what it is given."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, data: bytes | memoryview, /) -> int:
        self.content += data
        return len(data)


def fetched(origin: DemoOrg | str, format_name: str = "csv") -> tuple[Fetched, bytes]:
    basket = Basket()
    with closing(source(origin, Room())) as opened:
        return opened.fetch(Report("a.csv", ID, format=format_name), basket), basket.content


def refusal(origin: DemoOrg | str, format_name: str = "csv") -> SfrError:
    with pytest.raises(SfrError) as caught:
        fetched(origin, format_name)
    return caught.value


def redirect(target: str, status: str = "302 Found", *headers: str) -> bytes:
    return response(b"", f"Location: {target}", *headers, status=status)


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ((), "isdtp=p1&export=1&enc=UTF-8&xf=csv"),
        ((("pv0", "1/4/2019"),), "isdtp=p1&export=1&enc=UTF-8&xf=csv&pv0=1/4/2019"),
        ((("xf", "localecsv"), ("enc", "ISO-8859-1")), "isdtp=p1&export=1&xf=localecsv&enc=ISO-8859-1"),
        ((("export", ""), ("view", "d")), "isdtp=p1&enc=UTF-8&xf=csv&export=&view=d"),
        ((("pv0", "a&b=c d+é"),), "isdtp=p1&export=1&enc=UTF-8&xf=csv&pv0=a%26b%3Dc+d%2B%C3%A9"),
        ((("pv0", "x"), ("pv0", "y")), "isdtp=p1&export=1&enc=UTF-8&xf=csv&pv0=x&pv0=y"),
    ],
)
def test_params_of_the_list_replace_defaults_and_the_rest_is_added(params: Any, query: str) -> None:
    assert export_url(ORIGIN, Report("a.csv", ID, params=params)) == f"{ORIGIN}/{ID}?{query}"


def test_a_report_is_asked_for_with_the_cookie_alone() -> None:
    with DemoOrg({ID: REPORT}) as org:
        facts, content = fetched(org)
        (asked,) = org.requests
    assert content == REPORT.data()
    assert facts.proof is Proof.FOOTER
    assert facts.trailer == REPORT.trailer()
    assert len(facts.request_id) == 32
    assert asked.sid == DEMO_SID
    assert "authorization" not in asked.headers


def test_an_error_carries_the_servers_name_of_the_answer() -> None:
    with DemoOrg({}) as org:
        assert len(refusal(org).request_id) == 32


@pytest.mark.parametrize("hops", [1, 5])
def test_redirects_within_the_org_are_followed_five_times(hops: int) -> None:
    body = chunked(REPORT.body()) + LAST_CHUNK
    steps = [redirect(f"/hop{number}", "307 Temporary", "Set-Cookie: door=open; path=/") for number in range(hops)]
    with Wire(*steps, body) as wire:
        assert fetched(wire.url)[1] == REPORT.data()
    assert [head.split(" ")[1] for head in wire.heads[1:]] == [f"/hop{number}" for number in range(hops)]
    assert field(wire.heads[-1], "Cookie").split("; ") == [f"sid={DEMO_SID}", "door=open"]


@pytest.mark.parametrize("how", ["pair", "self"])
def test_a_sixth_redirect_is_not_followed(how: Any) -> None:
    with DemoOrg({ID: RedirectLoop(how)}) as org:
        error = refusal(org)
        assert len(org.requests) == 6
    assert (error.reason, error.max_attempts) == ("redirect", 3)


def test_another_host_never_sees_the_cookie_nor_a_request() -> None:
    with DemoOrg({}) as stranger, DemoOrg({}, host="localhost") as alias:
        origins = [stranger.url, alias.url, stranger.url.replace("127.0.0.1", "someone@127.0.0.1")]
        for origin in [*origins, "https:" + stranger.url[5:], f"//{stranger.host}", "\\\\" + stranger.host]:
            with DemoOrg({ID: WrongHost(origin)}) as org:
                refusal(org)
        assert not stranger.requests
        assert not alias.requests


def test_a_login_on_another_host_never_sees_the_cookie() -> None:
    with DemoOrg({}) as provider, DemoOrg({ID: SsoBounce(provider.url)}) as org:
        assert isinstance(refusal(org), AuthError)
        assert not provider.requests
        assert [request.sid for request in org.requests] == [DEMO_SID]


@pytest.mark.parametrize("location", ["http://[", "http://[::1", "//", "http://a:b:c/", "mailto:"])
def test_a_redirect_to_no_address_is_transient(location: str) -> None:
    with Wire(redirect(location)) as wire:
        error = refusal(wire.url)
    assert isinstance(error, TransientError)
    assert error.max_attempts == 3


HTML = "Content-Type: text/html;charset=UTF-8"
EXCEL = "Content-Type: application/vnd.ms-excel"
FILE = "Content-Disposition: attachment; filename=report1.xls"
TABLE_PAGE = b"<html><body><table><tr><td>Welcome to the guest network</td></tr></table></body></html>"


@pytest.mark.parametrize("header", [EXCEL, FILE])
def test_a_table_that_is_sent_as_a_file_is_an_xls_whatever_its_cells_say(header: str) -> None:
    table = TABLE_PAGE.replace(b"Welcome", b"Insufficient Privileges, Data Not Available, login.salesforce.com")
    with Wire(response(table, header)) as wire:
        assert fetched(wire.url, "xls")[1] == table


def test_a_page_with_a_table_is_no_xls() -> None:
    with Wire(response(TABLE_PAGE, HTML)) as wire:
        assert refusal(wire.url, "xls").reason == "web-page"


@pytest.mark.parametrize(
    ("format_name", "content"),
    [("xls", REPORT.body()), ("xlsx", REPORT.body()), ("xlsx", Xls().body()), ("xls", b"PK\x03\x04")],
)
def test_another_format_than_was_asked_for_is_tried_twice_and_no_more(format_name: str, content: bytes) -> None:
    with Wire(response(content, FILE)) as wire:
        error = refusal(wire.url, format_name)
    assert error.max_attempts == 2
    assert error.remedy


def test_a_secret_in_a_message_of_the_server_stays_out_of_the_outcome(tmp_path: Path) -> None:
    result = download(JsonError(200, "SOMETHING", f"cookie {DEMO_SID} refused"), tmp_path)
    assert result.outcome.reason == "json"
    assert DEMO_SID not in result.outcome.to_json()
