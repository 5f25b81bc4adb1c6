from __future__ import annotations

import pytest

from sfr.connector import HavingOptions, Listing, Reference, ReferenceProblem, Referring, SigningIn, Wanted
from sfr.sources.link.addresses import joined, may_follow_with_secrets, quoted, shown
from sfr.sources.link.source import Link
from tests.links import CSV, failure, fetch, link, report
from tests.servers.files import Asked, FileServer, Reply

BASE = "https://files.acme.example/exports"


def read(text: str, **options: object) -> Reference:
    return Link.read_reference(Wanted(text, options=options))


def test_it_understands_addresses_and_has_options_and_neither_lists_nor_signs_in() -> None:
    assert isinstance(link(), Referring)
    assert isinstance(link(), HavingOptions)
    assert not isinstance(link(), Listing)
    assert not isinstance(link(), SigningIn)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://h.example/a.csv", "csv"), ("https://h.example/a.csv?x=1.json", "csv"), ("https://h.example/", "csv"),
        ("https://h.example", "csv"), ("https://h.example/export.php?id=7", "csv"), ("https://h.example/a.tsv", "csv"),
        ("https://h.example/a.csv.gz", "csv"), ("https://h.example/a.zip", "csv"), ("a.JSON", "json"),
        ("https://h.example/a.json.zst", "json"), ("a/b.xlsx", "xlsx"), ("b.xls#x", "xls"), ("a.pdf", "file"),
        ("a.tar.gz", "file"), ("a.parquet", "file"), ("v1.2/export", "csv"), ("https://h.json/a", "csv"),
    ],
)  # fmt: skip
def test_the_format_is_what_the_address_ends_with_and_csv_by_default(address: str, found: str) -> None:
    assert read(address).format == found
    assert read(address, format="file").format == "file"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("https://h.example/my file.csv", "https://h.example/my%20file.csv"),
        (" HTTPS://H.example/a.csv ", "https://H.example/a.csv"),
        ("https://h.example/ä.csv?q=ö&r=a b", "https://h.example/%C3%A4.csv?q=%C3%B6&r=a%20b"),
        ("https://h.example/a%20b.csv", "https://h.example/a%20b.csv"),
        ("https://h.example/100%.csv", "https://h.example/100%25.csv"),
        ("https://h.example/a.csv?x={1}|2", "https://h.example/a.csv?x=%7B1%7D%7C2"),
        ("https://[::1]:81/a.csv", "https://[::1]:81/a.csv"),
        ("my file.csv", "my%20file.csv"), ("/root.csv", "/root.csv"), ("a:b.csv", "a:b.csv"), ("?id=1", "?id=1"),
    ],
)  # fmt: skip
def test_odd_characters_are_quoted_once(text: str, ref: str) -> None:
    assert read(text).ref == ref
    assert quoted(ref) == ref


