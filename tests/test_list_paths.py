"""What a file, or a table, is called at its place: templates filled in, and never a way out of the place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from sfr import plugins
from sfr.catalog.dates import Moment, undated
from sfr.catalog.file_names import check_name
from sfr.catalog.path_templates import Named, file_path, filled_path
from sfr.catalog.problems import BadCell
from sfr.settings import Settings
from tests import shelves
from tests.lists import NOW, SUPERSET, read, settings_with


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins, "DESTINATIONS", shelves.known())
    with settings_with(monkeypatch, SUPERSET, shelves.SETTINGS) as found:
        yield found


def path_of(template: str, settings: Settings, more: str = "") -> str:
    """The path that a report of a list gets at a place."""
    report = f"name: users_{{today}}, id: 1, source: bi, window: last_month{more}"
    place = f'destination: {{destination: lake, path: "{template}"}}'
    [found] = read("list.yaml", "- " + report.replace(", ", "\n  ") + f"\n  {place}\n", settings)
    return found.places[0].path


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{source}/{name}/{today:%Y/%m/%d}.{format}", "bi/users_2026-11-21/2026/11/21.csv"),
        ("{window.start:%Y-%m}/{yesterday}", "2026-10/2026-11-20.csv"),
        ("daily/{file}", "daily/users_2026-11-21.csv"),
        ("daily/", "daily/users_2026-11-21.csv"),
        ("dt={today}/part 1", "dt=2026-11-21/part 1.csv"),
        ("{{today}}.txt", "{today}.txt"),
        ("{{name}}", "{name}.csv"),
    ],
)
def test_a_path_is_filled_in(settings: Settings, template: str, path: str) -> None:
    assert path_of(template, settings) == path


def test_a_path_shows_the_days_of_the_reports_own_zone(settings: Settings) -> None:
    assert path_of("{today}", settings, ", timezone: Pacific/Pago_Pago") == "2026-11-20.csv"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("sales_{today}", "sales"),
        ("{window.start:%Y}_sales.csv", "sales"),
        ("a {today} b", "a_b"),
        ("_x", "_x"),
        ("a.b_{now}", "a.b"),
        ("{today}", ""),
        ("{{a}}", "{a}"),
    ],
)
def test_a_table_is_called_as_the_report_without_its_dates(name: str, table: str) -> None:
    assert undated(name.removesuffix(".csv")) == table


@settings_of_hypothesis(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["{name}", "{file}", "{today:%Y/%m}", "{source}", "/", "..", ".", "\\", "a", " ", "{x"])),
    st.text(max_size=20),
)
def test_any_template_is_refused_or_leads_down(parts: list[str], text: str) -> None:
    named = Named("bi", "sales_{x}.csv", "csv", "sales")
    for template in ("".join(parts), text, f"{''.join(parts)}/{text}"):
        try:
            path = file_path(filled_path(template, named, Moment(NOW)), named)
        except BadCell:
            continue
        assert not {"", ".", ".."} & set(path.split("/"))
        for part in path.split("/"):
            check_name(part)


def test_a_path_fits_into_a_bucket() -> None:
    named = Named("bi", "a.csv", "csv", "a")
    with pytest.raises(BadCell, match="1024"):
        file_path("/".join(["x" * 200] * 6), named)
