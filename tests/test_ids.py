"""Ids: the checksum's arithmetic, and how people's ids and addresses are read."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.connector import Pairs, Reference, ReferenceProblem, Wanted
from sfr.sources.salesforce import reference
from sfr.sources.salesforce.ids import checksum, matches, repair

GENUINE = {
    "00Ob0000003uviH": "EAQ",
    "00OE0000002wlro": "MAA",
    "00OQv00000Cg06L": "MAR",
    "00ON100000EfAOL": "MA3",
    "00OR0000000K2Ue": "MAK",
}
FULL = "00O5g00000DemoAEAR"
alphabet = string.ascii_letters + string.digits
bodies = st.text(alphabet, min_size=15, max_size=15)
report_bodies = st.text(alphabet, min_size=12, max_size=12).map(lambda serial: "00O" + serial)


def read_reference(text: str, params: Pairs, allow_bad_ids: bool) -> Reference:
    return reference.read_reference(Wanted(text, params, allow_bad_ids=allow_bad_ids))


def problem(text: str, params: tuple[tuple[str, str], ...] = (), allow_bad_ids: bool = False) -> ReferenceProblem:
    with pytest.raises(ReferenceProblem) as caught:
        read_reference(text, params, allow_bad_ids)
    return caught.value


@pytest.mark.parametrize(("body", "suffix"), GENUINE.items())
def test_the_checksum_is_that_of_genuine_ids(body: str, suffix: str) -> None:
    assert checksum(body) == suffix


@given(bodies, st.lists(st.booleans(), min_size=18, max_size=18))
def test_an_id_is_repaired_whatever_became_of_its_letter_case(body: str, capitals: list[bool]) -> None:
    full = body + checksum(body)
    destroyed = "".join(char.upper() if up else char.lower() for char, up in zip(full, capitals, strict=True))
    assert repair(destroyed) == full


@pytest.mark.parametrize("wrong", ["0015000000Gf1ABAAE", "00O5g00000ABCDE1AS", "00O5g00000DemoA", "00O5g00000DemoAE9R"])
def test_an_id_that_fits_in_no_letter_case_is_not_repaired(wrong: str) -> None:
    with pytest.raises(ValueError, match="checksum"):
        repair(wrong)


def test_the_checksum_of_something_else_than_15_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="15 characters, not 3"):
        checksum("00O")


@given(report_bodies)
def test_an_id_of_15_and_one_of_18_characters_are_the_same_report(body: str) -> None:
    full = body + checksum(body)
    assert matches(full)
    assert read_reference(body, (), False).ref == full
    assert read_reference(full, (), False).ref == full
    assert read_reference(body + checksum(body).lower(), (), False).ref == full


@given(report_bodies, st.sampled_from([str.lower, str.upper]))
def test_an_id_in_one_letter_case_is_repaired_with_a_notice(body: str, destroy: object) -> None:
    full = body + checksum(body)
    destroyed = destroy(full)  # type: ignore[operator]
    found = read_reference(destroyed, (), False)
    assert found.ref == full
    if destroyed[:15] != body:
        assert full in found.notices[0]


@pytest.mark.parametrize("suffix", ["EAA", "EAX", "AAA", "999"])
def test_a_mistyped_character_is_refused_unless_bad_ids_are_allowed(suffix: str) -> None:
    wrong = FULL[:15] + suffix
    found = problem(wrong)
    assert found.column == "id"
    assert "EAR would" in found.message
    assert "--allow-bad-ids" in found.remedy
    assert read_reference(wrong, (), True).ref == wrong


@pytest.mark.parametrize(
    "address",
    [
        f"https://acme.lightning.force.com/lightning/r/Report/{FULL}/view?queryScope=userFolders",
        f"https://acme.lightning.force.com/lightning/r/{FULL}/view",
        f"https://acme.lightning.force.com/lightning/r/sObject/{FULL}/edit",
        f"https://acme.my.salesforce.com/{FULL}",
        "https://acme.my.salesforce.com/00O5g00000DemoA",
        f"https://acme.my.salesforce.com/{FULL}/e?retURL=%2F{FULL}",
        f"https://acme.lightning.force.com/one/one.app#/sObject/{FULL}/view",
        f"https://acme.lightning.force.com/one/one.app#/alohaRedirect/{FULL}?isdtp=p1",
        f"https://acme.my.salesforce.com/reports/view?id={FULL}",
        f"https://acme.lightning.force.com/reportbuilder/edit.app?reportId={FULL}",
        f"acme.my.salesforce.com/{FULL}",
        f"/{FULL}",
        f"https://acme.lightning.force.com.mcas.ms/lightning/r/Report/{FULL.lower()}/view",
    ],
)
def test_the_id_is_found_in_every_kind_of_address(address: str) -> None:
    found = read_reference(address, (), False)
    assert (found.ref, found.params) == (FULL, ())


def test_export_parameters_of_a_classic_address_are_taken_over_unless_the_list_has_them() -> None:
    address = f"https://acme.my.salesforce.com/{FULL}?export=1&amp;enc=UTF-8&xf=xlsx&pv0=4/1/2026&pv1=&retURL=%2F"
    found = read_reference(address, (("pv0", "Open"), ("unknown", "x")), False)
    assert found.params == (
        ("export", "1"),
        ("enc", "UTF-8"),
        ("xf", "xlsx"),
        ("pv1", ""),
        ("pv0", "Open"),
        ("unknown", "x"),
    )
    assert found.format == "xlsx"


def test_parameters_may_stand_beside_a_bare_id() -> None:
    assert read_reference(f"{FULL}?export=1&xf=xls", (), False).format == "xls"


@pytest.mark.parametrize(
    ("params", "report_format"),
    [((), "csv"), ((("xf", "localecsv"),), "csv"), ((("xf", "XLSX"),), "xlsx"), ((("xf", "xls"),), "xls")],
)
def test_the_format_follows_xf(params: tuple[tuple[str, str], ...], report_format: str) -> None:
    assert read_reference(FULL, params, False).format == report_format


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("", "empty", "address"),
        ("00O5g00000DemoAE", "16 characters", "address"),
        ("00O1V00000999GHES", "17 characters", "address"),
        ("1.23E+15", "is a number", "as Text"),
        ("1,23E+15", "is a number", "as Text"),
        ("00O5g00000DemоA", "U+043E", "address"),
        ("00O5g00000…", "U+2026", "address"),
        ("01Z5g00000DemoA", "dashboard", "address"),
        ("0005g00000DemoA", "begins with 000", "zero, zero, capital letter O"),
        ("00o5g00000DemoA", "begins with 00o", "zero, zero, capital letter O"),
        ("0OO5g00000DemoA", "begins with 0OO", "zero, zero, capital letter O"),
        ("11A1B000001abVa", "no report", "--allow-bad-ids"),
        ("https://acme.my.salesforce.com/home/home.jsp", "no report id", "address"),
        ("https://[acme/x", "no web address", "address"),
        ("https://acme.lightning.force.com/lightning/r/Dashboard/01Z5g00000DemoAEAR/view", "dashboard", "address"),
    ],
)
def test_a_wrong_id_is_refused_with_a_reason_and_a_remedy(text: str, message: str, remedy: str) -> None:
    found = problem(text)
    assert message in found.message
    assert remedy in found.remedy


@pytest.mark.parametrize("text", ["11A1B000001abVa", "0005g00000DemoA", "00O1V00000999GHES"])
def test_wrong_prefixes_and_lengths_pass_when_bad_ids_are_allowed(text: str) -> None:
    assert read_reference(text, (), True).ref.startswith(text)


def test_what_could_leave_the_address_passes_under_no_circumstances() -> None:
    assert "has no report id" in problem("../../setup", allow_bad_ids=True).message
    assert "only the letters" in problem("00O5g00000Demo%2F", allow_bad_ids=True).message


@pytest.mark.parametrize(
    ("text", "params", "column"),
    [
        (f"https://acme.lightning.force.com/lightning/r/Report/{FULL}/view?fv2=Open", (), "id"),
        (f"https://acme.lightning.force.com/one/one.app#/sObject/{FULL}/view?fv2=Open", (), "id"),
        (FULL, (("fv2", "Open"),), "params"),
    ],
)
def test_a_lightning_filter_is_refused_with_its_classic_name(
    text: str, params: tuple[tuple[str, str], ...], column: str
) -> None:
    found = problem(text, params)
    assert (found.column, found.value) == (column, "fv2=Open")
    assert "pv2" in found.remedy


@pytest.mark.parametrize("encoding", ["UTF-16", "utf-16le", "UTF-32", "utf-7", "ISO-2022-JP", "cp500", "hz"])
def test_an_encoding_in_which_commas_cannot_be_told_is_refused(encoding: str) -> None:
    assert "cannot be checked" in problem(FULL, (("enc", encoding),)).message


@pytest.mark.parametrize(
    "encoding", ["UTF-8", "iso-8859-1", "Shift_JIS", "GB2312", "Big5", "EUC-KR", "x-SJIS_0213", ""]
)
def test_other_encodings_pass(encoding: str) -> None:
    assert read_reference(FULL, (("enc", encoding),), False).params == (("enc", encoding),)


def test_a_session_in_the_list_is_refused_and_not_repeated() -> None:
    found = problem(f"https://acme.my.salesforce.com/{FULL}?sid=secretvalue")
    assert "secretvalue" not in f"{found} {found.value} {found.message} {found.remedy}"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_reference(text, (), False).ref.startswith("00O")
    except ReferenceProblem:
        return
