"""A function of the user's gets frames of text, and whatever it does is told in one line."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sfr.cleansing import Cleansed, frames
from sfr.errors import ReportError
from tests.cleansing import run

ROOT = Path(__file__).parents[1]
TABLE = 'id,name,amount\n00123,NA,1e5\n2,"",10.50\n3,,N/A\n4,null,\n'
KEEP_ALL = "def sales(frame, report):\n    return frame\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "input"
    folder.mkdir()
    return folder / "clean.py"


def cleaned(code: Path, program: str, content: str = TABLE, **more: Any) -> Cleansed:
    code.write_text(program)
    return run(code.parents[1], content, clean=f"{code}:sales", **more)


def refused(code: Path, program: str, content: str = TABLE, **more: Any) -> ReportError:
    with pytest.raises(ReportError) as caught:
        cleaned(code, program, content, **more)
    error = caught.value
    assert (error.reason, error.max_attempts) == ("clean", 1)
    assert error.remedy
    assert "\n" not in error.message
    assert not (code.parents[1] / "target.csv").exists()
    return error


@pytest.mark.parametrize("null", [None, ""])
def test_what_a_function_does_not_touch_stays_as_it_was(code: Path, null: str | None) -> None:
    wanted = TABLE if null == "" else TABLE.replace('""', "")
    assert cleaned(code, KEEP_ALL, null=null).path.read_text() == wanted


def test_a_frame_is_all_text_and_only_the_mark_is_no_value(code: Path) -> None:
    program = (
        "def sales(frame, report):\n"
        "    assert report.name == 'sales.csv'\n"
        "    assert set(map(str, frame.dtypes)) == {'str'}\n"
        "    frame['seen'] = ['missing' if gone else 'text ' + text\n"
        "                     for gone, text in zip(frame['name'].isna(), frame['name'])]\n"
        "    return frame[['seen', 'id']]\n"
    )
    lines = "seen,id\ntext NA,00123\ntext ,2\n{},3\ntext null,4\n"
    assert cleaned(code, program, null="").path.read_text() == lines.format("missing")
    assert cleaned(code, program, null=None).path.read_text() == lines.format("text ")


def test_records_that_the_function_leaves_out_are_told(code: Path) -> None:
    found = cleaned(code, "def sales(frame, report):\n    return frame[frame['id'] > '3']\n")
    assert found.path.read_text() == "id,name,amount\n4,null,\n"
    assert found.facts.records == 1
    assert found.warnings == (f"{code}:sales: 3 of 4 records left out",)


def test_steps_come_before_the_function(code: Path) -> None:
    code.write_text("def sales(frame, report):\n    return frame.rename(columns=str.upper)\n")
    steps = (("rename", {"id": "key"}), ("drop", ["b"]))
    found = run(code.parents[1], "id,b\n1,2\n", *steps, clean=f"{code}:sales")
    assert found.path.read_text() == "KEY\n1\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("7", "7"),
        ("True", "true"),
        ("'a,b'", '"a,b"'),
        ("'a\\nb'", '"a\nb"'),
        ("""'a"b'""", '"a""b"'),
        ("None", ""),
        ("pandas.NA", ""),
        ("pandas.NaT", ""),
        ("float('nan')", ""),
        ("Decimal('1E+3')", "1000"),
        ("Decimal('1.50')", "1.50"),
        ("date(2026, 11, 21)", "2026-11-21"),
        ("pandas.Timestamp('2026-11-21 07:30', tz='UTC')", "2026-11-21T07:30:00+00:00"),
        ("numpy.int64(5)", "5"),
    ],
)
def test_values_that_are_no_text_are_written_exactly(code: Path, value: str, text: str) -> None:
    program = (
        "import numpy, pandas\nfrom datetime import date\nfrom decimal import Decimal\n"
        f"def sales(frame, report):\n    frame['new'] = pandas.Series([{value}] * len(frame), dtype=object)\n"
        "    return frame\n"
    )
    found = cleaned(code, program, "id\n1\n")
    assert found.path.read_text() == f"id,new\n1,{text}\n"
    assert found.warnings == ()


def test_missing_values_get_the_mark_of_the_report(code: Path) -> None:
    program = "def sales(frame, report):\n    frame['new'] = [None, '\\\\N']\n    return frame\n"
    found = cleaned(code, program, "id\n1\n\\N\n", null="\\N")
    assert found.path.read_text() == 'id,new\n1,\\N\n\\N,"\\N"\n'


def test_floating_point_numbers_are_written_and_warned_of(code: Path) -> None:
    program = "def sales(frame, report):\n    frame['amount'] = frame['amount'].astype(float)\n    return frame\n"
    found = cleaned(code, program, "id,amount\n1,0.10\n2,3\n")
    assert found.path.read_text() == "id,amount\n1,0.1\n2,3.0\n"
    (warning,) = found.warnings
    assert warning.startswith(f"{code}:sales: 2 values of 'amount' came back as floating point numbers")


def test_batches_are_bounded_unless_all_records_are_asked_for(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "RECORDS_AT_ONCE", 3)
    monkeypatch.setattr("sfr.csv_records.BLOCK_BYTES", 4)
    program = "def sales(frame, report):\n    frame['of'] = str(len(frame))\n    return frame\n"
    content = "id\n" + "1\n" * 8
    assert cleaned(code, program, content).path.read_text().count("1,4\n") == 8
    assert cleaned(code, program, content, clean_whole=True).path.read_text().count("1,8\n") == 8


def test_without_records_the_function_still_makes_the_columns(code: Path) -> None:
    program = "def sales(frame, report):\n    frame['new'] = frame['id'].str.upper()\n    return frame\n"
    found = cleaned(code, program, "id\n")
    assert (found.path.read_text(), found.facts.records) == ("id,new\n", 0)


def test_other_columns_in_a_later_batch_are_refused(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "RECORDS_AT_ONCE", 1)
    monkeypatch.setattr("sfr.csv_records.BLOCK_BYTES", 4)
    program = "def sales(frame, report):\n    return frame.rename(columns={'id': 'id' + frame['id'].iloc[-1]})\n"
    error = refused(code, program, "id\n1\n1\n2\n2\n")
    assert "sales returned other columns for records 3 to 4 than for those before: gone id1; new id2" in error.message
    assert "whole: yes" in error.remedy


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return", "returned nothing (None), and no frame"),
        ("return 'text'", "returned a str, and no frame"),
        ("return frame['id']", "returned a Series, and no frame"),
        ("return frame[[]]", "returned a frame without columns"),
        ("return frame[['id', 'id']]", "returned two columns called 'id'"),
        ("return frame.rename(columns={'id': 5})", "returned a column called 5, which is no text"),
        ("frame['x'] = [[1]] * 4; return frame", "returned a list in the column 'x', in records 1 to 4"),
        ("1 / 0", "ZeroDivisionError: division by zero (line 3)"),
        ("frame['gone']", "KeyError: 'gone' (line 3)"),
        ("int('x\\ny')", "ValueError: invalid literal for int() with base 10: 'x\\ny' (line 3)"),
        ("raise Exception", "Exception (line 3)"),
        ("sys.exit(3)", "it ended the program: sys.exit(3) (line 3)"),
        ("sys.exit()", "it ended the program: sys.exit(None) (line 3)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (line 3)"),
        ("input()", "(line 3)"),
    ],
)
def test_one_line_says_what_a_function_did_wrong(code: Path, body: str, words: str) -> None:
    error = refused(code, f"import sys\ndef sales(frame, report):\n    {body}\n")
    assert error.message.startswith(f"{code}:sales")
    assert words in error.message


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            "import there_is_no_such_module\n" + KEEP_ALL,
            "ModuleNotFoundError: No module named 'there_is_no_such_module'",
        ),
        (KEEP_ALL + "raise SystemExit(1)\n", "it ended the program: sys.exit(1) (line 3)"),
        ("def sales(frame, report)\n", "SyntaxError: expected ':' (line 1)"),
        ("def sale(frame, report): ...\n", "has no function sales"),
        (KEEP_ALL + "sales = None\n", "TypeError: 'NoneType' object is not callable"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told(code: Path, program: str, words: str) -> None:
    assert words in refused(code, program).message


def test_the_traceback_goes_to_the_log(code: Path, caplog: pytest.LogCaptureFixture) -> None:
    refused(code, "def sales(frame, report):\n    return frame['gone']\n")
    assert 'clean.py", line 2, in sales' in caplog.text.replace("'", '"')


def test_what_a_function_prints_goes_to_the_log_alone(
    code: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (
        "import sys\nprint('loading')\n"
        "def sales(frame, report):\n"
        "    print('one', end=' '); print('two'); print('trouble', file=sys.stderr); print('rest', end='')\n"
        "    return frame\n"
    )
    with caplog.at_level(logging.INFO):
        cleaned(code, program)
    print("ours")
    assert capsys.readouterr() == ("ours\n", "")
    label = f"{code}:sales: "
    assert [text.removeprefix(label) for text in caplog.messages] == ["loading", "one two", "trouble", "rest"]


def test_another_thread_of_the_process_still_prints(code: Path) -> None:
    """In a process of its own, since the streams of this one are pytest's."""
    program = (
        "import logging, sys, threading\nfrom pathlib import Path\n"
        "from sfr.cleansing.user_code import failing_as\n"
        "inside, printed = threading.Event(), threading.Event()\n"
        "def clean():\n"
        "    with failing_as('f', Path('f.py'), logging.getLogger()):\n"
        "        inside.set(); printed.wait(); print('hidden')\n"
        "thread = threading.Thread(target=clean); thread.start()\n"
        "inside.wait(); print('ours'); printed.set(); thread.join(); print('after')\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout == "ours\nafter\n"


def test_the_file_is_loaded_anew_and_shadows_nothing(code: Path) -> None:
    place = code.with_name("pandas.py")
    before = set(sys.modules)
    for value in ("first", "other"):  # of the same length, within the same second
        cleaned(
            place,
            "import pandas\nfrom dataclasses import dataclass\n"
            "@dataclass\nclass Row:\n    text: 'str'\n"
            "def sales(frame, report):\n    assert hasattr(pandas, 'DataFrame')\n"
            f"    frame['id'] = Row('{value}').text\n    return frame\n",
        )
        assert (code.parents[1] / "target.csv").read_text().count(value) == 4
    assert not [name for name in set(sys.modules) - before if "clean" in name]
    assert sys.modules["pandas"].__file__ != str(place)
    assert not list(code.parent.glob("__pycache__"))