def test_what_follows_a_number_sign_is_left_out_with_a_notice() -> None:
    found = read("https://h.example/a#1.csv")
    assert found.ref == "https://h.example/a"
    assert "%23" in found.notices[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"), ("  ", "empty"), ("ftp://h/a.csv", "ftp:"), ("file:///etc/passwd", "file:"),
        ("javascript:alert(1)", "javascript:"), ("s3://bucket/a.csv", "s3:"), ("//h/a.csv", "no https:"),
        ("https://", "no web address"), ("https:///a.csv", "no web address"), ("https://h:x/a", "no web address"),
        ("https://[::1/a", "no web address"), ("https:\\\\h\\a", "backslash"), ("https://h/a\nb", "control"),
        ("https://u:hunter2pw@h/a.csv", "user or password"), ("https://token123456@h/a.csv", "user or password"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        read(text)
    assert caught.value.column == "id"
    assert words in caught.value.message
    assert caught.value.remedy
    assert "hunter2pw" not in str(caught.value.args)
    assert "token123456" not in str(caught.value.args)


@pytest.mark.parametrize(
    ("ref", "address"),
    [
        ("a.csv", f"{BASE}/a.csv"), ("b/a.csv?x=1", f"{BASE}/b/a.csv?x=1"), ("a:b.csv", f"{BASE}/a:b.csv"),
        ("/a.csv", "https://files.acme.example/a.csv"), ("?x=1", f"{BASE}/?x=1"), ("../a.csv", "https://files.acme.example/a.csv"),
        ("https://h.example/a.csv", "https://h.example/a.csv"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_relative_id_lies_below_the_url_as_in_a_folder(ref: str, address: str, slash: str) -> None:
    assert joined(BASE + slash, ref, ()) == address


def test_params_are_added_to_the_query() -> None:
    pairs = (("from", "2026-01-01"), ("q", "a b&c"), ("q", "ü"))
    assert joined("", "https://h/a?x=1", pairs) == "https://h/a?x=1&from=2026-01-01&q=a+b%26c&q=%C3%BC"
    assert joined("", "https://h/a", (("x", "1"),)) == "https://h/a?x=1"


def test_params_arrive_at_the_server() -> None:
    with FileServer(export=Reply(CSV)) as server:
        fetch(report(f"{server.url}/export?type=a%20b", (("from", "1/2"), ("to", "ü&"))))
        assert server.asked[0].query == [("type", "a b"), ("from", "1/2"), ("to", "ü&")]


def test_nothing_is_shown_of_an_address_that_may_be_secret() -> None:
    assert shown("https://u:p@h/a?key=s#t") == "https://h/a?…"
    assert shown("https://h/a#t") == "https://h/a"


def test_a_relative_id_needs_a_url_and_another_host_a_permission() -> None:
    assert failure("a.csv").reason == "address"
    with FileServer(a=Reply(CSV)) as here, FileServer(a=Reply(CSV)) as there:
        refused = failure(f"{there.url}/a", url=here.url)
        assert refused.reason == "other-host"
        assert not there.asked
        fetch(f"{there.url}/a", url=here.url, allow_other_hosts=True, bearer_token="tok-en-123")
        assert "Authorization" not in there.asked[0].headers
        tray, _ = fetch("a", url=here.url)
        assert bytes(tray.data) == CSV


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        (("https", "h", 443), ("https", "h", 443), True), (("http", "h", 80), ("https", "h", 443), True),
        (("http", "h", 80), ("https", "g", 443), False), (("http", "h", 8080), ("https", "h", 443), False),
        (("https", "h", 443), ("http", "h", 80), False), (("https", "h", 443), ("https", "h", 8443), False),
        (("https", "h", 443), ("https", "g.h", 443), False),
    ],
)  # fmt: skip
def test_secrets_stay_at_their_origin(
    before: tuple[str, str, int], after: tuple[str, str, int], followed: bool
) -> None:
    assert may_follow_with_secrets(before, after) is followed


@pytest.mark.parametrize(
    ("options", "method", "body", "kind"),
    [
        ({}, "GET", b"", None),
        ({"method": "POST"}, "POST", b"", None),
        ({"payload": {"from": [1, None, "ü"]}}, "POST", b'{"from": [1, null, "\\u00fc"]}', "application/json"),
        ({"payload": []}, "POST", b"[]", "application/json"),
        ({"form": {"a": "b c", "d": "ü"}}, "POST", b"a=b+c&d=%C3%BC", "application/x-www-form-urlencoded"),
        ({"body": "SELECT 'ü'"}, "POST", "SELECT 'ü'".encode(), None),
        ({"body": "x", "headers": {"Content-Type": "text/sql", "X-A": "b"}}, "POST", b"x", "text/sql"),
    ],
)  # fmt: skip
def test_a_report_says_how_to_ask(options: dict[str, object], method: str, body: bytes, kind: str | None) -> None:
    with FileServer(a=Reply(CSV)) as server:
        fetch(report(f"{server.url}/a", **options))
        asked: Asked = server.asked[0]
    assert (asked.method, asked.body, asked.headers.get("Content-Type")) == (method, body, kind)
    if "headers" in options:
        assert asked.headers["X-A"] == "b"


def test_the_source_can_say_how_to_ask() -> None:
    with FileServer(a=Reply(CSV)) as server:
        fetch("a", url=server.url, method="POST")
        fetch(report("a", method="GET"), url=server.url, method="POST")
        assert [asked.method for asked in server.asked] == ["POST", "GET"]
