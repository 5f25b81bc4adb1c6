from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import ROOT, Person
from tests.installed import install
from tests.servers.tides import KEY, TidesServer

pytestmark = pytest.mark.slow


READINGS = [{"time": f"2026-03-{day:02d}T06:00:00+00:00", "level_cm": day, "quality": "ok"} for day in range(1, 11)]


@pytest.fixture
def server() -> Iterator[TidesServer]:
    with TidesServer({"cux": READINGS}) as running:
        yield running


@pytest.fixture
def person(tmp_path: Path, server: TidesServer) -> Person:
    """Somebody with a connector of an installed package, and one that cannot be imported."""
    installed = tmp_path / "installed"
    install(installed, "sfr-tides", {"tides": "tests.examples.tides:Tides"})
    install(installed, "sfr-old", {"old": "older_than_time:Old"})
    (installed / "older_than_time.py").write_text("import a_package_that_nobody_has\n", encoding="utf-8")
    someone = Person(tmp_path / "home")
    someone.environment |= {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)]),
        "SFR_TIMEZONE": "UTC",
        "SFR_SEA_TYPE": "tides",
        "SFR_SEA_URL": server.url,
        "SFR_SEA_API_KEY": KEY,
        "SFR_RUIN_TYPE": "old",
    }
    return someone


def writes(person: Person, *lines: str) -> str:
    (person.folder / "list.csv").write_text("\n".join(["name,id,source,window", *lines]) + "\n", encoding="utf-8")
    return "list.csv"


def test_a_report_of_an_installed_connector_is_fetched_counted_and_proven(person: Person, server: TidesServer) -> None:
    ended = person.types(writes(person, "tides,cux,sea,2026-03-02..2026-03-05"), "--json")
    assert ended.code == 0, ended.stderr
    (result,) = ended.json()["results"]
    assert (result["status"], result["records"], result["proof"]) == ("done", 3, "count")
    rows = list(csv.DictReader((person.output / "tides.csv").open(encoding="utf-8")))
    assert [row["level_cm"] for row in rows] == ["2", "3", "4"]
    assert KEY not in ended.stdout + ended.stderr + person.log()


def test_a_page_that_is_cut_costs_a_try_that_goes_on_from_there(person: Person, server: TidesServer) -> None:
    server.state.cut_page = 3
    ended = person.types(writes(person, "tides,cux,sea,"), "--json", "--max-attempts", "2")
    assert ended.code == 1
    pages = [path.rpartition("page=")[2] for path in server.state.asked if "page=" in path]
    assert pages == ["1", "2", "3", "3"]


def test_columns_are_renamed_and_dropped_on_the_way(person: Person) -> None:
    wanted = {"name": "tides.csv", "id": "cux", "source": "sea", "columns": {"level_cm": "level", "time": "when"}}
    (person.folder / "list.json").write_text(json.dumps({"reports": [wanted]}), encoding="utf-8")
    ended = person.types("list.json")
    assert ended.code == 0, ended.stdout + ended.stderr
    assert (person.output / "tides.csv").read_text(encoding="utf-8").startswith("level,when\n1,2026-03-01T06")


def test_a_connector_that_cannot_be_imported_costs_its_own_reports_only(person: Person) -> None:
    ended = person.types(writes(person, "tides,cux,sea,", "ruin,7,ruin,"), "--json", "--max-attempts", "2")
    assert ended.code in (1, 3)
    results = {each["report"]["name"]: each for each in ended.json()["results"]}
    assert results["tides.csv"]["status"] == "done"
    assert results["ruin.csv"]["status"] in ("failed", "skipped")
    assert "a_package_that_nobody_has" in results["ruin.csv"]["error"]


def test_no_rows_are_a_finished_report_with_a_header(person: Person) -> None:
    ended = person.types(writes(person, "tides,cux,sea,2020-01-01..2020-02-01"), "--json")
    assert ended.code == 0, ended.stderr
    (result,) = ended.json()["results"]
    assert (result["status"], result["records"]) == ("done", 0)
    assert (person.output / "tides.csv").read_text(encoding="utf-8") == "time,level_cm,quality\n"
