"""Which secret counts: environment, what is kept, .env; and what is said when one is missing or cannot be had."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sfr.errors import ConfigError
from sfr.redaction import redact
from sfr.settings import load_settings
from sfr.settings.configured import configure, configure_destination
from sfr.settings.kept_secrets import credentials_of
from sfr.settings.secret_fields import find_secret, read_name
from tests.installed import install
from tests.session import keyrings
from tests.session.conftest import memory, use_keyring  # noqa: F401  fixtures

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the folder of states cannot be another one there")

BI = "SFR_BI_TYPE=superset\nSFR_BI_URL=https://bi.example.com\nSFR_BI_USERNAME=me\n"
KEPT = "kept-s3cret"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key in [key for key in os.environ if key.upper().startswith(("SFR_", "SFDC_"))]:
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)
    for key in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(key, str(tmp_path / "home"))
    monkeypatch.setenv("SFR_CREDENTIALS", "file")
    Path(".env").write_text(BI, encoding="utf-8")
    return tmp_path


def keep(name: str = "bi.password", value: str = KEPT, server: str = "") -> None:
    settings = load_settings()
    server = server or find_secret(settings, name).server
    credentials_of(settings).keep(name, server, value, may_ask=False)


def password(name: str = "bi") -> str:
    config = configure(load_settings(), name).config
    return str(config.password.get_secret_value()) if config.password else ""


def refused(name: str = "bi") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        configure(load_settings(), name)
    assert KEPT not in f"{caught.value!r} {caught.value.remedy}"
    return caught.value


def test_the_environment_beats_what_is_kept_which_beats_the_file_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"{BI}SFR_BI_PASSWORD=of-the-file\n", encoding="utf-8")
    assert password() == "of-the-file"
    keep()
    assert password() == KEPT
    monkeypatch.setenv("SFR_BI_PASSWORD", "of-the-environment")
    assert password() == "of-the-environment"


def test_what_is_kept_in_the_keyring_counts_as_much(
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SFR_CREDENTIALS", "auto")
    keep()
    assert memory.kept == {("sfr-credentials", "bi.password"): KEPT}
    assert password() == KEPT
    assert not Path("home/sfr/credentials.sealed").exists()


def test_a_value_is_in_one_place_only_and_the_newest_one_counts(
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for choice, value in [("file", "first"), ("keyring", "second"), ("file", "third")]:
        monkeypatch.setenv("SFR_CREDENTIALS", choice)
        keep(value=value)
        assert password() == value
        assert len(memory.kept) == (choice == "keyring")
    credentials_of(load_settings()).forget("bi.password", may_ask=False)
    assert "SFR_BI_PASSWORD" in refused().message


def test_an_older_value_in_a_locked_keyring_is_told_and_not_used(
    use_keyring: Callable[[str], None],  # noqa: F811
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SFR_CREDENTIALS", "keyring")
    keep(value="older")
    monkeypatch.setenv("SFR_CREDENTIALS", "file")
    monkeypatch.setenv(keyrings.ERROR, "keyring.errors.KeyringLocked")
    use_keyring("tests.session.keyrings.FailingKeyring")
    settings = load_settings()
    server = find_secret(settings, "bi.password").server
    kept, notice = credentials_of(settings).keep("bi.password", server, KEPT, may_ask=False)
    assert kept.store == "encrypted file"
    assert "an older value is still in the keyring (sfr-credentials, bi.password), and not used" in notice
    assert password() == KEPT


@pytest.mark.parametrize("error", ["keyring.errors.KeyringLocked", "keyring.errors.InitError"])
def test_a_value_that_cannot_be_had_is_an_error_and_nothing_older_takes_its_place(
    use_keyring: Callable[[str], None],  # noqa: F811
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    error: str,
) -> None:
    monkeypatch.setenv("SFR_CREDENTIALS", "keyring")
    keep()
    Path(".env").write_text(f"{BI}SFR_BI_PASSWORD=stale\n", encoding="utf-8")
    monkeypatch.setenv(keyrings.ERROR, error)
    use_keyring("tests.session.keyrings.FailingKeyring")
    told = refused()
    assert told.message.startswith("bi.password is kept in the keyring, which ")
    assert "SFR_CREDENTIALS=file" in told.remedy
    with pytest.raises(ConfigError, match="was not kept: the keyring"):
        keep(value="another")
    monkeypatch.setenv("SFR_BI_PASSWORD", "of-the-environment")
    assert password() == "of-the-environment"


def test_a_keyring_that_lost_the_value_or_is_gone_is_told(
    use_keyring: Callable[[str], None],  # noqa: F811
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SFR_CREDENTIALS", "keyring")
    keep()
    memory._keep({})
    assert "has no such value any more" in refused().message
    use_keyring("keyring.backends.fail.Keyring")
    assert "cannot be reached from here" in refused().message


def test_no_keyring_is_asked_where_nothing_was_kept_or_nothing_is_needed(
    use_keyring: Callable[[str], None],  # noqa: F811
    memory: keyrings.FileKeyring,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A keyring that waits for ever would be seen: its time limit makes an error."""
    use_keyring("tests.session.keyrings.WaitingKeyring")
    Path(".env").write_text(f"{BI}SFR_BI_PASSWORD=x\n", encoding="utf-8")
    assert password() == "x"
    use_keyring("tests.session.keyrings.FileKeyring")
    monkeypatch.setenv("SFR_CREDENTIALS", "keyring")
    keep()
    use_keyring("tests.session.keyrings.WaitingKeyring")
    assert configure(load_settings(), "link").name == "link"
    monkeypatch.setenv("SFR_BI_PASSWORD", "of-the-environment")
    monkeypatch.setenv("SFR_BI_API_KEY", "of-the-environment")
    assert password() == "of-the-environment"


