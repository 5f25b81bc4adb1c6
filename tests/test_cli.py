"""The command line as a person or a script meets it: real processes against a real org."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.demo.behaviours import Behaviour, Csv, NotFound
from sfr.demo.org import DEMO_SID, OrgProcess
from sfr.run_lock import only_run
from tests.command_line import MODULE, Ended, Person, report_id

SALES, CASES, LATER, GONE, UMLAUTS = (report_id(number) for number in range(1, 6))
LIST = (f"sales,{SALES},,,finance;weekly,", f"cases,{CASES},,,service,")


@pytest.fixture(scope="module")
def org() -> Iterator[OrgProcess]:
    plan: dict[str, Behaviour | tuple[Behaviour, ...]] = {
        SALES: Csv(rows=20, seed=1),
        CASES: Csv(rows=7, seed=2),
        LATER: (NotFound(), Csv(rows=3, seed=3)),
        GONE: NotFound(),
        UMLAUTS: Csv(rows=4, seed=4),
    }
    with OrgProcess(plan) as org:
        yield org


@pytest.fixture
def person(tmp_path: Path, org: OrgProcess) -> Person:
    found = Person(tmp_path / "desk", org.url)
    found.writes_list(*LIST)
    return found


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, org: OrgProcess) -> tuple[Person, Ended]:
    """A plain `python main.py`, with `.env` in the folder and a summary file; many tests look at what it left."""
    person = Person(tmp_path_factory.mktemp("morning") / "desk")
    person.writes_list(*LIST)
    settings = f"SFDC_DOMAIN={org.url}\nSFR_SID={DEMO_SID}\nFINAL_REPORT_PATH=output/today.csv\n"
    (person.folder / ".env").write_text(settings, encoding="utf-8")
    return person, person.types(SFDC_DOMAIN="", SFR_SID="")


# A run


def test_without_a_word_the_list_is_fetched_with_the_settings_of_the_folder(morning: tuple[Person, Ended]) -> None:
    person, ended = morning
    assert (ended.code, ended.stderr) == (0, "")
    assert person.files() == ["cases.csv", "sales.csv", "today.csv"]
    assert "2 done" in ended.stdout
    assert "27 records" in ended.stdout


def test_a_run_leaves_its_summary_manifest_history_and_log_and_nothing_partial(morning: tuple[Person, Ended]) -> None:
    person, ended = morning
    private = person.output / ".sfr"
    (manifest,) = private.glob("runs/*/SHA256SUMS")
    for line in manifest.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        assert digest == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    assert "<!doctype html>" in (person.output / "summary.html").read_text(encoding="utf-8").lower()
    assert (private / "history.db").exists()
    assert "sales.csv: done" in person.log()
    assert not list(person.output.rglob("*.part"))
    assert str(person.output / "summary.html") in ended.stdout


def test_the_summary_file_has_the_columns_that_people_already_read(morning: tuple[Person, Ended]) -> None:
    header, *rows = (morning[0].output / "today.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith(
        "file_name,report_id,type,valid,created_date,pull_date,processing_time,attempt_count,file_size,"
    )
    assert [row.split(",")[:4] for row in rows] == [
        ["sales", SALES, "report", "True"],
        ["cases", CASES, "report", "True"],
    ]


def test_the_session_is_nowhere_in_what_a_run_leaves_or_says(morning: tuple[Person, Ended]) -> None:
    person, ended = morning
    secret = DEMO_SID.partition("!")[2]
    assert secret not in ended.stdout + ended.stderr
    for path in person.output.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes(), path


def test_the_history_lists_runs_and_shows_one_by_its_id_or_as_the_last(morning: tuple[Person, Ended]) -> None:
    person, _ = morning
    (run,) = person.types("history", "--json").json()
    assert (run["exit_code"], run["counts"], run["list_name"]) == (0, {"done": 2}, str(Path("input/sfdc_reports.csv")))
    assert f"{run['id']}  " in person.types("history").stdout
    shown = person.types("history", run["id"][:15], "--json").json()
    assert [result["job"]["report"]["name"] for result in shown["results"]] == ["sales.csv", "cases.csv"]
    assert "sales.csv" in person.types("history", "last").stdout
    unknown = person.types("history", "1999")
    assert (unknown.code, unknown.stdout) == (2, "")
    assert "no run '1999'" in unknown.stderr


# What is fetched


def test_some_reports_are_chosen_by_name_and_tag(person: Person) -> None:
    assert person.types("--only", "SAL*", "--tag", "finance", "--quiet").code == 0
    assert person.files() == ["sales.csv"]
    ended = person.types("--tag", "finanse")
    assert (ended.code, "Did you mean finance?" in ended.stderr) == (2, True)


def test_single_reports_need_no_list(person: Person, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    ended = person.types(
        "--report", f"a b,{SALES}", "--report", f'"c, d",{CASES},{tmp_path / "elsewhere"},pv0=x', "--quiet"
    )
    assert ended.code == 0, ended.stderr
    assert person.files() == ["a b.csv"]
    assert (tmp_path / "elsewhere" / "c, d.csv").exists()


def test_wrong_single_reports_are_refused_together(person: Person) -> None:
    ended = person.types("--report", f"same,{SALES}", "--report", f"SAME.csv,{CASES}", "--report", "odd\nname,00O1")
    assert (ended.code, ended.stdout) == (2, "")
    assert "2 things are wrong" in ended.stderr
    assert "would overwrite another of these" in ended.stderr
    assert "has 4 characters" in ended.stderr


def test_a_wrong_list_is_refused_as_a_whole_with_all_its_problems(person: Person, org: OrgProcess) -> None:
    person.writes_list(f"good,{SALES}", f"../up,{SALES}", f"con,{CASES}", "short,00O5g", f"good,{CASES},nowhere")
    before = len(org.requests())
    ended = person.types()
    assert (ended.code, ended.stdout) == (2, "")
    for line, column in ((3, "name"), (4, "name"), (5, "id"), (6, "path")):
        assert f"line {line}, column {column}" in ended.stderr
    assert "traceback" not in ended.stderr.lower()
    assert len(org.requests()) == before
    assert person.types("history", "--json").json() == []


def test_a_dry_run_shows_the_plan_and_asks_nothing(person: Person, org: OrgProcess) -> None:
    person.writes_list(f"new_{{today:%Y}},{SALES},output/sub,pv0=a/b,weekly,")
    before = len(org.requests())
    ended = person.types("--dry-run")
    assert ended.code == 0
    assert "pv0=a/b" in ended.stdout
    (planned,) = person.types("--dry-run", "--json").json()["reports"]
    assert (planned["ref"], planned["tags"]) == (SALES, ["weekly"])
    assert len(org.requests()) == before
    assert person.files() == []


def test_what_failed_is_fetched_later_until_nothing_is_to_do(person: Person) -> None:
    assert "no run yet" in person.types("--failed").stderr
    person.writes_list(f"sales,{SALES}", f"later,{LATER}")
    first = person.types()
    assert first.code == 1
    assert "this report does not exist" in first.stdout
    assert "python main.py --failed" in first.stdout
    again = person.types("--failed", "--json").json()
    assert [entry["report"]["name"] for entry in again["results"]] == ["later.csv"]
    assert "nothing to do" in person.types("--failed").stdout
    assert person.types("--failed", "--json").json()["results"] == []


# How it is told


def test_json_is_all_that_stands_on_standard_output(person: Person) -> None:
    person.writes_list(f"Übersicht,{UMLAUTS}", f"gone,{GONE}")
    ended = person.types("--json")
    told = ended.json()
    assert (ended.code, told["exit_code"], ended.stderr) == (1, 1, "")
    done, failed = told["results"]
    assert (done["report"]["name"], done["status"], done["records"]) == ("Übersicht.csv", "done", 4)
    assert (failed["status"], failed["reason"]) == ("failed", "not-found")
    assert Path(told["files"]["manifest"]).exists()


def test_quiet_says_what_went_wrong_and_the_totals(person: Person) -> None:
    person.writes_list(f"sales,{SALES}", f"gone,{GONE}")
    ended = person.types("--quiet")
    assert ended.code == 1
    failure, totals = ended.stdout.splitlines()
    assert failure == "failed: gone.csv: this report does not exist"
    assert totals.startswith("of 2 reports 1 done, 1 failed")


def test_a_scheduled_run_says_nothing_and_logs_everything(person: Person) -> None:
    person.writes_list(f"sales,{SALES}", f"gone,{GONE}")
    ended = person.types("--scheduled")
    assert (ended.code, ended.stdout, ended.stderr) == (1, "", "")
    assert "gone.csv: failed" in person.log()
    assert "ended with exit code 1" in person.log()
    person.writes_list("broken,00O1")
    assert person.types("--scheduled").code == 2
    assert "has 4 characters" in person.log()


def test_a_console_that_lacks_a_character_is_no_obstacle(person: Person) -> None:
    person.writes_list(f"売上 Übersicht,{UMLAUTS}")
    ended = person.types(PYTHONIOENCODING="cp1252")
    assert (ended.code, ended.stderr) == (0, "")
    assert "?? Übersicht.csv" in ended.stdout


# Where settings come from, and where files go


def test_the_command_line_beats_the_environment_which_beats_the_file(person: Person) -> None:
    (person.folder / ".env").write_text("SFDC_DOMAIN=https://file.my.salesforce.com\n", encoding="utf-8")

    def domain(*arguments: str, **changes: str) -> str:
        return str(person.types("--dry-run", "--json", *arguments, **changes).json()["domain"])

    assert domain(SFDC_DOMAIN="") == "https://file.my.salesforce.com"
    assert domain(SFDC_DOMAIN="environment.my.salesforce.com") == "https://environment.my.salesforce.com"
    told = domain("--domain", "command.my.salesforce.com", SFDC_DOMAIN="environment.my.salesforce.com")
    assert told == "https://command.my.salesforce.com"


def test_it_runs_as_a_module_from_any_folder_into_one_with_spaces_and_umlauts(person: Person, tmp_path: Path) -> None:
    away = Person(tmp_path / "a way", person.environment["SFDC_DOMAIN"])
    listed = person.writes_list(f"größe résumé,{UMLAUTS}", place="meine Listen/täglich.csv")
    target = tmp_path / "Ausgabe für alle"
    ended = away.types(str(listed), "--output", str(target), program=MODULE)
    assert (ended.code, ended.stderr) == (0, "")
    assert (target / "größe résumé.csv").exists()
    assert not away.output.exists()


def test_a_rerun_of_another_output_is_named_with_it(person: Person) -> None:
    person.writes_list(f"gone,{GONE}")
    assert 'python main.py --failed --output "my files"' in person.types("--output", "my files").stdout


def test_a_second_run_on_the_same_output_names_the_first(person: Person) -> None:
    with only_run(person.output / ".sfr"):
        ended = person.types()
    assert (ended.code, ended.stdout) == (4, "")
    assert "another run is active" in ended.stderr
    assert "process " in ended.stderr
