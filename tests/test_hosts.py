"""What people write as their org's address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.sources.salesforce.hosts import is_loopback, my_domain_origin

ACME = "https://acme.my.salesforce.com"
SANDBOX = "https://acme--dev.sandbox.my.salesforce.com"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (ACME, ACME),
        (f" {ACME}/ ", ACME),
        (f'"{ACME}"', ACME),
        ("acme.my.salesforce.com", ACME),
        ("ACME.My.Salesforce.com.", ACME),
        (f"{ACME}:443", ACME),
        (f"{ACME}/00O5g00000DemoAEAR?export=1#x", ACME),
        (SANDBOX, SANDBOX),
        ("na30.salesforce.com", "https://na30.salesforce.com"),
        ("acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000/x", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_a_good_host_is_taken_without_a_notice(text: str, origin: str) -> None:
    assert my_domain_origin(text) == (origin, None)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("acme.lightning.force.com", ACME),
        ("acme--dev.sandbox.lightning.force.com", SANDBOX),
        ("acme.develop.lightning.force.com", "https://acme.develop.my.salesforce.com"),
        ("acme.lightning.pc-rnd.force.com", "https://acme.my.pc-rnd.salesforce.com"),
        ("acme--c.vf.force.com", ACME),
        ("acme--dev--c.sandbox.vf.force.com", SANDBOX),
        ("acme--c.na30.visual.force.com", ACME),
        ("acme--dev--c.cs12.visual.force.com", "https://acme--dev.my.salesforce.com"),
        ("acme--c.visual.force.com", ACME),
        ("c.na30.visual.force.com", "https://na30.salesforce.com"),
        ("acme.my.salesforce-setup.com", ACME),
        ("acme.my.salesforce.com.mcas.ms", ACME),
        ("acme.lightning.force.com.mcas.ms", ACME),
    ],
)
def test_the_host_of_another_page_is_turned_into_my_domain_with_a_notice(host: str, origin: str) -> None:
    assert my_domain_origin(f"https://{host}/lightning/page/home") == (
        origin,
        f"https://{host} was changed to {origin}",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("http://acme.my.salesforce.com", "plain http"),
        ("http://acme.lightning.force.com", "plain http"),
        ("ftp://acme.my.salesforce.com", "no web address"),
        ("https://", "no web address"),
        ("https://[acme", "no web address"),
        ("https://acme.my.salesforce.com:99999", "no web address"),
        ("a b.my.salesforce.com", "no web address"),
        (".my.salesforce.com", "no web address"),
        ("acme", "only a name"),
        ("login.salesforce.com", "belongs to every org"),
        ("https://test.salesforce.com", "belongs to every org"),
        ("salesforce.com", "belongs to every org"),
        ("my.salesforce.com", "belongs to every org"),
        ("acme.my.salesfroce.com", "no host of a Salesforce org"),
        ("acme.my.salesforce.com.evil.example", "no host of a Salesforce org"),
        ("evilsalesforce.com", "no host of a Salesforce org"),
        ("acme.my.site.com", "no host of a Salesforce org"),
        ("acme.my.salesforce.com:8443", "no port 8443"),
    ],
)
def test_a_wrong_host_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        my_domain_origin(text)
    assert "https://" in caught.value.remedy


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        my_domain_origin("https://me:hunter2@acme.my.salesforce.com")
    assert "hunter2" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "localhost.example", "127.0.0.1.example"])
def test_only_this_machine_is_loopback(host: str) -> None:
    assert not is_loopback(host)


@given(st.text(max_size=40))
def test_any_text_becomes_an_origin_or_a_config_error(text: str) -> None:
    try:
        origin, _ = my_domain_origin(text)
    except ConfigError:
        return
    assert my_domain_origin(origin) == (origin, None)
