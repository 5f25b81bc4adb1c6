"""Links that fetch a file without further rights: for how long, and what is said where that is not as long as asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sfr.destinations.s3.client import Access
from sfr.destinations.s3.destination import S3
from sfr.destinations.s3.links import link_to
from sfr.errors import DeliveryError
from tests.buckets import parcel, settings_for
from tests.servers.small_s3 import SmallS3

DAY_SECONDS = 24 * 3600


@pytest.fixture
def server() -> Iterator[SmallS3]:
    with SmallS3() as running:
        yield running


def test_a_link_lives_a_day_and_is_signed_in_the_new_way(server: SmallS3, tmp_path: Path) -> None:
    (told,) = S3(settings_for(server.url)).deliver([parcel(tmp_path, b"a\n1\n")])
    query = parse_qs(urlsplit(told.link).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == [str(DAY_SECONDS)]
    assert "/us-east-1/s3/" in query["X-Amz-Credential"][0]
    assert told.link_expires_at == pytest.approx(time.time() + DAY_SECONDS, abs=60)
    assert told.warnings == ()


def test_a_browser_saves_the_file_under_its_own_name(server: SmallS3, tmp_path: Path) -> None:
    (told,) = S3(settings_for(server.url)).deliver([parcel(tmp_path, b"a\n1\n", 'Umsätze/M"ärz;1.csv')])
    (wanted,) = parse_qs(urlsplit(told.link).query)["response-content-disposition"]
    assert wanted == "attachment; filename=\"M__rz;1.csv\"; filename*=UTF-8''M%22%C3%A4rz%3B1.csv"


def test_where_no_links_are_wanted_there_is_none(server: SmallS3, tmp_path: Path) -> None:
    destination = S3(settings_for(server.url, link_seconds=0))
    (told,) = destination.deliver([parcel(tmp_path, b"a\n1\n")])
    assert (told.link, told.link_expires_at) == ("", None)
    renewed = destination.link(replace(told, link="old", link_expires_at=1.0))
    assert (renewed.link, renewed.link_expires_at) == ("", None)


def test_a_link_to_what_has_gone_is_refused_and_one_to_what_has_changed_says_so(
    server: SmallS3, tmp_path: Path
) -> None:
    destination = S3(settings_for(server.url))
    (told,) = destination.deliver([parcel(tmp_path, b"a\n1\n")])
    destination.deliver([parcel(tmp_path, b"a\n2\n")])
    assert "another file" in destination.link(told).warnings[0]
    server.objects.clear()
    with pytest.raises(DeliveryError) as raised:
        destination.link(told)
    assert raised.value.reason == "gone"


def test_a_renewed_link_leads_to_the_bucket_that_the_file_went_to(server: SmallS3, tmp_path: Path) -> None:
    (told,) = S3(settings_for(server.url)).deliver([parcel(tmp_path, b"a\n1\n")])
    moved = S3(settings_for(server.url, bucket="another"))
    assert urlsplit(moved.link(told).link).path == "/reports/a.csv"


def test_a_link_made_with_temporary_keys_of_unknown_end_says_that_it_may_die_sooner(server: SmallS3) -> None:
    access = Access(settings_for(server.url, session_token="a-token"))
    link = link_to(access, "reports", "a.csv", DAY_SECONDS)
    assert "temporary credentials" in link.warnings[0]
    assert link.expires_at == pytest.approx(time.time() + DAY_SECONDS, abs=60)


@pytest.mark.skipif(os.name == "nt", reason="the program that gives the keys is a shell script here")
@pytest.mark.parametrize(("seconds", "dies_first"), [(DAY_SECONDS, True), (60, False)])
def test_a_link_dies_with_the_temporary_keys_it_was_made_with(
    server: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, dies_first: bool
) -> None:
    """As a company's login tool gives them: a program that writes keys and when they end."""
    ends_at = int(time.time()) + 3600
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends_at))
    program = tmp_path / "login.sh"
    keys = f'"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "{when}"'
    program.write_text(f"#!/bin/sh\necho '{{\"Version\": 1, {keys}}}'\n")
    program.chmod(0o700)
    config = tmp_path / "config"
    config.write_text(f"[profile temporary]\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    settings = settings_for(
        server.url, access_key_id=None, secret_access_key=None, profile="temporary", link_seconds=seconds
    )
    (told,) = S3(settings).deliver([parcel(tmp_path, b"a\n1\n")])
    assert bool(told.warnings) is dies_first
    if dies_first:
        assert told.link_expires_at == ends_at
        assert f"{when[:10]} at {when[11:16]} UTC" in told.warnings[0]
