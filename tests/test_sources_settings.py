"""Named sources: where they are declared, whose a key is, and what a person is told about names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfr.errors import ConfigError
from sfr.settings import Settings, load_settings
from sfr.settings.configured import configure
from sfr.settings.inheritance import secrets_withheld, withhold_secrets
from tests.installed import install

BI = {"SFR_BI_TYPE": "superset", "SFR_BI_URL": "https://bi.example.com"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key in [key for key in os.environ if key.upper().startswith("SFR_")]:
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    return tmp_path


def toml(text: str) -> Path:
    path = Path("input/sources.toml")
    path.write_text(text, encoding="utf-8")
    return path


def loaded(monkeypatch: pytest.MonkeyPatch, *sources: dict[str, str], env_file: str = "") -> Settings:
    Path(".env").write_text(env_file, encoding="utf-8")
    for source in sources:
        for key, value in source.items():
            monkeypatch.setenv(key, value)
    return load_settings()


def written(settings: Settings, name: str) -> dict[str, object]:
    return {field: value.value for field, value in settings.declared(name).fields.items()}


def test_a_source_is_declared_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, BI)
    assert settings.source_type("bi") == settings.source_type(" BI ") == "superset"
    assert written(settings, "bi") == {"url": "https://bi.example.com"}
    assert settings.source_names() == ("bi", "link", "salesforce")
    assert settings.notices == ()


def test_a_source_is_declared_in_the_file_of_settings_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, env_file="sfr_bi_type= Superset\nSFR_BI_url=https://bi.example.com\n")
    assert (settings.source_type("bi"), written(settings, "bi")["url"]) == ("superset", "https://bi.example.com")


def test_a_source_is_declared_in_a_file_of_its_own_with_a_byte_order_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    toml(
        '\ufeff[bi-test]\ntype = " Superset"\nurl = "https://bi.example.com"\nconcurrency = 3\n[metabase]\nurl = "x"\n'
    )
    settings = loaded(monkeypatch)
    assert (settings.source_type("bi-test"), settings.source_type("metabase")) == ("superset", "metabase")
    assert written(settings, "bi-test") == {"url": "https://bi.example.com", "concurrency": 3}


def test_another_file_of_sources_may_be_named(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    toml("[bi]\n").rename(place / "mine.toml")
    assert "bi" in loaded(monkeypatch, {"SFR_SOURCES": str(place / "mine.toml")}).source_names()


def test_the_environment_beats_the_file_of_settings_which_beats_that_of_sources(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml('[bi]\ntype = "superset"\nurl = "1"\nusername = "1"\nconnect_seconds = 1\n')
    settings = loaded(monkeypatch, {"SFR_BI_URL": "3"}, env_file="SFR_BI_URL=2\nSFR_BI_USERNAME=2\n")
    assert written(settings, "bi") == {"url": "3", "username": "2", "connect_seconds": 1}


def test_the_secret_of_a_name_with_a_hyphen_stands_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    toml('[bi-test]\ntype = "superset"\n')
    settings = loaded(monkeypatch, {"SFR_BI_TEST_PASSWORD": "s3cret", "SFR_BI_TEST_TYPE": "metabase"})
    assert written(settings, "bi-test") == {"password": "s3cret"}
    assert settings.source_type("bi-test") == "metabase"
    assert "bi_test" not in settings.source_names()


def test_a_key_belongs_to_the_longest_name_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = {"SFR_BI_TEST_TYPE": "metabase", "SFR_BI_TEST_URL": "https://test"}
    settings = loaded(monkeypatch, BI, longer)
    assert written(settings, "bi") == {"url": "https://bi.example.com"}
    assert written(settings, "bi_test") == {"url": "https://test"}


def test_a_type_is_implied_by_its_keys_and_not_by_those_of_a_longer_name(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = {"SFR_CAKE_EU_TYPE": "cake", "SFR_CAKE_EU_URL": "https://eu"}
    assert loaded(monkeypatch, longer).source_names() == ("cake_eu", "link", "salesforce")
    settings = loaded(monkeypatch, {"SFR_CAKE_URL": "https://us"})
    assert settings.source_type("cake") == "cake"
    assert written(settings, "cake") == {"url": "https://us"}
    assert settings.notices == ()


@pytest.mark.parametrize(
    ("key", "kind", "message"),
    [
        ("SFR_LOG_TYPE", "superset", "no source can be called log: SFR_LOG_FILE is a setting of its own"),
        ("SFR_DATABASE_TYPE", "superset", "no source can be called database: SFR_DATABASE_URL"),
        ("SFR_SALESFORCE_TYPE", "superset", "the source salesforce has the type superset"),
        ("SFR_LINK_TYPE", "metabase", "the source link has the type metabase"),
    ],
)
def test_a_name_that_means_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, kind: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        loaded(monkeypatch, {key: kind})
    assert "nother name" in caught.value.remedy


def test_a_table_without_a_type_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    toml('[bi]\nurl = "https://bi"\n')
    with pytest.raises(ConfigError, match=r"\[bi\] has no type") as caught:
        loaded(monkeypatch, {}).declared("bi")
    assert 'type = "superset"' in caught.value.remedy


def test_a_secret_in_the_file_is_seen_where_the_environment_beats_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml('[bi]\ntype = "superset"\nurl = "https://bi"\nusername = "a"\npassword = "in the file"\n')
    with pytest.raises(ConfigError, match=r"belongs into \.env") as caught:
        configure(loaded(monkeypatch, {"SFR_BI_PASSWORD": "elsewhere"}), "bi")
    assert "in the file" not in str(caught.value)


def test_an_unknown_source_is_told_its_neighbour_and_how_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, {"SFR_WAREHOUSE_TYPE": "superset"})
    with pytest.raises(ConfigError, match="there is no source 'warehosue'") as caught:
        settings.declared("warehosue")
    assert "Did you mean warehouse?" in caught.value.remedy
    assert "SFR_WAREHOSUE_TYPE=superset" in caught.value.remedy


def test_a_key_that_no_source_has_is_pointed_out_and_those_of_sources_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    toml('[files]\ntype = "link"\n')
    stray = {"SFR_BIX_URL": "https://x", "SFR_FILES_PASSWORD": "s3cret", "SFR_CONCURENCY": "3"}
    notices = loaded(monkeypatch, BI, stray).notices
    assert [notice.split()[0] for notice in notices] == ["SFR_BIX_URL", "SFR_CONCURENCY"]
    assert not any("s3cret" in notice or "https" in notice for notice in notices)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[bi]\nurl = "a\n', "line 2"),
        ("[bi]\nurl = \n", "line 2"),
        ('url = "https://x"\n', "url stands outside of a table"),
        ("[Bi]\n", r"\[Bi\] is no name for a source"),
        ('["b i"]\n', "is no name for a source"),
        ("[bi]\n[bi]\n", "line 2"),
        ("[bi-test]\n[bi_test]\n", r"\[bi-test\] and \[bi_test\] would have the same keys, SFR_BI_TEST_"),
    ],
)
def test_a_wrong_file_of_sources_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    toml(text)
    with pytest.raises(ConfigError, match=said) as caught:
        loaded(monkeypatch)
    assert "sources.toml" in caught.value.message
    assert caught.value.remedy


def test_a_file_of_sources_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    toml("").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"sources\.toml cannot be read") as caught:
        loaded(monkeypatch)
    assert "UTF-8" in caught.value.remedy


def test_the_settings_of_sources_are_kept_from_child_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the general ones that are no secrets go on to them."""
    secrets = {"SFR_BI_PASSWORD": "s3cret", "sfr_files_bearer_token": "t0ken", "SFR_SID": "00Dsid"}
    settings = loaded(monkeypatch, BI, secrets, {"SFR_OUTPUT": "out"})
    show = "import os; print(*sorted(key for key in os.environ if key.upper().startswith('SFR_')))"
    with secrets_withheld():
        child = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["SFR_OUTPUT"]
    assert os.environ["SFR_BI_PASSWORD"] == "s3cret"
    assert written(settings, "bi")["password"] == "s3cret"
    withhold_secrets()
    assert not {"SFR_BI_PASSWORD", "SFR_BI_URL", "SFR_SID"} & os.environ.keys()


