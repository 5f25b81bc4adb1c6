"""How what was written about a source becomes the configuration of its connector, or one line for each fault."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from sfr.errors import BrokenConnector, ConfigError
from sfr.settings import load_settings
from sfr.settings.configured import ConfiguredSource, configure
from tests.installed import install

BI = {"SFR_BI_TYPE": "superset", "SFR_BI_URL": "https://bi.example.com", "SFR_BI_API_KEY": "s3cret-key"}
FILES = {"SFR_FILES_TYPE": "link", "SFR_FILES_URL": "https://files.example.com/"}
SECRET = "hunter2-s3cret"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key in [key for key in os.environ if key.upper().startswith(("SFR_", "SFDC_"))]:
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    return tmp_path


def configured(
    monkeypatch: pytest.MonkeyPatch, name: str, *sources: dict[str, str], **general: Any
) -> ConfiguredSource:
    for source in sources:
        for key, value in source.items():
            monkeypatch.setenv(key, value)
    return configure(load_settings(general), name)


def refused(monkeypatch: pytest.MonkeyPatch, name: str, *sources: dict[str, str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        configured(monkeypatch, name, *sources)
    assert SECRET not in f"{caught.value!r} {caught.value.remedy} {caught.value.__cause__} {caught.value.__context__}"
    return caught.value


def test_settings_reach_the_connector_and_limits_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"SFR_BI_CONCURRENCY": "2", "SFR_BI_REQUESTS_PER_SECOND": "0.5", "SFR_BI_JITTER_SECONDS": "3"}
    found = configured(monkeypatch, "BI", BI, limits)
    assert (found.name, found.kind, found.config.url) == ("bi", "superset", "https://bi.example.com")
    assert found.limits.model_dump() == {"concurrency": 2, "requests_per_second": 0.5, "jitter_seconds": 3.0}
    assert found.config.api_key.get_secret_value() == "s3cret-key"
    assert "s3cret-key" not in f"{found} {found!r} {found.config}"


def test_the_general_settings_hold_unless_the_source_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, "bi", BI, connect_seconds=3, first_byte_seconds=77)
    assert (found.config.connect_seconds, found.config.first_byte_seconds) == (3, 77)
    found = configured(monkeypatch, "bi", {"SFR_BI_CONNECT_SECONDS": "4"}, connect_seconds=3)
    assert (found.config.connect_seconds, found.config.first_byte_seconds) == (4, 900)


def test_a_second_org_has_its_own_domain_and_session(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {"SFDC_DOMAIN": "acme.my.salesforce.com", "SFR_SID": "00D000000000001!first"}
    assert "SFR_EMEA_DOMAIN is not set." in refused(monkeypatch, "emea", first, {"SFR_EMEA_TYPE": "salesforce"}).message
    second = {"SFR_EMEA_DOMAIN": "emea.my.salesforce.com", "SFR_BROWSER": "firefox"}
    found = configured(monkeypatch, "emea", second).config
    assert (found.domain, found.sid, found.browser) == ("https://emea.my.salesforce.com", None, "firefox")
    own = configured(monkeypatch, "salesforce").config
    assert (own.domain, own.sid.get_secret_value()) == ("https://acme.my.salesforce.com", "00D000000000001!first")


def test_the_first_org_may_be_declared_as_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, "salesforce", {"SFR_SALESFORCE_DOMAIN": "acme.my.salesforce.com"})
    assert found.config.domain == "https://acme.my.salesforce.com"


def test_each_fault_has_a_line_with_its_key_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "SFR_FILES_METHOD": "PUT",
        "SFR_FILES_CONNECT_SECONDS": "soon",
        "SFR_FILES_CONCURRENCY": "0",
        "SFR_FILES_PASWORD": SECRET,
        "SFR_FILES_COLOUR": "red",
    }
    error = refused(monkeypatch, "files", FILES, wrong)
    lines = {line.split(" ")[0]: line for line in error.message.splitlines()}
    assert set(lines) == wrong.keys()
    assert '= "PUT" (environment): ' in lines["SFR_FILES_METHOD"]
    assert "Reports in flight at a time" in lines["SFR_FILES_CONCURRENCY"]
    assert lines["SFR_FILES_PASWORD"].endswith("did you mean SFR_FILES_PASSWORD?")
    assert "there are: url, username" in lines["SFR_FILES_COLOUR"]
    assert error.remedy == "`sfr connectors link` explains every setting of this type of source."


def test_a_missing_setting_is_named_with_its_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(monkeypatch, "bi", {"SFR_BI_TYPE": "superset"})
    assert error.message.startswith("SFR_BI_URL is not set. ")
    assert len(error.message) > len("SFR_BI_URL is not set. ")


def test_the_place_of_a_wrong_value_is_told_where_it_is_not_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("input/sources.toml").write_text('[files]\ntype = "link"\nmethod = "PUT"\n', encoding="utf-8")
    Path(".env").write_text("SFR_FILES_URL=ftp://x\n", encoding="utf-8")
    lines = refused(monkeypatch, "files").message.splitlines()
    assert any('input/sources.toml, [files] method = "PUT": ' in line for line in lines)
    assert any('SFR_FILES_URL = "ftp://x" (.env): must begin with https://' in line for line in lines)


def test_the_value_of_a_secret_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(monkeypatch, "files", FILES, {"SFR_FILES_HEADERS": f"X-Key: {SECRET}"})
    assert "SFR_FILES_HEADERS = (hidden) (environment): " in error.message
    error = refused(monkeypatch, "files", {"SFR_FILES_HEADERS": "{}", "SFR_FILES_URL": f"https://me:{SECRET}@host/"})
    assert "SFR_FILES_URL = (hidden) (environment): " in error.message
    error = refused(monkeypatch, "files", FILES, {"SFR_FILES_PASSWORD": SECRET})
    assert error.message == "source files: there is a password without a username."


def test_secrets_in_the_file_of_sources_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'[files]\ntype = "link"\nurl = "https://x"\nusername = "me"\npassword = "{SECRET}"\n'
    Path("input/sources.toml").write_text(f'{text}headers = {{X-Key = "{SECRET}"}}\n', encoding="utf-8")
    assert refused(monkeypatch, "files").message.splitlines() == [
        "input/sources.toml, [files] password is a secret and belongs into .env, as SFR_FILES_PASSWORD=…",
        "input/sources.toml, [files] headers is a secret and belongs into .env, as SFR_FILES_HEADERS=…",
    ]


def test_more_than_a_text_is_written_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, "files", FILES, {"SFR_FILES_HEADERS": '{"X-Key": "s3cret-value"}'})
    assert {name: value.get_secret_value() for name, value in found.config.headers.items()} == {"X-Key": "s3cret-value"}
    assert "s3cret-value" not in repr(found)


def test_an_unknown_type_is_told_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(monkeypatch, "bi", {"SFR_BI_TYPE": "supreset"})
    assert error.message == "unknown type of source 'supreset'"
    assert "superset" in error.remedy


CONNECTORS = """
from pydantic import BaseModel, SecretStr

