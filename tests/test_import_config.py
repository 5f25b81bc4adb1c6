"""The config.ini of LinkDownloader becomes a source and a password, and nothing that is there is lost or shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sfr.errors import ConfigError
from sfr.import_config import import_config
from sfr.redaction import redact
from sfr.settings import load_settings
from sfr.settings.configured import configure
from sfr.settings.env_file import read_env_file

PASSWORD = "p%w#d 'x' \"y\" \\n $HOME =;"
USUAL = f"""\
[SETTINGS]
output_dir = C:\\Users\\Ana\\reports
max_workers = 5
base_url = https://bi.example.com/
[LOGIN]
username = ana
password = {PASSWORD}
[INTERVAL]
enabled = True
interval_minutes = 60
minimize_to_tray = False
[SERVER]
busy_minutes = 35
"""
TOML = """\
[superset]
type = "superset"
url = "https://bi.example.com"
username = "ana"
concurrency = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for key in [key for key in os.environ if key.startswith("SFR_")]:
        monkeypatch.delenv(key)
    return tmp_path


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "config.ini"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_config_becomes_a_source_that_can_be_opened(folder: Path) -> None:
    found = import_config(written(folder, USUAL), folder)
    assert (folder / "input" / "sources.toml").read_text() == TOML
    settings = load_settings()
    source = configure(settings, "superset")
    assert (source.kind, source.config.url, source.config.username) == ("superset", "https://bi.example.com", "ana")
    assert source.config.password.get_secret_value() == PASSWORD
    assert (source.limits.concurrency, str(settings.output)) == (5, "C:\\Users\\Ana\\reports")
    assert len(found.written) == 6
    assert [notice.split()[0] for notice in found.notices] == ["the", "busy_minutes", "minimize_to_tray"]
    assert "schedule --daily" in found.notices[0]
    assert "60 minutes, on" in found.notices[0]


def test_the_password_is_never_shown(folder: Path) -> None:
    found = import_config(written(folder, USUAL), folder)
    assert PASSWORD not in "\n".join((*found.written, *found.notices, repr(found)))
    assert any(line.endswith(".env: SFR_SUPERSET_PASSWORD=(hidden)") for line in found.written)
    assert PASSWORD not in redact(f"an error with {PASSWORD} in it")
    assert PASSWORD not in (folder / "input" / "sources.toml").read_text()


@pytest.mark.parametrize(
    "password",
    [
        "simple",
        "a b",
        "#x",
        "x #y",
        "it's",
        'say "x"',
        "\\",
        "C:\\new",
        "'q'",
        '"q"',
        "a'b\"c",
        "%",
        "%%",
        "ü日本",
        "$x",
    ],
)
def test_any_password_is_read_back_as_it_was(folder: Path, password: str) -> None:
    import_config(written(folder, f"[LOGIN]\nbase_url=https://x.example\npassword = {password}\n"), folder)
    assert read_env_file(folder / ".env") == {"SFR_SUPERSET_PASSWORD": password}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_new_env_file_is_for_its_owner_only(folder: Path) -> None:
    import_config(written(folder, USUAL), folder)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    (folder / ".env").write_text("OTHER=1\n")
    (folder / ".env").chmod(0o640)
    import_config(folder / "config.ini", folder)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o640


def test_a_dry_run_says_the_same_and_writes_nothing(folder: Path) -> None:
    path = written(folder, USUAL)
    planned = import_config(path, folder, dry_run=True)
    assert [each.name for each in folder.iterdir()] == ["config.ini"]
    assert import_config(path, folder) == planned


def test_a_second_import_changes_nothing(folder: Path) -> None:
    path = written(folder, USUAL)
    import_config(path, folder)
    before = [(folder / name).read_bytes() for name in (".env", "input/sources.toml")]
    assert import_config(path, folder).written == ()
    assert [(folder / name).read_bytes() for name in (".env", "input/sources.toml")] == before