def test_the_source_of_an_address_is_the_one_whose_origin_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, BI)
    assert settings.source_of_address("https://BI.example.com:443/superset/dashboard/1") == "bi"
    for other in (
        "http://bi.example.com",
        "https://bi.example.com:8088/",
        "https://example.com",
        "nonsense",
        "https://[x",
    ):
        assert settings.source_of_address(other) is None


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = install(
        tmp_path / "packages", "sfr-tides", {"Tides": "tides_connector:Tides"}, {"bucket": "no_such:Bucket"}
    )
    (place / "tides_connector.py").write_text("class Tides:\n    Config = None\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(place))
    return place


def test_the_type_of_an_installed_package_is_implied_by_its_keys_too(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = loaded(monkeypatch, {"SFR_TIDES_API_KEY": "s3cret", "SFR_BUCKET_URL": "https://s3"})
    assert settings.source_type("tides") == "tides"
    assert written(settings, "tides") == {"api_key": "s3cret"}
    assert (settings.notices, settings.source_names()) == ((), ("link", "salesforce", "tides"))


def test_a_package_with_damaged_metadata_hides_no_other(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = install(packages, "sfr-damaged", {}) / "sfr_damaged-1.2.dist-info" / "entry_points.txt"
    damaged.write_text("[sfr.sources]\nthis is no entry point\n", encoding="utf-8")
    assert loaded(monkeypatch, {"SFR_TIDES_API_KEY": "s3cret"}).source_type("tides") == "tides"
