"""Where reports go: one absolute folder each, and what tells that a report is the same one as yesterday."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfr.catalog import ListError, parse_reports, read_list, verify_reports
from sfr.demo.behaviours import Csv, NotFound
from sfr.demo.org import DemoOrg
from sfr.history.rows import report_key
from sfr.model import Report
from sfr.settings import Settings, default_settings
from tests.command_line import Person, report_id

NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
SALES = report_id(1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Which folder


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("", "output"),
        ("output", "output"),
        ("output/finance", "output/finance"),
        ("output/../output/./finance", "output/finance"),
        ("shelf", "shelf"),
        ("shelf/../shelf", "shelf"),
        ("link", "output"),
        ("link/finance", "output/finance"),
    ],
)
def test_every_report_has_an_absolute_folder_that_shows_whether_it_is_in_the_output(
    here: Path, path: str, folder: str
) -> None:
    (here / "output").mkdir()
    (here / "shelf").mkdir()
    if path.startswith("link"):
        _link(here / "link", here / "output")
    settings = default_settings(output=Path("output"))
    (here / "list.csv").write_text(f"name,id,path\nsales,{SALES},{path}\n")
    found = (
        read_list(Path("list.csv"), settings, NOW),
        parse_reports([f"sales,{SALES},{path}"], settings, NOW),
        verify_reports([Report("sales.csv", SALES, folder=path)], settings, NOW),
    )
    assert [report.folder for (report,) in found] == [str(here / folder)] * 3


def test_the_report_directory_may_be_a_new_folder_of_the_output(here: Path) -> None:
    settings = default_settings(output=Path("output"), report_directory=Path("output/finance"))
    (report,) = parse_reports([f"sales,{SALES}"], settings, NOW)
    assert report.folder == str(here / "output" / "finance")


def test_a_home_that_does_not_exist_is_a_wrong_folder_and_no_crash(here: Path) -> None:
    if os.name == "nt":
        pytest.skip("any name is believed to be a home there")
    with pytest.raises(ListError, match="column path"):
        parse_reports([f"sales,{SALES},~nobody-of-this-name/x"], default_settings(), NOW)


def _link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("this account may make no links")


def test_a_new_folder_of_the_output_written_relative_is_made(tmp_path: Path) -> None:
    with DemoOrg({SALES: Csv()}) as org:
        person = Person(tmp_path, org.url)
        person.writes_list(f"sales,{SALES},output/finance", f"deep,{SALES}")
        planned = person.types("--dry-run", REPORT_DIRECTORY="output/deep")
        assert str(Path("output", "finance")) in planned.stdout
        assert str(tmp_path) not in planned.stdout
        ended = person.types(REPORT_DIRECTORY="output/deep")
    assert ended.code == 0, ended.stdout + ended.stderr
    assert (person.output / "finance" / "sales.csv").read_bytes() == Csv().data()
    assert (person.output / "deep" / "deep.csv").read_bytes() == Csv().data()


# The same report


def _key(settings: Settings, row: str, now: datetime = NOW) -> str:
    (report,) = parse_reports([row], settings, now)
    return report_key(report)


@pytest.mark.parametrize(
    "other",
    [
        f"sales,{SALES},output/apac,pv0=EMEA",
        f"sales,{SALES},output/emea,pv0=APAC",
        f"deals,{SALES},output/emea,pv0=EMEA",
        f"sales,{report_id(2)},output/emea,pv0=EMEA",
        f"sales,https://acme.my.salesforce.com/{SALES}?pv1=x,output/emea,pv0=EMEA",
    ],
)
def test_reports_that_differ_in_name_id_folder_or_parameters_are_not_the_same(here: Path, other: str) -> None:
    settings = default_settings(output=Path("output"))
    assert _key(settings, f"sales,{SALES},output/emea,pv0=EMEA") != _key(settings, other)


def test_a_report_is_the_same_on_every_day_and_in_every_output(here: Path) -> None:
    row, tomorrow = f"sales_{{today}},{SALES},output/{{today}},pv0={{today}}", datetime(2026, 11, 22, tzinfo=UTC)
    first = _key(default_settings(output=Path("output")), row)
    assert first == _key(default_settings(output=Path("output")), row, tomorrow)
    plain = _key(default_settings(output=Path("output")), f"sales,{SALES}")
    assert plain == _key(default_settings(output=Path("elsewhere")), f"sales,{SALES}")


def test_reports_of_a_program_differ_by_folder_and_parameters_too(here: Path) -> None:
    def key(**wanted: Any) -> str:
        (report,) = verify_reports([Report("sales.csv", SALES, **wanted)], default_settings(), NOW)
        return report_key(report)

    assert key() == key()
    assert len({key(), key(folder="output/emea"), key(params=(("pv0", "x"),)), key(template="sales")}) == 4


# What is wished at --failed


def test_what_failed_is_fetched_for_excel_and_with_its_footer_when_that_is_asked_for_now(tmp_path: Path) -> None:
    with DemoOrg({SALES: [NotFound(), Csv()]}) as org:
        person = Person(tmp_path, org.url)
        person.writes_list(f"sales,{SALES}")
        assert person.types("--max-attempts", "1").code == 1
        again = person.types("--failed", "--excel", "--keep-footer")
    assert again.code == 0, again.stdout + again.stderr
    content = (person.output / "sales.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"Generated By" in content
