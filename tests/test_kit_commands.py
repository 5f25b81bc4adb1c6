from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.cli.sources import numbers_of
from tests.command_line import ROOT, Person
from tests.installed import install
from tests.servers.tides import KEY, TidesServer

pytestmark = pytest.mark.slow


BROKEN = "raise RuntimeError('this package is older than its Python')\n"


@pytest.fixture
def tides() -> Iterator[TidesServer]:
    readings = [{"time": "2026-03-01T06:00:00+00:00", "level_cm": 100, "quality": ""}]
    with TidesServer({"cux": readings, "=1+1": [], "a[b]c": []}) as server:
        yield server


@pytest.fixture
def person(tmp_path: Path, tides: TidesServer) -> Person:
    """Somebody who has installed two packages with connectors, one of them broken, and named a source."""
    installed = tmp_path / "installed"
    install(installed, "sfr-tides", {"tides": "tests.examples.tides:Tides"})
    install(installed, "sfr-old", {"old": "older_than_time:Old"})
    (installed / "older_than_time.py").write_text(BROKEN, encoding="utf-8")
    someone = Person(tmp_path / "home")
    someone.environment |= {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)]),
        "SFR_SEA_TYPE": "tides",
        "SFR_SEA_URL": tides.url,
        "SFR_SEA_API_KEY": KEY,
    }
    return someone


def test_connectors_shows_every_type_its_settings_and_where_it_is_from(person: Person) -> None:
    ended = person.types("connectors")
    assert ended.code == 0
    for text in ("salesforce", "built in", "sfr-tides 1.2", "Tide readings of a station", "SFDC_DOMAIN"):
        assert text in ended.stdout
    assert "SFR_TIDES_API_KEY" in ended.stdout
    assert "required, secret" in ended.stdout
    assert "SFR_<NAME>_CONCURRENCY" in ended.stdout
    assert "sea" in ended.stdout.partition("your sources")[2]
    assert "older than its Python" in ended.stdout
    assert KEY not in ended.stdout


def test_connectors_as_json_holds_the_same_for_programs(person: Person) -> None:
    told = person.types("connectors", "--json").json()
    found = {each["name"]: each for each in told["connectors"]}
    assert found["tides"]["package"] == "sfr-tides 1.2"
    key = next(each for each in found["tides"]["settings"] if each["field"] == "api_key")
    assert (key["key"], key["required"], key["secret"], key["default"]) == ("SFR_TIDES_API_KEY", True, True, "")
    assert "older than its Python" in found["old"]["problem"]
    assert {"name": "sea", "type": "tides"} in told["configured"]


@pytest.mark.parametrize("word", ["tides", "sea"])
def test_one_type_is_shown_alone_by_its_name_or_that_of_a_source(person: Person, word: str) -> None:
    ended = person.types("connectors", word)
    assert ended.code == 0
    assert ended.stdout.startswith("tides: Tide readings")
    assert "SFDC_DOMAIN" not in ended.stdout


def test_a_type_shows_the_options_of_its_reports(person: Person) -> None:
    assert "options of its reports" in person.types("connectors", "superset").stdout
    assert "OWNER_PID" not in person.types("connectors", "folder").stdout  # that is the engine's to know


def test_an_unknown_type_is_told_the_nearest_one(person: Person) -> None:
    ended = person.types("connectors", "tidse")
    assert ended.code == 2
    assert "Did you mean tides?" in ended.stderr


def test_check_says_ok_where_the_server_lets_us_in(person: Person) -> None:
    ended = person.types("connectors", "check", "sea")
    assert (ended.code, ended.stdout.split()) == (0, ["ok", "sea", "tides"])


def test_check_tells_what_is_wrong_with_each_source_and_goes_on(person: Person) -> None:
    wrong = {
        "SFR_BAY_TYPE": "tides",
        "SFR_BAY_URL": person.environment["SFR_SEA_URL"],
        "SFR_BAY_API_KEY": "wrong-5ecret",
    }
    ended = person.types("connectors", "check", **wrong)
    assert ended.code == 3
    assert "FAILED  bay" in ended.stdout
    assert "refuses the key" in ended.stdout
    assert "Get a new one" in ended.stdout
    assert "ok      sea" in ended.stdout
    assert "5ecret" not in ended.stdout + ended.stderr + person.log()
    told = person.types("connectors", "check", "--json", **wrong).json()
    assert [(each["name"], each["ok"]) for each in told][:1] == [("bay", False)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SFR_SEA_API_KEY": ""}, "SFR_SEA_API_KEY is not set"),
        ({"SFR_SEA_APIKEY": "x"}, "did you mean SFR_SEA_API_KEY?"),
        ({"SFR_SEA_TYPE": "tidse"}, "unknown type"),
        ({"SFR_SEA_CONNECT_SECONDS": "soon"}, "SFR_SEA_CONNECT_SECONDS"),
    ],
)
def test_wrong_settings_of_a_source_are_named_and_end_with_2(
    person: Person, changes: dict[str, str], said: str
) -> None:
    ended = person.types("connectors", "check", "sea", **changes)
    assert ended.code == 2
    assert said in ended.stdout + ended.stderr


def test_a_source_whose_connector_is_broken_fails_alone(person: Person) -> None:
    ended = person.types("connectors", "check", SFR_RUIN_TYPE="old")
    assert ended.code == 1
    assert "FAILED  ruin" in ended.stdout
    assert "ok      sea" in ended.stdout