def test_a_missing_secret_is_named_with_every_way_to_give_it() -> None:
    told = refused().message
    assert told.startswith("source bi: password missing")
    assert "`sfr credentials set bi.password` (or api_key), or write SFR_BI_PASSWORD into .env" in told


def test_a_value_for_another_server_is_not_sent_there() -> None:
    keep()
    Path(".env").write_text(BI.replace("bi.example", "bi.elsewhere"), encoding="utf-8")
    told = refused()
    assert told.message == (
        "bi.password was kept for superset https://bi.example.com, and bi is superset https://bi.elsewhere.com now"
    )
    assert "SFR_BI_PASSWORD" in told.remedy
    Path(".env").write_text(BI.replace("https://bi.example.com", "https://BI.example.com:443/x/"), encoding="utf-8")
    assert password() == KEPT


def test_a_value_that_was_typed_before_the_address_was_known_counts() -> None:
    Path(".env").write_text("SFR_BI_TYPE=superset\n", encoding="utf-8")
    keep()
    Path(".env").write_text(BI, encoding="utf-8")
    assert password() == KEPT


def test_a_kept_value_reaches_workers_and_is_masked_and_may_be_more_than_a_text() -> None:
    keep(value="wörd with\nlines, and {braces}")
    config = pickle.loads(pickle.dumps(configure(load_settings(), "bi").config))
    assert config.password.get_secret_value() == "wörd with\nlines, and {braces}"
    assert "braces" not in f"{config!r} {redact(config.password.get_secret_value())}"
    Path(".env").write_text("SFR_FILES_TYPE=link\nSFR_FILES_URL=https://files.example.com\n", encoding="utf-8")
    keep("files.headers", '{"X-Key": "s3cret-value"}')
    headers = configure(load_settings(), "files").config.headers
    assert {name: value.get_secret_value() for name, value in headers.items()} == {"X-Key": "s3cret-value"}


def test_a_damaged_file_of_values_stops_what_needs_it_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    Path("home/sfr/credentials.sealed").write_bytes(b"junk")
    assert "damaged" in refused().message
    monkeypatch.setenv("SFR_BI_PASSWORD", "x")
    monkeypatch.setenv("SFR_BI_API_KEY", "x")
    assert password() == "x"


SHELF = """
from pydantic import BaseModel, SecretStr, Field

class Config(BaseModel):
    url: SecretStr = Field(description="Address with its password")
    token: SecretStr | None = None

class Vault:
    Config = Config
"""


def test_a_destination_is_told_and_given_its_secrets_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(place / "packages", "sfr-vault", {}, {"vault": "vault_shelf:Vault"})
    (folder / "vault_shelf.py").write_text(SHELF, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    Path(".env").write_text("SFR_LAKE_TYPE=vault\nSFR_LAKE_TOKEN=x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        configure_destination(load_settings(), "lake")
    assert caught.value.message == (
        "SFR_LAKE_URL is not set: `sfr credentials set lake.url`, or write SFR_LAKE_URL into .env, or into the "
        "environment. Address with its password"
    )
    Path(".env").write_text("SFR_LAKE_TYPE=vault\nSFR_LAKE_URL=sftp://me:old@host/\n", encoding="utf-8")
    keep("lake.url", f"sftp://me:{KEPT}@host/")
    assert [each.server for each in credentials_of(load_settings()).kept().values()] == ["vault"]
    for text in ("SFR_LAKE_TYPE=vault\n", "SFR_LAKE_TYPE=vault\nSFR_LAKE_URL=sftp://me:old@other/\n"):
        Path(".env").write_text(text, encoding="utf-8")
        _, config = configure_destination(load_settings(), "lake")
        assert config.url.get_secret_value() == f"sftp://me:{KEPT}@host/"


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("bo.password", "there is no source or destination 'bo'", "There are: bi, link, salesforce."),
        ("bii.password", "there is no source or destination 'bii'", "Did you mean bi?"),
        ("bi.pasword", "bi (type superset) has no setting 'pasword'", "Did you mean password?"),
        ("bi.username", "bi.username is no secret", "Write SFR_BI_USERNAME=… into .env"),
        ("folder.directory", "folder.directory is no secret", "It has no secrets."),
        ("salesforce.sid", "salesforce.sid: a session of Salesforce ends after hours", "`sfr login`"),
        ("sfr.database_url", "SFR_DATABASE_URL is a general setting", "~/.pgpass"),
        ("sfdc.domain", "SFDC_DOMAIN is a general setting", "into the environment or .env"),
    ],
)
def test_a_name_that_stands_for_no_secret_is_told_what_there_is(name: str, message: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_secret(load_settings(), name)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["", "bi", "bi.", ".password", "bi.password=hunter2", "bi password", "hunter2!"])
def test_what_is_no_name_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_name(text)
    assert "hunter2" not in f"{caught.value} {caught.value.remedy}"


def test_names_may_be_in_capitals() -> None:
    assert read_name(" BI.Password ") == "bi.password"
