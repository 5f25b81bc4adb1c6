"""A real Superset: who gets in, who may have what, and what there is to be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sfr.connector import Door, Expanding, HavingOptions, Listing, Referring, SigningIn
from sfr.errors import AuthError, ConfigError, ReportError, SfrError
from sfr.sources.superset.source import Superset
from tests.servers import superset
from tests.superset_fetching import Fetching, Nobody, config_of, rows_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[superset.Superset]:
    with superset.running(tmp_path_factory.mktemp("superset")) as found:
        yield found


def test_the_source_fulfils_the_further_protocols(server: superset.Superset) -> None:
    source = Fetching(server.url).source
    assert all(isinstance(source, kind) for kind in (Referring, HavingOptions, SigningIn, Listing, Expanding))
    source.check()


@pytest.mark.parametrize(
    ("settings", "kind", "remedy"),
    [
        ({"password": "wrong-one"}, AuthError, "Check username and password"),
        ({"username": "stranger"}, AuthError, "Check username and password"),
        ({"provider": "ldap"}, ConfigError, "Set provider"),
        ({"api_key": "sst_wrong-one"}, AuthError, "api_key"),
    ],
)
def test_a_refused_login_names_the_setting_and_no_secret(
    server: superset.Superset, settings: dict[str, Any], kind: type[SfrError], remedy: str
) -> None:
    config = config_of(server.url, **settings)
    with pytest.raises(kind) as caught:
        Superset.sign_in(config, Door("", Nobody()))
    assert remedy in caught.value.remedy
    assert "wrong-one" not in f"{caught.value} {caught.value.remedy} {config!r}"


def test_an_address_without_superset_is_a_wrong_setting(server: superset.Superset) -> None:
    with pytest.raises(ConfigError, match="no Superset at this address"):
        Superset.sign_in(config_of(f"{server.url}/elsewhere"), Door("", Nobody()))


def test_a_session_is_refreshed_and_only_then_made_anew(server: superset.Superset) -> None:
    fetching = Fetching(server.url)
    first = fetching.session.value
    fetching.renew()
    assert fetching.session.value != first
    fetching.source.check()
    Superset.sign_in(fetching.config, Door('{"access": "x", "refresh": "broken"}', Nobody()))


def test_a_session_that_is_none_is_dead(server: superset.Superset) -> None:
    fetching = Fetching(server.url)
    for value in ("", "no json", '{"access": "abc"}', '{"access": "' + "a." * 3 + '"}'):
        fetching.session = type(fetching.session)(value, 1)
        with pytest.raises(AuthError):
            fetching.source.check()


def test_an_api_key_opens_charts(server: superset.Superset) -> None:
    fetching = Fetching(server.url, api_key=server.api_key())
    fetching.source.check()
    assert len(rows_of(fetching.once(server.ids["small"])[1])) == 121


def test_a_reader_gets_what_it_may_read(server: superset.Superset) -> None:
    assert len(rows_of(Fetching(server.url, "reader").once(server.ids["small"])[1])) == 121


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [("looker", "no-permission", "can csv"), ("nobody", "not-found", "under the same account")],
)
def test_missing_rights_are_told_with_what_to_ask_for(
    server: superset.Superset, name: str, reason: str, words: str
) -> None:
    with pytest.raises(ReportError) as caught:
        Fetching(server.url, name).once(server.ids["small"])
    assert caught.value.reason == reason
    assert words in caught.value.remedy


def test_a_payload_on_foreign_data_names_the_missing_access(server: superset.Superset) -> None:
    asked = {"datasource": {"id": server.ids["dataset"], "type": "table"}, "queries": [{"columns": ["id"]}]}
    with pytest.raises(ReportError, match="no permission for the data"):
        Fetching(server.url, "nobody").once("data", payload=asked)


def test_dashboards_and_charts_are_listed_and_searched(server: superset.Superset) -> None:
    source = Fetching(server.url).source
    found = list(source.list_reports(""))
    assert found[0].ref == f"dashboard:{server.ids['board']}"
    assert [one.name for one in found[1:]] == sorted(one.name for one in found[1:])
    assert len(found) == 10
    assert [(one.name, one.folder) for one in source.list_reports("PIV")] == [("pivot", "Orders board")]
    assert list(source.list_reports("it's !there")) == []


@pytest.mark.parametrize("text", ["dashboard:orders-board", "/superset/dashboard/1/?native_filters_key=abc"])
def test_a_dashboard_stands_for_its_charts_with_its_own_options(server: superset.Superset, text: str) -> None:
    fetching = Fetching(server.url)
    report = fetching.report(text, values="shown")
    found = list(fetching.source.expand(report))
    assert report.many
    assert [listed.name for listed, _ in found] == ["small", "pivot"]
    assert [reference.options for _, reference in found] == [{"values": "shown"}] * 2
    with pytest.raises(ReportError, match="no rows of its own"):
        fetching.once(text)