def test_reports_lists_what_a_source_offers(person: Person) -> None:
    ended = person.types("reports", "sea", "--search", "STATION C")
    assert ended.code == 0
    assert ended.stdout.splitlines()[1].split() == ["1", "cux", "Station", "cux", "station"]
    assert len(ended.stdout.splitlines()) == 3


def test_names_that_look_like_markup_are_shown_as_they_are(person: Person) -> None:
    assert "Station a[b]c" in person.types("reports", "sea").stdout


def test_picked_reports_are_added_once_and_the_next_command_is_named(person: Person) -> None:
    person.writes_list()
    ended = person.types("reports", "sea", "--pick", "1,3")
    assert ended.code == 0
    assert "added 2 reports" in ended.stdout
    assert "fetch with: python main.py" in ended.stdout
    lines = (person.folder / "input" / "sfdc_reports.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert "cux" in lines[1]
    assert "sea" in lines[1]
    again = person.types("reports", "sea", "--all", "--json").json()
    assert again["added"]["already_there"] == 2
    assert len(again["added"]["names"]) == 1


def test_another_list_may_be_named_and_is_made(person: Person) -> None:
    ended = person.types("reports", "sea", "--all", "--list", "my tides.csv")
    assert ended.code == 0
    assert 'fetch with: python main.py "my tides.csv"' in ended.stdout
    assert (person.folder / "my tides.csv").exists()


def test_nobody_is_asked_where_nobody_can_answer(person: Person) -> None:
    ended = person.types("reports", "sea", "--add")
    assert ended.code == 2
    assert "--pick" in ended.stderr
    assert not (person.folder / "input").exists()


@pytest.mark.parametrize("pick", ["9", "0", "2-1", "x", "1-9"])
def test_numbers_that_are_not_in_the_table_add_nothing(person: Person, pick: str) -> None:
    ended = person.types("reports", "sea", "--pick", pick)
    assert ended.code == 2
    assert "is no number from 1 to 3" in ended.stderr
    assert not (person.folder / "input").exists()


def test_a_source_that_lists_nothing_and_one_that_is_not_there_are_told(person: Person) -> None:
    assert person.types("reports", "link").code == 2
    ended = person.types("reports", "see")
    assert ended.code == 2
    assert "Did you mean sea?" in ended.stderr


def test_what_people_type_to_pick_is_understood() -> None:
    assert numbers_of("1,3-5", 9) == [1, 3, 4, 5]
    assert numbers_of(" 2 , 2; 1 - 3 ", 9) == [2, 1, 3]
    assert numbers_of("ALL", 3) == [1, 2, 3]
    assert numbers_of("", 3) == []


def test_connector_new_says_what_to_do_next_and_refuses_a_second_time(person: Person) -> None:
    ended = person.types("connector", "new", "harbour-log", "--folder", "mine")
    assert ended.code == 0
    assert "python -m pytest" in ended.stdout
    assert (person.folder / "mine" / "sfr-harbour-log" / "sfr_harbour_log" / "source.py").exists()
    again = person.types("connector", "new", "harbour-log", "--folder", "mine")
    assert again.code == 2
    assert "is there already" in again.stderr
    assert person.types("connector", "new", "superset").code == 2


def test_import_config_makes_a_source_of_another_tools_settings_and_shows_no_password(tmp_path: Path) -> None:
    person = Person(tmp_path)
    ini = "[SETTINGS]\nbase_url = https://bi.example.com\n[LOGIN]\nusername = ada\npassword = pa55-5ecret\n"
    (tmp_path / "config.ini").write_text(ini, encoding="utf-8")
    planned = person.types("import-config", "config.ini", "--dry-run")
    assert (planned.code, (tmp_path / "input" / "sources.toml").exists()) == (0, False)
    assert "would write" in planned.stdout
    ended = person.types("import-config", "config.ini")
    assert ended.code == 0
    assert "connectors check superset" in ended.stdout
    assert "5ecret" not in planned.stdout + ended.stdout + ended.stderr
    assert "pa55-5ecret" in (tmp_path / ".env").read_text(encoding="utf-8")
    assert person.types("connectors", "--json").json()["configured"][-1] == {"name": "superset", "type": "superset"}
    assert person.types("import-config", "nowhere.ini").code == 2


@pytest.mark.parametrize(("word", "key"), [("s3", "BUCKET"), ("sftp", "HOST"), ("table", "URL")])
def test_a_type_of_destination_shows_its_settings_as_one_of_source_does(person: Person, word: str, key: str) -> None:
    assert f"SFR_{word.upper()}_{key}" in person.types("connectors", word).stdout
    assert f"SFR_{word.upper()}_{key}" in person.types("connectors").stdout


def test_whoever_checks_a_name_that_is_none_is_told_destinations_too(person: Person) -> None:
    ended = person.types("connectors", "check", "lakes", SFR_LAKE_TYPE="s3", SFR_LAKE_BUCKET="reports")
    assert ended.code == 2
    assert "there is no source or destination 'lakes'" in ended.stderr
    assert "Did you mean lake?" in ended.stderr


def test_settings_of_a_destination_that_do_not_fit_together_are_told_as_they_are_written(person: Person) -> None:
    lake = {"SFR_LAKE_TYPE": "s3", "SFR_LAKE_BUCKET": "reports", "SFR_LAKE_ACCESS_KEY_ID": "AKIA"}
    ended = person.types("connectors", "check", "lake", **lake)
    assert ended.code == 2
    assert "destination lake: SECRET_ACCESS_KEY is missing" in ended.stdout