def test_what_is_set_already_stays(folder: Path) -> None:
    (folder / "input").mkdir()
    (folder / "input" / "sources.toml").write_text('# mine\n[bi]\ntype = "metabase"')
    (folder / ".env").write_text('SFR_OUTPUT=reports\nSFR_SUPERSET_PASSWORD="other"')
    found = import_config(written(folder, USUAL), folder)
    assert (folder / ".env").read_text() == 'SFR_OUTPUT=reports\nSFR_SUPERSET_PASSWORD="other"'
    assert (folder / "input" / "sources.toml").read_text() == f'# mine\n[bi]\ntype = "metabase"\n\n{TOML}'
    kept = [notice for notice in found.notices if "is set already" in notice]
    assert len(kept) == 2
    assert "other" not in "".join(kept)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_files_keep_their_encoding(folder: Path, encoding: str) -> None:
    (folder / ".env").write_bytes("# größer\nOTHER=ü\n".encode(encoding))
    import_config(written(folder, USUAL.replace("ana", "änne"), encoding), folder)
    assert (folder / ".env").read_bytes().decode(encoding).startswith("# größer\nOTHER=ü\n")
    assert read_env_file(folder / ".env")["SFR_SUPERSET_PASSWORD"] == PASSWORD
    assert 'username = "änne"' in (folder / "input" / "sources.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("input/sources.toml", '[superset]\ntype = "metabase"\n', "has a source superset already"),
        ("input/sources.toml", "[superset\n", "Expected"),
        (".env", "SFR_SUPERSET_URL=https://other.example\n", "another source of this name"),
        (".env", "SFR_SUPERSET_TYPE=metabase\n", "another source of this name"),
        (".env", 'A="x\n', "not to be understood"),
    ],
)
def test_another_source_of_that_name_is_not_touched(folder: Path, name: str, content: str, message: str) -> None:
    (folder / "input").mkdir()
    (folder / name).write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        import_config(written(folder, USUAL), folder)
    assert caught.value.remedy
    assert (folder / name).read_text() == content
    assert not (folder / (".env" if name != ".env" else "input/sources.toml")).exists()


def test_the_same_source_with_more_settings_is_the_same_one(folder: Path) -> None:
    (folder / "input").mkdir()
    (folder / "input" / "sources.toml").write_text(f"{TOML}connect_seconds = 5\n")
    found = import_config(written(folder, USUAL), folder)
    assert all(".env" in line for line in found.written)


@pytest.mark.parametrize(
    "text",
    [
        "BASE_URL = https://bi.example.com\nUserName: ana\n[anything]\nPassword=secret1\n",
        "[LOGIN]\nbase_url=https://bi.example.com\n[settings]\nusername = x\n[login]\nusername = ana\npassword=secret1",
        "; mine\n[Settings]\nbase_url = bi.example.com\nusername = ana\npassword = secret1\nusername = ana\n",
    ],
)
def test_keys_are_found_in_whatever_section_and_letter_case(folder: Path, text: str) -> None:
    import_config(written(folder, text), folder)
    config = configure(load_settings(), "superset").config
    assert (config.url, config.username) == ("https://bi.example.com", "ana")
    assert config.password.get_secret_value() == "secret1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[LOGIN]\nusername = ana\n", "no base_url"),
        ("base_url = https://ana:secret1@bi.example.com\n", "a name or password"),
        ("[LOGIN]\n password secret1\n= x\nbase_url = https://x.example\n", "line 3"),
    ],
)
def test_what_is_no_config_is_refused_without_its_secrets(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        import_config(written(folder, text), folder)
    assert "secret1" not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert caught.value.remedy
    assert [each.name for each in folder.iterdir()] == ["config.ini"]


def test_a_config_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        import_config(folder / "config.ini", folder)
    with pytest.raises(ConfigError, match="cannot be read"):
        import_config(folder, folder)


def test_what_has_no_counterpart_is_told(folder: Path) -> None:
    text = "base_url=https://x.example\nmax_workers=lots\nmode=dark\nenabled=False\npassword=a%%b\n"
    notices = "\n".join(import_config(written(folder, text), folder).notices)
    assert all(word in notices for word in ("max_workers = lots", "mode is not known", "(? minutes, off)", "%%"))
    assert "a%%b" not in notices
    (folder / ".env").unlink()
    lines = import_config(written(folder, "base_url=https://x.example\n"), folder).notices
    assert any("SFR_SUPERSET_PASSWORD" in line for line in lines)
