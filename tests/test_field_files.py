"""What files of its own a run may not write over, however they were named."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.atomic import write_text
from sfr.demo.behaviours import Csv, NotFound
from sfr.demo.org import DemoOrg
from sfr.errors import ConfigError, DeliveryError
from sfr.settings import load_settings
from tests.command_line import Person, report_id

pytestmark = pytest.mark.slow


LIST = f"name,id\nsales,{report_id(1)}\n"


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with DemoOrg({report_id(1): Csv(), report_id(2): NotFound()}) as org:
        person = Person(tmp_path, org.url)
        (tmp_path / "input").mkdir()
        (tmp_path / "input" / "sfdc_reports.csv").write_text(LIST, encoding="utf-8")
        yield person


@pytest.mark.parametrize("key", ["FINAL_REPORT_PATH", "SFR_LOG_FILE"])
def test_a_summary_or_log_that_is_the_list_is_refused_and_the_list_stays(person: Person, key: str) -> None:
    ended = person.types("--dry-run", **{key: "input/../input/sfdc_reports.csv"})
    assert ended.code == 2
    assert f"REPORT_LIST and {key} are the same file" in ended.stderr
    assert (person.folder / "input" / "sfdc_reports.csv").read_text(encoding="utf-8") == LIST


def test_a_summary_that_is_the_log_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "run.csv"
    with pytest.raises(ConfigError, match="FINAL_REPORT_PATH and SFR_LOG_FILE are the same file") as caught:
        load_settings({"final_report_path": place, "log_file": tmp_path / "RUN.csv"}, None)
    assert caught.value.remedy == "Change SFR_LOG_FILE."


def test_a_single_report_does_not_overwrite_the_list(person: Person) -> None:
    ended = person.types("--dry-run", "--report", f"sfdc_reports,{report_id(1)},input")
    assert ended.code == 2
    assert "would overwrite input/sfdc_reports.csv" in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no devices in its folders")
def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DeliveryError, match="a folder or a device is there, and no file"):
        write_text(pipe, "text")
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_the_refusal_of_a_folder_in_a_files_place_is_one_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        write_text(tmp_path, "text")
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EEXIST


def test_the_history_of_another_output_names_that_output_in_its_advice(person: Person) -> None:
    arguments = ("--output", "other place", "--report", f"gone,{report_id(2)}")
    assert person.types(*arguments).code == 1
    first = person.types("history", "--output", "other place", "--json").json()[0]["id"]
    shown = person.types("history", "last", "--output", "other place").stdout
    assert '--failed --output "other place"' in shown
    assert person.types(*arguments).code == 1
    assert "--failed" not in person.types("history", first, "--output", "other place").stdout


def test_a_schedule_of_a_list_that_is_not_there_is_refused(person: Person) -> None:
    ended = person.types("schedule", "--daily", "07:00", "--list", "nowhere.csv", "--with", "cron", "--print")
    assert ended.code == 2
    assert "the list nowhere.csv does not exist" in ended.stderr


def test_a_schedule_that_could_only_fail_is_refused(person: Person) -> None:
    given = ("--failed", "--list", "input/sfdc_reports.csv", "--with", "cron", "--print")
    ended = person.types("schedule", "--daily", "07:00", *given)
    assert ended.code == 2
    assert "no --list" in ended.stderr
