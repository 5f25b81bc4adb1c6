"""What a request for a report looks like, before it reaches any wire."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from sfr.connector import Session, Tools
from sfr.model import Report
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.source import Salesforce

ORIGIN = "https://acme.my.salesforce.com"
ANSWER = b'"Name"\n"Ada"\n\n\n"Sales"\n"Acme"\n'


class Lines:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes | memoryview, /) -> int:
        self.data += data
        return len(data)


def ask(report: Report) -> responses.Call:
    source = Salesforce(SalesforceConfig(domain=ORIGIN), Tools("salesforce", lambda: Session("00Dmade!up", 1)))
    with responses.RequestsMock() as wire:
        wire.get(f"{ORIGIN}/{report.ref}", body=ANSWER, content_type="text/csv")
        into = Lines()
        source.fetch(report, into)
        assert into.data == b'"Name"\n"Ada"\n'
        return wire.calls[0]


def test_a_report_is_asked_for_with_the_defaults_of_the_export() -> None:
    url = urlsplit(str(ask(Report("a.csv", "00O5g00000Ky9PfEAJ")).request.url))
    assert url.path == "/00O5g00000Ky9PfEAJ"
    assert parse_qsl(url.query) == [("isdtp", "p1"), ("export", "1"), ("enc", "UTF-8"), ("xf", "csv")]


def test_params_of_the_list_replace_defaults_and_unknown_ones_pass_through_with_their_slashes() -> None:
    report = Report("a.csv", "00O5g00000Ky9PfEAJ", params=(("enc", "ISO-8859-1"), ("pv1", "4/1/2019"), ("export", "")))
    query = urlsplit(str(ask(report).request.url)).query
    assert query == "isdtp=p1&xf=csv&enc=ISO-8859-1&pv1=4/1/2019&export="


@pytest.mark.parametrize("name", ["Authorization", "X-SFDC-Session"])
def test_the_cookie_alone_authenticates(name: str) -> None:
    headers = ask(Report("a.csv", "00O5g00000Ky9PfEAJ")).request.headers
    assert headers["Cookie"] == "sid=00Dmade!up"
    assert name not in headers
