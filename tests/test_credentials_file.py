"""The encrypted file: what goes in comes out, and whatever was done to it is said and leaves it as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfr.credentials import FILE, Kept
from sfr.credentials.sealing import WrongKey, read_sealed, seal, unseal
from sfr.errors import ConfigError
from tests.credential_places import KEY, NAME, SERVER, credentials

SECRET = "hunter2-s3cret"
PLACE = Path("credentials.sealed")
WRONG = json.dumps({"format": 1, "kept": {"bi.password": {"since": "yesterday", "for": ""}}})
POSIX = pytest.mark.skipif(os.name == "nt", reason="rights are those of the user's folder there")


def kept(*names: str) -> dict[str, Kept]:
    return {name: Kept(name, FILE, "2026-11-21T07:00:00+00:00", SERVER) for name in names}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    credentials(tmp_path).keep(NAME, SERVER, SECRET, may_ask=False)
    return tmp_path / "credentials.sealed"


def refusal(folder: Path, **changes: str) -> ConfigError:
    """What a reader and a writer are told; the file is the same afterwards."""
    path = folder / "credentials.sealed"
    before = path.read_bytes()
    found = credentials(folder, **changes)
    with pytest.raises(ConfigError) as read:
        found.values([NAME])
    with pytest.raises(ConfigError) as written:
        found.keep("other.password", SERVER, "another", may_ask=False)
    assert path.read_bytes() == before
    assert written.value.message in read.value.message
    assert SECRET not in f"{read.value!r} {read.value.remedy}"
    return read.value


@settings(max_examples=6, deadline=None)  # each one makes a key, which is slow on purpose
@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=9), st.text(min_size=1))
def test_any_text_comes_back_with_the_key_and_with_no_other(values: dict[str, str], other: str) -> None:
    sealed = read_sealed(seal(kept(*values), values, KEY), PLACE)
    assert unseal(sealed, KEY, PLACE) == values
    assert sealed.kept == kept(*values)
    if other != KEY:
        with pytest.raises(WrongKey):
            unseal(sealed, other, PLACE)


def test_every_cut_of_the_file_is_told(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for length in range(len(whole)):
        with pytest.raises(ConfigError, match="damaged") as caught:
            read_sealed(whole[:length], sealed)
        assert "left as it is" in caught.value.remedy or "left as it was" in caught.value.remedy


def test_every_changed_byte_of_the_file_is_told(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for place in range(len(whole)):
        for flip in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[place] ^= flip
            with pytest.raises(ConfigError, match=r"damaged|newer sfr"):
                read_sealed(bytes(changed), sealed)


@pytest.mark.parametrize("change", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_never_written_over(sealed: Path, change: str) -> None:
    whole = sealed.read_bytes()
    content = {"cut": whole[:-70], "changed": whole.replace(b"files", b"filet"), "emptied": b""}[change]
    sealed.write_bytes(content)
    assert "damaged" in refusal(sealed.parent).message
    with pytest.raises(ConfigError, match="damaged"):
        credentials(sealed.parent).rotate(KEY)
    with pytest.raises(ConfigError, match="damaged"):
        credentials(sealed.parent).forget(NAME, may_ask=False)
    assert sealed.read_bytes() == content


def test_a_file_of_a_later_sfr_is_left_to_it(sealed: Path) -> None:
    sealed.write_bytes(b"sfr-credentials 2\nwhatever comes then")
    assert "newer sfr (version 2" in refusal(sealed.parent).message


def test_another_key_opens_nothing_and_is_told_apart_from_damage(sealed: Path) -> None:
    error = refusal(sealed.parent, key="another key than it was")
    assert error.message.startswith(f"{NAME} cannot be read: ")
    assert "does not open with the key in SFR_MASTER_KEY" in error.message
    assert "SFR_MASTER_KEY is not set, and there is no key file" in refusal(sealed.parent, key="").message
    assert "too short" in refusal(sealed.parent, key="short").message


def test_whoever_gives_a_value_another_name_breaks_the_seal(tmp_path: Path) -> None:
    """With a sum that fits: the names are sealed together with the values."""
    import hashlib

    values = {"bi.password": "one", "mb.password": "two"}
    content = seal(kept(*values), values, KEY)[:-65]
    swapped = content.replace(b"bi.p", b"xx.p").replace(b"mb.p", b"bi.p").replace(b"xx.p", b"mb.p")
    moved = content.replace(b"files.example.com", b"evil.example.com!")
    for forged in (swapped, moved):
        assert forged != content
        read = read_sealed(forged + hashlib.sha256(forged).hexdigest().encode() + b"\n", PLACE)
        with pytest.raises(WrongKey):
            unseal(read, KEY, PLACE)


@POSIX
def test_files_that_others_could_read_are_refused(tmp_path: Path) -> None:
    found = credentials(tmp_path, key="")
    found.keep(NAME, SERVER, SECRET, may_ask=False)
    key, sealed = tmp_path / "config" / "master.key", tmp_path / "credentials.sealed"
    assert {path.stat().st_mode & 0o777 for path in (key, sealed)} == {0o600}
    for path in (key, sealed):
        path.chmod(0o640)
        error = refusal(tmp_path, key="")
        assert f"{path} may be read or changed by others" in error.message
        assert f"chmod 600 {path}" in error.remedy
        path.chmod(0o600)
    assert credentials(tmp_path, key="").values([NAME]) == {NAME: SECRET}


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(sealed: Path) -> None:
    sealed.parent.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot be written"):
        credentials(sealed.parent).keep("a.b", SERVER, "x", may_ask=False)
    sealed.parent.chmod(0o700)


def test_a_value_is_listed_without_a_key_replaced_and_removed(sealed: Path) -> None:
    folder = sealed.parent
    listed = credentials(folder, key="").kept()
    assert [(each.store, each.server) for each in listed.values()] == [(FILE, SERVER)]
    credentials(folder).keep(NAME, SERVER, "newer", may_ask=False)
    credentials(folder).keep("bi.password", "superset", "other", may_ask=False)
    assert credentials(folder).values([NAME, "bi.password", "no.such"]) == {NAME: "newer", "bi.password": "other"}
    assert credentials(folder).forget(NAME, may_ask=False) is not None
    assert credentials(folder).forget(NAME, may_ask=False) is None
    assert credentials(folder).values([NAME, "bi.password"]) == {"bi.password": "other"}
    credentials(folder).forget("bi.password", may_ask=False)
    assert not sealed.exists()
    credentials(folder, key="quite another key").keep(NAME, SERVER, SECRET, may_ask=False)


def test_a_newline_and_a_lone_surrogate_survive(tmp_path: Path) -> None:
    value = "-----BEGIN KEY-----\nä\udcff\x00\n-----END KEY-----"
    credentials(tmp_path).keep(NAME, SERVER, value, may_ask=False)
    assert credentials(tmp_path).values([NAME]) == {NAME: value}


def test_the_list_of_the_keyring_is_told_when_it_is_damaged_or_of_a_later_sfr(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    for text, said in [
        ("{", "damaged"),
        ("[]", "damaged"),
        (json.dumps({"format": 2}), "newer sfr"),
        (WRONG, "damaged"),
    ]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=said):
            credentials(tmp_path).values([NAME])
        with pytest.raises(ConfigError, match=said):
            credentials(tmp_path, "keyring").keep(NAME, SERVER, SECRET, may_ask=False)
        assert path.read_text(encoding="utf-8") == text
