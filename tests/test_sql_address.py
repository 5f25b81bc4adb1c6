"""Addresses of databases: what they mean, what is said of wrong ones, and that no secret is shown."""

from __future__ import annotations

import pickle
import sqlite3
from pathlib import Path

import pytest
from pydantic import ValidationError

from sfr.database_address import read_database_address
from sfr.database_errors import Trouble, is_foreign, renamed, trouble_of
from sfr.errors import AuthError, ConfigError, DeliveryError, ReportError, TransientError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.query import Query
from sfr.sources.sql.reading import Readings
from tests.sql_databases import config_of, database_of, has_mysqlclient

SECRET = "geheim-5ecret"


@pytest.mark.parametrize(
    ("url", "dialect", "driver", "shown"),
    [
        (f"postgresql://me:{SECRET}@host:5433/db?sslpassword={SECRET}", "postgresql", "psycopg", "me@host:5433/db"),
        ("postgres://host/db", "postgresql", "psycopg", "postgresql host/db"),
        ("postgresql+psycopg2://host/db", "postgresql", "psycopg2", "postgresql host/db"),
        (f"mysql+pymysql://me:{SECRET}@host/db", "mysql", "pymysql", "mysql me@host/db"),
        ("mariadb+mysqldb://host/db", "mysql", "mysqldb", "mariadb host/db"),
        (f"mssql+pyodbc://me:{SECRET}@host/db?driver=ODBC+Driver+18", "mssql", "pyodbc", "mssql me@host/db"),
        (f"mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3D{SECRET}", "mssql", "pyodbc", "mssql"),
    ],
)
def test_an_address_says_which_database_and_driver_and_hides_its_secrets(
    url: str, dialect: str, driver: str, shown: str
) -> None:
    address = read_database_address(url)
    assert (address.dialect, address.driver) == (dialect, driver)
    assert shown in address.shown
    assert SECRET not in f"{address} {address!r} {address.shown}"
    assert SECRET not in url or SECRET in address.secrets


def test_mysql_takes_mysqlclient_where_it_is_installed() -> None:
    assert read_database_address("mysql://h/d").driver == ("mysqldb" if has_mysqlclient() else "pymysql")


def test_the_file_of_sqlite_becomes_absolute_and_must_be_there_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_database_address("sqlite:///new.db").file == tmp_path / "new.db"
    with pytest.raises(ValueError, match="not there"):
        read_database_address("sqlite:///new.db", must_exist=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is no address"),
        ("nonsense", "is no address"),
        (f"postgresql://me:{SECRET}@host:port/db", "is no address"),
        (f"db2x://me:{SECRET}@host/db", "not known here, db2x"),
        (f"postgresql://me:{SECRET}@host", "names no database"),
        ("postgresql:///db", "names no host"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        (f"postgresql+asyncpg://me:{SECRET}@host/db", "asyncio"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_it(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        read_database_address(url)
    assert SECRET not in str(raised.value)


def test_a_missing_driver_is_told_with_the_command_that_installs_it() -> None:
    with pytest.raises(ConfigError, match="needs the package pyodbc") as raised:
        read_database_address("mssql+pyodbc://host/db").check_driver()
    assert 'pip install "pyodbc"' in raised.value.remedy


def test_a_configuration_hides_its_address_and_travels() -> None:
    config = config_of(f"postgresql://me:{SECRET}@host/db")
    assert SECRET not in f"{config} {config!r}"
    assert pickle.loads(pickle.dumps(config)).address == config.address


@pytest.mark.parametrize(
    "settings",
    [{"timezone": "Nowhere/City"}, {"timezone": "2"}, {"null": 'a"'}, {"null": ","}, {"statement_seconds": 0}],
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SqlConfig.model_validate({"url": "postgresql://h/d", **settings})


def test_who_is_not_let_in_is_told_apart_from_what_is_not_there(tmp_path: Path) -> None:
    with database_of("postgresql", tmp_path) as url:
        nobody = url.replace("postgres@", f"sfr_nobody:{SECRET}@")
        nowhere = url.rpartition("/")[0] + "/sfr_no_such_database"
        for wrong, kind, reason in ((nobody, AuthError, "password"), (nowhere, ReportError, "no-database")):
            with pytest.raises(kind) as raised, Readings().open(config_of(wrong)):
                pass
            assert raised.value.reason == reason
            assert SECRET not in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql"])
def test_a_host_that_does_not_answer_may_answer_later(scheme: str) -> None:
    with pytest.raises(TransientError) as raised, Readings().open(config_of(f"{scheme}://me@127.0.0.1:1/db")):
        pass
    assert raised.value.reason == "unreachable"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("nothing of the kind, whatever its name says" * 20, encoding="utf-8")
    with pytest.raises(ReportError) as raised, Readings().open(config_of(f"sqlite:///{tmp_path / 'x.db'}")) as reading:
        list(reading.batches(Query("SELECT 1 AS a FROM t")))
    assert raised.value.reason == "damaged"


def test_places_and_sources_have_their_own_errors_for_the_same_trouble() -> None:
    address = read_database_address("sqlite:///x.db")
    error = sqlite3.OperationalError("attempt to write")
    assert trouble_of(error) is Trouble.STATEMENT
    assert isinstance(renamed(error, address), ReportError)
    assert isinstance(renamed(error, address, refused=DeliveryError), DeliveryError)
    assert is_foreign(error)
    assert not is_foreign(ValueError("ours"))
