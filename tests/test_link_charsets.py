from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import InvalidReport
from sfr.sources.link.charsets import Converted, Guessed, Kept, declared_charset, text_of, wide_charset
from tests.links import failure, fetch, report
from tests.servers.files import FileServer, Reply

TEXT = "id,name\n1,Zoë\n2,naïve €5\n"
KIND = "text/csv; charset="


def came(body: bytes, kind: str = "text/csv", **options: object) -> tuple[bytes, tuple[str, ...]]:
    with FileServer(a=Reply(body, headers={"Content-Type": kind})) as server:
        tray, fetched = fetch(report(f"{server.url}/a", **options))
    return bytes(tray.data), fetched.warnings


@pytest.mark.parametrize(
    ("charset", "kind", "words"),
    [
        ("utf-8", "text/csv", ""), ("utf-8", KIND + "utf-8", ""), ("utf-8-sig", "text/csv", ""),
        ("utf-8", KIND + "iso-8859-1", ""), ("cp1252", "text/csv", "probably in Windows-1252"),
        ("cp1252", KIND + "UTF-8", "probably in Windows-1252"),
        ("cp1252", KIND + '"windows-1252"', "cp1252, as announced"),
        ("cp1252", KIND + "nonsense", "probably"), ("cp1252", KIND + "base64", "probably"),
        ("gb18030", KIND + "gb18030", "gb18030"),
    ],
)  # fmt: skip
def test_the_bytes_of_a_text_stay_as_they_are(charset: str, kind: str, words: str) -> None:
    body = TEXT.encode(charset)
    found, warnings = came(body, kind)
    assert found == body
    assert len(warnings) == bool(words)
    assert words in " ".join(warnings)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("address", ["a", "a.json"])
def test_a_text_of_wide_characters_becomes_utf8_with_a_warning(charset: str, address: str) -> None:
    text = TEXT if address == "a" else '{"name": "Zoë"}'
    with FileServer() as server:
        tray, fetched = fetch(server.put(address, Reply(text.encode(charset))))
    if charset == "utf-8-sig":
        assert bytes(tray.data) == text.encode(charset)
    else:
        assert bytes(tray.data) == text.encode()
        assert "UTF-" in fetched.warnings[0]


def test_a_wide_text_that_is_cut_inside_a_character_is_refused() -> None:
    with FileServer(a=Reply(TEXT.encode("utf-16")[:-1])) as server:
        assert failure(f"{server.url}/a").reason == "charset"


@pytest.mark.parametrize(
    ("charset", "kind", "options"),
    [
        ("cp1252", "text/csv", {"to_utf8": True}), ("cp1252", KIND + "utf-8", {"to_utf8": True}),
        ("utf-8", "text/csv", {"to_utf8": True}), ("utf-8", KIND + "iso-8859-1", {"to_utf8": True}),
        ("cp1252", KIND + "iso-8859-1", {"to_utf8": True}), ("cp1252", "text/csv", {"charset": "cp1252"}),
        ("gb18030", KIND + "gb18030", {"to_utf8": True}), ("gb18030", KIND + "utf-8", {"charset": "gb18030"}),
        ("utf-16-le", "text/csv", {"charset": "utf-16-le"}), ("utf-8", "text/csv", {"charset": "utf-8"}),
        ("utf-16", "text/csv", {"charset": "utf-16"}), ("utf-16", "text/csv", {"to_utf8": True}),
    ],
)  # fmt: skip
def test_a_text_is_converted_where_that_is_asked_for(charset: str, kind: str, options: dict[str, object]) -> None:
    assert came(TEXT.encode(charset), kind, **options)[0] == TEXT.encode()


def test_a_text_that_is_not_in_the_encoding_that_was_named_is_refused() -> None:
    with FileServer(a=Reply(TEXT.encode("cp1252")), b=Reply("a,ü\n".encode() + b"b,\xfc\n")) as server:
        for wanted in (report(f"{server.url}/a", charset="utf-8"), report(f"{server.url}/b", to_utf8=True)):
            error = failure(wanted)
            assert isinstance(error, InvalidReport)
            assert error.reason == "charset"
            assert "charset" in error.remedy


def test_other_files_are_converted_only_where_that_is_asked_for() -> None:
    body = TEXT.encode("cp1252")
    with FileServer(**{"a.txt": Reply(body)}) as server:
        tray, fetched = fetch(f"{server.url}/a.txt")
        assert (bytes(tray.data), fetched.warnings) == (body, ())
        assert bytes(fetch(report(f"{server.url}/a.txt", to_utf8=True))[0].data) == TEXT.encode()


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("text/csv; charset=UTF-8", "utf-8"), ('text/csv;charset="latin1"', "iso8859-1"), ("text/csv", ""), ("", ""),
        ("text/csv; charset=", ""), ("text/csv; charset=none-such", ""), ("; charset=utf8", "utf-8"),
    ],
)  # fmt: skip
def test_the_charset_is_read_from_the_type(kind: str, found: str) -> None:
    assert declared_charset(kind) == found


@pytest.mark.parametrize(
    "body", [b"", b"a", b"a\0", b"a\0\0\0b\0\0\0", b"\0\0\0\0\0\0", b"id,name\n\0\0\0\0", bytes(range(200))]
)
def test_zeros_alone_make_no_wide_text(body: bytes) -> None:
    assert wide_charset(body, "") == ""


@given(st.text(min_size=1), st.integers(1, 7), st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-32", "shift_jis"]))
def test_conversion_does_not_depend_on_how_the_bytes_arrive(text: str, size: int, charset: str) -> None:
    body = text.encode(charset, "replace")
    wanted = body.decode(charset)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert b"".join(Converted(charset).passing(iter(pieces))).decode() == wanted
    kept = Kept("")
    assert b"".join(kept.passing(iter(pieces))) == body
    try:
        body.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert bool(kept.warnings) is not valid


@given(st.text(min_size=1), st.integers(1, 7))
def test_a_guess_does_not_depend_on_how_the_bytes_arrive(text: str, size: int) -> None:
    body = text.encode()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert b"".join(Guessed("cp1252").passing(iter(pieces))) == body
    western = "".join(character for character in text if character < "\x80") + "é"
    old = western.encode("cp1252")
    pieces = [old[start : start + size] for start in range(0, len(old), size)]
    assert b"".join(text_of(b"id", "", "", True).passing(iter(pieces))).decode() == western
