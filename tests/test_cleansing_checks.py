"""What is wrong with steps and functions is told when a list is read, before any report is fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sfr.cleansing import check_clean, check_steps

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "step",
    [
        ("rename", {"Id": "id"}),
        ("drop", "a"),
        ("keep", ["b", "a"]),
        ("filter", {"column": "a", "in": ["x", 5]}),
        ("filter", [{"column": "a", "above": 5, "as": "integer"}, {"column": "b", "empty": "no"}]),
        ("filter", {"column": "typed", "above": 5}),
        ("dedupe", []),
        ("dedupe", "a"),
        ("sort", "-a"),
        ("sort", ["a", {"column": "-b", "as": "decimal(12,2)"}, {"column": "-c", "descending": "no"}]),
    ],
)
def test_what_is_written_as_it_should_be_has_no_problems(step: tuple[str, Any]) -> None:
    assert check_steps([step], [("typed", "integer")]) == []


@pytest.mark.parametrize(
    ("step", "words", "remedy"),
    [
        (("fitler", {}), "is no step that is known here", "Did you mean filter?"),
        (("rename", ["a"]), "does not say which columns get which names", "rename: {Old name: new_name}"),
        (("rename", {"a": "c", "b": "c"}), "gives two columns the name 'c'", "its own name"),
        (("rename", {5: "a"}), "does not say which columns get which names", "rename: {Old name: new_name}"),
        (("rename", {"a": ""}), "takes the name of a column away", "drop"),
        (("drop", []), "does not say which columns", "drop: [first, second]"),
        (("keep", {"a": 1}), "does not say which columns", "keep: [first, second]"),
        (("keep", ["a", "a"]), "names the column 'a' twice", "once"),
        (("dedupe", [1]), "does not say which columns", "dedupe: [first, second]"),
        (("filter", []), "has no condition", "filter: {column: status, equals: active}"),
        (("filter", "a = 1"), "has no condition", "filter: {column: status, equals: active}"),
        (("filter", {"equals": "x"}), "does not say which column", "column: status"),
        (("filter", {"column": "a"}), "has no condition for the column 'a'", "equals"),
        (("filter", {"column": "a", "equal": "x"}), "has the condition 'equal'", "Did you mean equals?"),
        (("filter", {"column": "a", "above": 5}), "compares texts with the number 5", "as: integer"),
        (("filter", {"column": "a", "equals": True}), "has equals with True, which is no text", "quotes"),
        (("filter", {"column": "a", "equals": 1.5}), "has equals with 1.5, which is no text", "quotes"),
        (("filter", {"column": "a", "equals": None}), "has equals with None, which is no text", "quotes"),
        (("filter", {"column": "a", "in": "x"}), "has in without a list", "in: [first, second]"),
        (("filter", {"column": "a", "in": []}), "has in without a list", "in: [first, second]"),
        (("filter", {"column": "a", "empty": "maybe"}), "has empty with neither yes nor no", "empty: yes"),
        (("filter", {"column": "a", "matches": "(a"}), "has a pattern that cannot be read", "regular expression"),
        (("filter", {"column": "a", "above": "x", "as": "date"}), "has above: 'x' is no date", "the type date"),
        (
            ("filter", {"column": "a", "above": "x", "as": "number of"}),
            "has a type for 'a' that cannot be read: 'number of' is no",
            "as",
        ),
        (("filter", {"column": "typed", "above": "x"}), "has above: 'x' is no whole number", "integer"),
        (("sort", []), "does not say by which columns", "sort: [country, -amount]"),
        (("sort", [{"col": "a"}]), "does not say by which columns", "sort: [country, -amount]"),
        (("sort", ["a", "-a"]), "names the column 'a' twice", "once"),
        (("sort", [{"column": "a", "as": "nubmer"}]), "has a type for 'a' that cannot be read: 'nubmer' is no", "as"),
    ],
)
def test_a_step_that_cannot_be_understood_is_told(step: tuple[str, Any], words: str, remedy: str) -> None:
    (problem,) = check_steps([("drop", ["x"]), step], [("typed", "integer")])
    assert problem.message.startswith(f"step 2 ({step[0]}) {words}")
    assert remedy in problem.remedy


def test_all_problems_are_told_at_once() -> None:
    steps = [("drop", []), ("filter", [{"column": "a", "above": 1}, {"column": "b", "empty": 7}])]
    assert len(check_steps(steps)) == 3


@pytest.mark.parametrize(
    ("text", "words", "remedy"),
    [
        ("{folder}/clean.py", "is no file and function", "input/clean.py:sales"),
        ("clean.sales", "is no file and function", "input/clean.py:sales"),
        ("", "is no file and function", "input/clean.py:sales"),
        ("{folder}/clean.py:no name", "is no file and function", "input/clean.py:sales"),
        ("{folder}/claen.py:sales", "there is no file", "Did you mean clean.py?"),
        ("{folder}/none/x.py:sales", "there is no file", "input/clean.py:sales"),
        ("{folder}/broken.py:sales", "SyntaxError: expected ':' (line 2)", "Correct the file."),
        ("{folder}/clean.py:sale", "has no function sale", "Did you mean sales? It has sales, one"),
        ("{folder}/clean.py:one", "clean.py:one (line 2) is no function of a frame and a report", "def one(frame"),
        ("{folder}/clean.py:three", "is no function of a frame and a report", "def three(frame"),
        ("{folder}/clean.py:named", "is no function of a frame and a report", "def named(frame"),
        ("{folder}/clean.py:waits", "is no function of a frame and a report", "def waits(frame"),
    ],
)
def test_a_function_that_is_not_there_is_told(tmp_path: Path, text: str, words: str, remedy: str) -> None:
    (tmp_path / "clean.py").write_text(
        "def sales(frame, report): ...\ndef one(frame): ...\ndef three(frame, report, more): ...\n"
        "def named(frame, report, *, more): ...\nasync def waits(frame, report): ...\n"
        "def spare(frame, report, more=1): ...\ndef any_number(*all): ...\nraise SystemExit('this was run')\n"
    )
    (tmp_path / "broken.py").write_text("x = 1\ndef sales(frame, report)\n    return frame\n")
    (problem,) = check_clean(text.format(folder=tmp_path))
    assert words in problem.message
    assert remedy in problem.remedy


def test_the_place_where_its_file_was_looked_for_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (problem,) = check_clean("input/clean.py:sales")
    assert problem.message == f"there is no file {tmp_path / 'input' / 'clean.py'}"


@pytest.mark.parametrize("name", ["sales", "spare", "any_number"])
def test_a_function_is_found_without_running_its_file(tmp_path: Path, name: str) -> None:
    place = tmp_path / "clean.py"
    place.write_text(
        "def sales(frame, report): ...\ndef spare(frame, report, more=1): ...\ndef any_number(*all): ...\n1 / 0\n"
    )
    assert check_clean(f"{place}:{name}") == []


def test_checking_a_list_loads_nothing_heavy(tmp_path: Path) -> None:
    place = tmp_path / "clean.py"
    place.write_text("import pandas\ndef sales(frame, report): ...\n")
    program = (
        "import sys; from sfr.cleansing import check_clean, check_steps\n"
        f"print(check_clean({str(place)!r} + ':sales'), check_steps([('sort', ['a'])]))\n"
        "print({'pandas', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.split("\n") == ["[] []", "set()", ""]


def test_without_pandas_the_command_that_installs_it_is_told(tmp_path: Path) -> None:
    place = tmp_path / "clean.py"
    place.write_text("def sales(frame, report): ...\n")
    program = "import sys; from sfr.cleansing import check_clean; print(check_clean(sys.argv[1])[0].remedy)"
    # -S leaves out all installed packages.
    finished = subprocess.run(
        [sys.executable, "-S", "-c", program, f"{place}:sales"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert finished.stdout == 'Install it: python -m pip install "sfr[clean]"\n'
