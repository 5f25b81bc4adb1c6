"""Settings: where they come from, who wins, and how wrong ones are told."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError
from sfr.settings import Settings, environment_names, load_settings
from sfr.settings.durations import parse_duration
from sfr.settings.env_file import read_env_file
from sfr.settings.text import env_example, settings_table

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in environment_names().values():
        monkeypatch.delenv(key, raising=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_without_anything_the_defaults_hold(env_file: Path) -> None:
    settings = load_settings(env_file=env_file)
    assert (settings.domain, settings.report_list, settings.output) == (
        None,
        Path("input/sfdc_reports.csv"),
        Path("output"),
    )
    assert (settings.concurrency, settings.processes, settings.browser, settings.login) == (8, None, "edge", True)
    assert settings.timezone


def test_the_command_line_beats_the_environment_which_beats_the_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("SFR_CONCURRENCY", "SFR_PROCESSES", "SFR_DEADLINE")
    env_file.write_text("".join(f"{key}=1\n" for key in keys) + "REPORT_LIST=file.csv\n")
    for key in keys[1:]:
        monkeypatch.setenv(key, "2")
    monkeypatch.setenv("REPORT_LIST", "environment.csv")
    settings = load_settings({"deadline_seconds": "3", "report_list": Path("line.csv")}, env_file)
    assert (settings.concurrency, settings.processes, settings.deadline_seconds) == (1, 2, 3)
    assert settings.report_list == Path("line.csv")
    assert load_settings(env_file=env_file).report_list == Path("environment.csv")


def test_what_is_not_given_on_the_command_line_or_is_blank_does_not_count(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("SFR_CONCURRENCY=3\nSFR_PROCESSES=\n")
    monkeypatch.setenv("SFR_CONCURRENCY", "")
    settings = load_settings({"concurrency": None}, env_file)
    assert (settings.concurrency, settings.processes) == (3, None)


def test_settings_cannot_be_changed_and_travel_with_their_notices(env_file: Path) -> None:
    settings = load_settings({"domain": "acme.lightning.force.com", "sid": "s3cret"}, env_file)
    assert settings.notices == (
        "SFDC_DOMAIN: https://acme.lightning.force.com was changed to https://acme.my.salesforce.com",
    )
    with pytest.raises(ValueError, match="frozen"):
        settings.concurrency = 1
    copy = pickle.loads(pickle.dumps(settings))
    assert copy == settings
    assert copy.notices == settings.notices
    assert "s3cret" not in repr(settings)


def test_all_wrong_settings_are_named_at_once_with_place_value_and_remedy(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("SFR_TIMEZONE=Europe/Berln\nSFDC_DOMAIN=http://acme.my.salesforce.com\n")
    monkeypatch.setenv("SFR_CONCURRENCY", "0")
    with pytest.raises(ConfigError) as caught:
        load_settings({"browser": "opera", "deadline_seconds": "soon"}, env_file)
    lines = {line.split(" ")[0]: line for line in caught.value.message.splitlines()}
    assert set(lines) == {"SFR_TIMEZONE", "SFDC_DOMAIN", "SFR_CONCURRENCY", "SFR_BROWSER", "SFR_DEADLINE"}
    assert '"Europe/Berln" (.env)' in lines["SFR_TIMEZONE"]
    assert "Europe/Berlin" in lines["SFR_TIMEZONE"]
    assert "Write https://acme.my.salesforce.com" in lines["SFDC_DOMAIN"]
    assert '"0" (environment)' in lines["SFR_CONCURRENCY"]
    assert '"opera" (command line)' in lines["SFR_BROWSER"]
    assert "1h30m" in lines["SFR_DEADLINE"]


def test_the_value_of_a_secret_is_in_no_error(env_file: Path) -> None:
    env_file.write_text(
        "SFR_DATABASE_URL=postgresql://u:hunter2@db\nSFDC_DOMAIN=https://u:hunter2@acme.my.salesforce.com\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_settings({"sid": 12345678, "concurrency": "many"}, env_file)
    shown = f"{caught.value!r} {caught.value.remedy} {caught.value.__cause__}"
    assert "SFR_SID = (hidden)" in shown
    assert "12345678" not in shown
    assert "hunter2" not in shown
    assert caught.value.__suppress_context__


def test_a_key_that_nothing_reads_is_pointed_out_with_the_one_that_was_meant(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("SFR_CONCURENCY=3\nSFDC_DOMIAN=acme.my.salesforce.com\nEDITOR=vi\n")
    monkeypatch.setenv("SFR_WHATEVER", "1")
    notices = load_settings(env_file=env_file).notices
    assert notices == (
        "SFDC_DOMIAN in .env is no setting and was ignored; did you mean SFDC_DOMAIN?",
        "SFR_CONCURENCY in .env is no setting and was ignored; did you mean SFR_CONCURRENCY?",
        "SFR_WHATEVER in the environment is no setting and was ignored",
    )


def test_an_override_that_is_no_setting_is_refused(env_file: Path) -> None:
    with pytest.raises(ConfigError, match="concurency is no setting") as caught:
        load_settings({"concurency": 3}, env_file)
    assert caught.value.remedy == "Did you mean concurrency?"


def test_the_org_is_asked_for_only_when_it_is_needed() -> None:
    with pytest.raises(ConfigError, match="SFDC_DOMAIN is not set") as caught:
        Settings().require_domain()
    assert "SFDC_DOMAIN=https://" in caught.value.remedy
    assert Settings(domain="acme.my.salesforce.com").require_domain() == "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    "written",
    [
        "C:\\new\\table 1",
        '"C:\\new\\table 1"',
        "'C:\\new\\table 1'",
        '"C:\\\\new\\\\table 1"',
        "'C:\\\\new\\\\table 1'  # comment",
        '"C:\\new\\table 1" # comment',
    ],
)
def test_a_windows_path_keeps_its_backslashes(env_file: Path, written: str) -> None:
    env_file.write_text(f"export REPORT_DIRECTORY = {written}\nSFR_CONCURRENCY=2\n")
    assert read_env_file(env_file) == {"REPORT_DIRECTORY": "C:\\new\\table 1", "SFR_CONCURRENCY": "2"}


@pytest.mark.parametrize("written", ["\\\\server\\share", '"\\\\server\\share"', '"\\\\\\\\server\\\\share"'])
def test_a_network_path_keeps_its_backslashes(env_file: Path, written: str) -> None:
    env_file.write_text(f"REPORT_DIRECTORY={written}\n")
    assert read_env_file(env_file)["REPORT_DIRECTORY"] == "\\\\server\\share"


def test_a_path_may_end_in_a_backslash(env_file: Path) -> None:
    env_file.write_text('REPORT_DIRECTORY="C:\\reports\\"\n')
    assert read_env_file(env_file)["REPORT_DIRECTORY"] == "C:\\reports\\"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_of_the_file_is_read(env_file: Path, encoding: str) -> None:
    env_file.write_bytes("sfr_output=Aufträge\r\nSFR_LOG_FILE=a${HOME}$b.log\r\n".encode(encoding))
    assert read_env_file(env_file) == {"SFR_OUTPUT": "Aufträge", "SFR_LOG_FILE": "a${HOME}$b.log"}


def test_a_line_that_cannot_be_understood_is_named_without_its_text(env_file: Path) -> None:
    env_file.write_text("SFR_OUTPUT=output\nSFR_SID='s3cret\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        load_settings(env_file=env_file)
    assert "s3cret" not in str(caught.value)


def test_a_folder_called_dot_env_is_no_file_of_settings(tmp_path: Path) -> None:
    assert read_env_file(tmp_path) == {}


@given(st.dictionaries(st.from_regex(r"SFR_[A-Z]{1,9}", fullmatch=True), st.text("ab\\ :/.$#", min_size=1)))
def test_single_line_values_in_quotation_marks_keep_their_backslashes(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    values = {key: value for key, value in values.items() if "\\\\" not in value}
    path = tmp_path_factory.getbasetemp() / "quoted.env"
    path.write_text("".join(f'{key}="{value}"\n' for key, value in values.items()))
    assert read_env_file(path) == values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("5400", 5400), ("1.5H", 5400), ("1d 2h", 93600)],
)
def test_spans_of_time_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2x", "h", "-5", "1:30", "nan", "inf"])
def test_a_wrong_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("value", ["0", "0s", 0, -1, float("inf"), float("nan")])
def test_a_span_of_time_is_more_than_nothing_and_has_an_end(env_file: Path, value: object) -> None:
    with pytest.raises(ConfigError, match="SFR_STALL_SECONDS"):
        load_settings({"stall_seconds": value}, env_file)


def test_the_example_file_is_up_to_date_and_holds_every_key() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == env_example()
    assert all(f"{key}=" in written for key in environment_names().values())
    assert all(field.description for field in Settings.model_fields.values())


def test_the_example_file_is_valid_with_every_key_switched_on(env_file: Path) -> None:
    lines = (line.removeprefix("# ") for line in env_example().splitlines())
    env_file.write_text("\n".join(line for line in lines if line.split("=")[0] in environment_names().values()))
    assert set(read_env_file(env_file)) == set(environment_names().values()) - {"SFR_SID"}
    assert load_settings(env_file=env_file).notices == ()


def test_the_documentation_has_the_table_of_all_keys() -> None:
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
