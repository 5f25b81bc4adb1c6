"""Where the reports of a list go: destinations, the paths there, what happens to what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr import plugins
from sfr.catalog import renamed, verify_reports
from sfr.errors import ConfigError
from sfr.model import Place, Report
from sfr.settings import Settings
from tests import shelves
from tests.lists import ID, METABASE, NOW, SUPERSET, read, refused, settings_with

HEAD = "name: users_{today}\nid: 1\nsource: bi\nwindow: last_month\n"


@pytest.fixture(autouse=True)
def _destinations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins, "DESTINATIONS", shelves.known())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with settings_with(monkeypatch, SUPERSET, METABASE, shelves.SETTINGS) as found:
        yield found


def listed(*reports: str) -> str:
    return "".join(f"- {report.strip()}\n".replace("\n", "\n  ").rstrip(" ") for report in reports)


def places(report: str, settings: Settings) -> tuple[Place, ...]:
    [found] = read("list.yaml", listed(HEAD + report), settings)
    return found.places


def wrong(text: str, settings: Settings, name: str = "list.yaml") -> list[tuple[str, str, str, str]]:
    problems = refused(name, text, settings).problems
    return [(each.column, each.value, each.message, each.remedy) for each in problems]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("lake", [Place("lake")]),
        ("Folder; LAKE", [Place(), Place("lake")]),
        ("[folder, lake]", [Place(), Place("lake")]),
        ("[folder, {destination: lake, path: x}]", [Place(), Place("lake", "x.csv")]),
        ("{destination: archive, path: old/x}", [Place("archive", "old/x.csv")]),
        ("{destination: warehouse, update: append}", [Place("warehouse", "users", "append")]),
        (
            "{destination: warehouse, path: crm.users, update: upsert, identity: [a, b]}",
            [Place("warehouse", "crm.users", "upsert", ("a", "b"))],
        ),
        (
            "{destination: warehouse, update: upsert, identity: a;b}",
            [Place("warehouse", "users", "upsert", ("a", "b"))],
        ),
        ("drawer", [Place("drawer")]),
    ],
)
def test_a_report_may_go_to_several_places(settings: Settings, written: str, found: list[Place]) -> None:
    assert places(f"destination: {written}", settings) == tuple(found)


def test_a_csv_list_names_places_paths_and_identity_too(settings: Settings) -> None:
    header = "name,id,destination,destination_path,update,identity\n"
    rows = f"a,{ID},folder;lake,;x/{{name}},,\nb,{ID},warehouse,,upsert,id;day\nc,{ID},warehouse,sales,append,\n"
    first, second, third = read("list.csv", header + rows, settings)
    assert first.places == (Place(), Place("lake", "x/a.csv"))
    assert (second.update, second.places) == ("upsert", (Place("warehouse", "b", "", ("id", "day")),))
    assert (third.update, third.places) == ("append", (Place("warehouse", "sales"),))


def test_a_destination_has_a_path_of_its_own_for_whoever_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"SFR_LAKE_PATH": "{source}/{today:%Y}/", "SFR_WAREHOUSE_PATH": "raw.{name}"}
    with settings_with(monkeypatch, SUPERSET, {**shelves.SETTINGS, **own}) as settings:
        report = "destination: [lake, warehouse, {destination: archive, path: x.csv}]"
        assert places(report, settings) == (
            Place("lake", "bi/2026/users_2026-11-21.csv"),
            Place("warehouse", "raw.users_2026-11-21"),
            Place("archive", "x.csv"),
        )
        [verified] = verify_reports([Report("a", "1", source="bi", places=(Place("lake"),))], settings, NOW)
        assert verified.places == (Place("lake", "bi/2026/a.csv"),)


def test_a_wrong_path_of_a_destination_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with settings_with(monkeypatch, SUPERSET, {**shelves.SETTINGS, "SFR_LAKE_PATH": "{tody}"}) as settings:
        text = "".join(f"- {{name: r{number}, id: 1, source: bi, destination: lake}}\n" for number in range(3))
        [(column, value, message, _)] = wrong(text, settings)
    assert (column, value) == ("SFR_LAKE_PATH", "{tody}")
    assert "There are {source}, {name}, {file}, {format}, {today}, {yesterday}" in message


@pytest.mark.parametrize(
    ("report", "column", "message", "remedy"),
    [
        ("destination: lke", "destination", "no destination", "lake"),
        ("destination: xyz", "destination", "no destination", "There are: archive, drawer, folder, lake, warehouse"),
        ("destination: bi", "destination", "is a source", "There are"),
        ("destination: []", "destination", "names no place", "mapping"),
        ("destination: [folder, {}]", "destination.2.destination", "missing", "name"),
        ("destination: {path: x}", "destination.destination", "missing", "name"),
        ("destination: {destination: lake, pth: x}", "destination.pth", "no key", "path"),
        ("destination: {destination: lake, path: [x]}", "destination.path", "no text", "quotation"),
        ("destination: {destination: lake, path: /x}", "destination.path", "begins with a slash", "top of its place"),
        ("destination: {destination: lake, path: a//x}", "destination.path", "nothing between", "Take one"),
        ("destination: {destination: lake, path: a/../x}", "destination.path", "leads only down", "Take it out"),
        ("destination: {destination: lake, path: 'a\\x'}", "destination.path", "backslash", "slashes"),
        ("destination: {destination: lake, path: 'a:b/x'}", "destination.path", "holds :", "hyphen"),
        ("destination: {destination: lake, path: 'con/x'}", "destination.path", "device", "name"),
        ("destination: {destination: lake, path: '{nme}/x'}", "destination.path", "There are {source}, {name}", ""),
        ("destination: {destination: lake, path: x.parquet}", "destination.path", "comes as csv", "x.csv, or ask for"),
        ("destination: {destination: warehouse, path: a/b}", "destination.path", "no name of a table", "sales"),
        (
            "destination: {destination: lake, update: append}",
            "destination.update",
            "nothing that lake can do",
            "replace",
        ),
        ("destination: {destination: lake, update: ad}", "destination.update", "none of", "append"),
        ("destination: lake\nupdate: upsert", "update", "nothing that lake can do", "Write replace"),
        ("destination: drawer\nupdate: append", "update", "nothing that drawer can do", "Write replace"),
        ("destination: {destination: warehouse, update: upsert}", "destination.identity", "is missing", "[user_id]"),
        ("destination: warehouse\nupdate: upsert", "identity", "is missing", "[user_id]"),
        ("destination: warehouse\nidentity: [a]", "identity", "upsert alone", "Write update: upsert"),
        ("destination: {destination: warehouse, identity: a}", "destination.identity", "upsert alone", "upsert"),
        ("destination: {destination: warehouse, identity: [[]]}", "destination.identity", "which columns", "[user_id"),
        ("destination: [lake, lake]", "destination", "same place", "Name it once"),
        ("destination: [folder, folder]", "destination", "same place", "Name it once"),
        ("destination: lake\ndestination_path: [a, b]", "destination_path", "2 paths", "as many"),
        ("destination: {destination: lake}\ndestination_path: a", "destination_path", "beside places", "path"),
        ("update: append\nformat: parquet", "update", "for CSV files", "replace"),
    ],
)
def test_a_wrong_place_is_one_problem(settings: Settings, report: str, column: str, message: str, remedy: str) -> None:
    [(found_column, _, found_message, found_remedy)] = wrong(listed(HEAD + report), settings)
    assert found_column == column
    assert message in found_message
    assert remedy in found_remedy


def test_a_destination_of_an_unknown_type_is_told_with_the_types_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with settings_with(monkeypatch, SUPERSET, {"SFR_COLD_TYPE": "freezer"}) as settings:
        [(_, value, message, remedy)] = wrong(listed(HEAD + "destination: cold"), settings)
    assert (value, message) == ("cold", "cannot be used here: unknown type of destination 'freezer'")
    assert remedy.startswith("Known are: ")


def test_places_are_looked_at_beside_a_wrong_id_and_format(settings: Settings) -> None:
    report = (
        "name: a\nid: x\nsource: bi\nformat: parqet\ndestination: [lke, {destination: lake, update: upsrt, path: /x}]"
    )
    columns = [column for column, _, _, _ in wrong(listed(report), settings)]
    assert columns == ["id", "format", "destination.1.destination", "destination.2.update", "destination.2.path"]


def test_a_folder_with_a_name_may_be_the_output_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with settings_with(monkeypatch, SUPERSET, {**shelves.SETTINGS, "SFR_ARCHIVE_DIRECTORY": "output"}) as settings:
        [(column, value, _, _)] = wrong(listed(HEAD + "destination: [folder, archive]"), settings)
    assert (column, value) == ("destination", "archive")


def test_two_reports_do_not_share_a_path_unless_both_add_to_a_table(settings: Settings) -> None:
    def two(first: str, second: str) -> str:
        return listed(f"name: a\nid: 1\nsource: bi\n{first}", f"name: b\nid: 2\nsource: bi\n{second}")

    lake, table = (
        "destination: {destination: lake, path: x}",
        "destination: {destination: warehouse, path: t, update: %s}",
    )
    [(column, value, message, _)] = wrong(two(lake, lake), settings)
    assert (column, value, message) == ("destination.path", "x.csv", "would overwrite report 1 at lake")
    assert len(wrong(two(table % "replace", table % "append"), settings)) == 1
    assert len(read("list.yaml", two(table % "append", table % "append"), settings)) == 2
    folder = "destination: {destination: folder, path: b.csv}"
    assert wrong(two(folder, ""), settings)[0][2] == "would overwrite report 2 at folder"


@pytest.mark.parametrize(
    ("kind", "first", "second", "is_one"),
    [
        ("s3", {"BUCKET": "b"}, {"BUCKET": "b", "STORAGE_CLASS": "STANDARD_IA"}, True),
        ("s3", {"BUCKET": "b"}, {"BUCKET": "b", "ENDPOINT_URL": "https://s3.example.com"}, False),
        ("sftp", {"HOST": "h", "USERNAME": "u", "DIRECTORY": "d"}, {"HOST": "h", "PORT": "22", "USERNAME": "u"}, False),
        ("sftp", {"HOST": "h", "USERNAME": "u"}, {"HOST": "h", "PORT": "22", "USERNAME": "u"}, True),
        ("table", {"URL": "sqlite:///a.db"}, {"URL": "sqlite:///a.db"}, True),
        ("table", {}, {}, False),  # their addresses may be kept where only a run looks
    ],
)
def test_two_names_of_one_place_are_one_place(
    monkeypatch: pytest.MonkeyPatch, kind: str, first: dict[str, str], second: dict[str, str], is_one: bool
) -> None:
    row = "name: {0}\nid: 1\nsource: bi\ndestination: {{destination: {0}, path: x}}"
    rows = [row.format(name) for name in ("one", "two")]
    written = {"SFR_ONE_TYPE": kind, "SFR_TWO_TYPE": kind}
    written |= {f"SFR_ONE_{key}": value for key, value in first.items()}
    written |= {f"SFR_TWO_{key}": value for key, value in second.items()}
    with settings_with(monkeypatch, SUPERSET, written) as settings:
        if is_one:
            assert wrong(listed(*rows), settings)[0][2] == "would overwrite report 1 at two"
        else:
            assert len(read("list.yaml", listed(*rows), settings)) == 2


def test_a_report_that_comes_as_a_workbook_goes_into_no_table(settings: Settings) -> None:
    [(column, _, message, _)] = wrong(f"name,id,params,destination\na,{ID},xf=xlsx,warehouse\n", settings, "list.csv")
    assert (column, message) == ("destination", "takes records, and this report comes as xlsx")


# Dashboards


def test_each_chart_of_a_dashboard_gets_a_path_of_its_own(settings: Settings) -> None:
    elsewhere = '[lake, {destination: archive, path: "{today}/{name}"}, {destination: warehouse}]'
    report = f"name: board\nid: dashboard:5\nsource: bi\ndestination: {elsewhere}"
    [board] = read("list.yaml", listed(report), settings)
    assert board.many
    chart = renamed(board, "board - Sales (2).csv")
    assert chart.name == "board - Sales (2).csv"
    assert chart.places == (
        Place("lake"),
        Place("archive", "2026-11-21/board - Sales (2).csv"),
        Place("warehouse", "board - Sales (2)"),
    )
    same = "name: board\nid: dashboard:5\nsource: bi\ndestination: {destination: lake, path: x}"
    [(column, _, message, remedy)] = wrong(listed(same), settings)
    assert (column, "same path for all" in message, "{name}" in remedy) == ("destination.path", True, True)


# Programs


def test_the_places_of_a_program_are_held_to_the_same_rules(settings: Settings) -> None:
    given = Report(
        "a", "1", source="bi", places=(Place(), Place("lake", "{today}/x"), Place("warehouse", "t", "upsert", ("id",)))
    )
    [found] = verify_reports([given], settings, NOW)
    assert found.places == (Place(), Place("lake", "{today}/x.csv"), Place("warehouse", "t", "upsert", ("id",)))
    for wrong_place in (
        Place("lke"),
        Place("lake", "../x"),
        Place("warehouse", "t", "upsert"),
        Place("lake", "x.xlsx"),
    ):
        with pytest.raises(ConfigError):
            verify_reports([Report("a", "1", source="bi", places=(wrong_place,))], settings, NOW)
    for no_place in ((), ("lake",)):
        with pytest.raises(ConfigError, match="number 1"):
            verify_reports([Report("a", "1", source="bi", places=no_place)], settings, NOW)  # type: ignore[arg-type]
