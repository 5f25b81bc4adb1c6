"""What cannot be read as a JSON or YAML list is one message with its place, and never an object of a program."""

from __future__ import annotations

import builtins
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from sfr.catalog import read_list
from sfr.errors import ConfigError
from sfr.settings import Settings
from tests.lists import METABASE, NOW, SUPERSET, read, refused, settings_with, unreadable


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET, METABASE) as found:
        yield found


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ('[{"name": "a",\n  "id": 1,}]', "line 2, column 11", "comma"),
        ('[{"name": "a"\n  "id": 1}]', "line 2, column 3", "comma is missing"),
        ("[{'name': 1}]", "line 1, column 3", "double quotation"),
        ('[\n// mine\n{"name": "a"}]', "line 2, column 1", "no comments"),
        ('[{"name": "a",\n  "name": "b"}]', "line 2, column 3", "Delete one"),
        (
            '[{"name": "name"},\n {"name": "x{", "a": {"name": 1}},\n {"name": 1, "name": 2}]',
            "line 3, column 14",
            "Delete",
        ),
        ('[{"id": 00123}]', "line 1, column", "before"),
        ('[{"id": NaN}]', "NaN", "Correct"),
    ],
)
def test_json_that_cannot_be_read_is_one_message_with_its_place(
    settings: Settings, text: str, place: str, remedy: str
) -> None:
    error = unreadable("list.json", text, settings)
    assert place in error.message
    assert "list.json" in error.message
    assert "\n" not in error.message
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("- name: a\n\tid: 1\n", "line 2, column 1", "no tabs"),
        ("- name: a: b\n", "line 1, column 10", "quotation marks"),
        ("- name: {chart.name}.csv\n", "line 1, column", "quotation marks"),
        ("- name: a\n  id: 1\n  name: b\n", 'line 3, column 3: "name" stands twice', "Delete one"),
        ("- name: !!python/object/apply:os.system [ls]\n", "line 1, column 9", "tag"),
        ("- name: !!python/name:os.system x\n", "line 1, column 9", "tag"),
        ("- ? [a, b]\n  : c\n", "line 1, column 5", "before the colon"),
        ("&a [*a]\n", "refers to itself", "Write the values out"),
        ("- name: a\n---\n- name: b\n", "line 2", "Correct it"),
        ("- name: \x07\n", "list.yaml", "UTF-8"),
    ],
)
def test_yaml_that_cannot_be_read_is_one_message_with_its_place(
    settings: Settings, text: str, place: str, remedy: str
) -> None:
    error = unreadable("list.yaml", text, settings)
    assert place in error.message
    assert "\n" not in error.message
    assert remedy in error.remedy


def test_yaml_that_unfolds_without_end_is_refused(settings: Settings) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "too much" in unreadable("list.yaml", "\n".join(lines), settings).message


@pytest.mark.parametrize("text", ["", "[]", "reports: []", "# nothing\n"])
def test_a_list_without_reports_is_refused(settings: Settings, text: str) -> None:
    Path("list.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"no reports|no list of reports|is empty"):
        read("list.yaml", text, settings)


@pytest.mark.parametrize("text", ["name: a\nid: 1\n", "report: []", "reports: {a: 1}", "reports: []\ndefaults: 5", "5"])
def test_another_shape_is_refused_with_the_right_one(settings: Settings, text: str) -> None:
    assert all(problem.remedy for problem in refused("list.yaml", text, settings).problems)


def test_without_pyyaml_a_yaml_list_says_what_to_install(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    assert 'python -m pip install "sfr[yaml]"' in unreadable("list.yaml", "- name: a\n", settings).remedy
    assert read("list.json", '[{"name": "a", "id": 1, "source": "bi"}]', settings)


KEYS = st.sampled_from(
    [
        "name",
        "id",
        "source",
        "params",
        "tags",
        "columns",
        "expect",
        "options",
        "window",
        "payload",
        "rows",
        "x",
        "reports",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["bi", "mb", "link", "{window.start}", "{chart.name}", "today", "dashboard:5", '{"a": 1}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
REPORTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=3)


@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(REPORTS | VALUES | st.fixed_dictionaries({"reports": REPORTS, "defaults": VALUES}))
def test_any_document_is_a_list_or_refused(settings: Settings, document: Any) -> None:
    text = json.dumps(document)
    for name in ("list.json", "list.yaml"):
        Path(name).write_text(text)
        try:
            reports = read_list(Path(name), settings, NOW, lambda _text: None)
        except ConfigError as error:
            assert error.message  # noqa: PT017 (a list that is read is as good)
        else:
            assert all(report.name and report.folder for report in reports)


@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="{}[]:,-\"'#&*!|> \n\tab1.~<", max_size=40), st.sampled_from(["list.json", "list.yaml"]))
def test_any_text_is_a_list_or_refused(settings: Settings, text: str, name: str) -> None:
    Path(name).write_text(text)
    with contextlib.suppress(ConfigError):
        read_list(Path(name), settings, NOW, lambda _text: None)