class Config(BaseModel):
    url: str = ""
    domain: str = ""
    sid: SecretStr | None = None
    output: str = ""
    database_url: SecretStr | None = None
    connect_seconds: float = 1.0

class Greedy:
    Config = Config

class Bare:
    pass
"""


@pytest.fixture
def packages(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {
        "greedy": "strange_ones:Greedy",
        "bare": "strange_ones:Bare",
        "leaving": "leaving_one:X",
        "no-class": "sfr:X",
    }
    folder = install(place / "packages", "sfr-strange", kinds)
    (folder / "strange_ones.py").write_text(CONNECTORS, encoding="utf-8")
    (folder / "leaving_one.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))


def test_a_strangers_connector_gets_no_session_and_no_database_of_ours(
    packages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"SFDC_DOMAIN": "acme.my.salesforce.com", "SFR_SID": SECRET, "SFR_DATABASE_URL": f"sqlite:///{SECRET}.db"}
    found = configured(monkeypatch, "greedy", ours, {"SFR_OUTPUT": "mine", "SFR_CONNECT_SECONDS": "9"}).config
    assert (found.domain, found.sid, found.output, found.database_url) == ("", None, "", None)
    assert found.connect_seconds == 9


@pytest.mark.parametrize(
    ("kind", "said"),
    [("bare", "declares no settings"), ("leaving", "SystemExit: 7"), ("no-class", "AttributeError")],
)
def test_a_broken_connector_is_told_as_such(
    packages: None, monkeypatch: pytest.MonkeyPatch, kind: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(BrokenConnector, match=said):
        configured(monkeypatch, kind)
