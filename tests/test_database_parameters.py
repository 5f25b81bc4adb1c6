"""What stands behind the ? of a database's URL is judged before anything is connected to, and no secret is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from sfr.database_address import read_database_address
from sfr.destinations.table.config import TableConfig
from sfr.errors import ReportError
from sfr.sources.sql.config import SqlConfig
from sfr.sources.sql.reading import Readings
from tests.services import require
from tests.sql_databases import config_of, csv_of, database_of, has_mysqlclient
from tests.test_sql_address import SECRET


@pytest.mark.parametrize("config", [SqlConfig, TableConfig])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql+pymysql://me:{}@h/d?foo=1", "driver pymysql does not know: foo"),
        ("mysql+pymysql://me:{}@h/d?ssl=true", "driver pymysql does not know: ssl"),
        ("mysql+mysqldb://me:{}@h/d?charst=utf8", "does not know: charst (Did you mean charset?)"),
        ("postgresql://me:{}@h/d?sslmod=require", "driver psycopg does not know: sslmod (Did you mean sslmode?)"),
        ("sqlite:///{}?mode=ro", "SQLite does not know: mode"),
        ("mysql+pymysql://me:{}@h/d?connect_timeout=soon", "a value for connect_timeout"),
        ("mysql+pymysql://me:{}@h/d?ssl_ca=/no/ca.pem", "a file for ssl_ca behind its ? that is not there"),
        ("postgresql://me:{}@h/d?sslrootcert=/no/ca.pem", "a file for sslrootcert"),
        ("mysql+pymysql://me:x@y?z={}@h/d", "write %40"),
    ],
)
def test_what_a_driver_does_not_know_is_named(config: type[BaseModel], url: str, words: str, tmp_path: Path) -> None:
    if "mysqldb" in url:  # whose parameters nobody knows where it is not installed
        require(available=has_mysqlclient(), reason="the package mysqlclient")
    (tmp_path / "a.db").touch()
    with pytest.raises(ValidationError) as raised:
        config.model_validate({"url": url.format(tmp_path / "a.db" if "sqlite" in url else SECRET)})
    said = raised.value.errors(include_input=False, include_url=False, include_context=False)[0]["msg"]
    assert words in said
    assert SECRET not in said
    assert "soon" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d?sslmode=require&application_name=a%40b&connect_timeout=5",
        "mysql+pymysql://h/d?charset=utf8mb4&ssl_ca=/ca.pem&ssl_verify_cert=true&unix_socket=/tmp/x",
        "mysql+mysqldb://h/d?charset=utf8mb4&ssl_ca=/ca.pem&ssl_mode=REQUIRED",
    ],
)
def test_what_drivers_know_is_accepted(url: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    url = url.replace("/ca.pem", (tmp_path / "ca.pem").as_posix())
    assert read_database_address(url).url.count("=") == url.count("=")


def test_a_no_is_a_no() -> None:
    named = read_database_address("mysql+pymysql://h/d?ssl_disabled=false&ssl_verify_cert=1").connect_arguments()[2]
    assert (named["ssl_disabled"], named["ssl_verify_cert"]) == (False, True)


@pytest.mark.parametrize(
    ("kind", "query", "words"),
    [
        ("postgresql", "sslmode=requir", 'invalid sslmode value: "requir"'),
        ("postgresql", "sslmode=require", "server does not support SSL, but SSL was required"),
        ("postgresql", "options=-c nonsense=5", "unrecognized configuration parameter"),
        ("mysqlclient", "ssl_mode=nonsense", "ssl_mode"),
        ("pymysql", "collation=nonsense", "Unknown collation: 'nonsense'"),
    ],
)
def test_a_value_that_the_driver_or_server_refuses_is_not_tried_again(
    kind: str, query: str, words: str, tmp_path: Path
) -> None:
    with database_of(kind, tmp_path) as url:
        config = config_of(f"{url}?{query}")
        with pytest.raises(ReportError) as raised, Readings().open(config):
            pass
    assert words in raised.value.message
    assert "settings" in raised.value.remedy


def test_what_the_driver_is_told_reaches_it(tmp_path: Path) -> None:
    with database_of("postgresql", tmp_path) as url:
        config = config_of(f"{url}?options=-c%20search_path%3Dpg_catalog&application_name=a%20b%2Bc")
        query = "SELECT current_setting('search_path') AS path, current_setting('application_name') AS name"
        assert csv_of(config, query) == b"path,name\npg_catalog,a b+c\n"


@pytest.mark.parametrize("kind", ["mysqlclient", "pymysql"])
@pytest.mark.parametrize("query", ["charset=latin1", "charset=utf8", "use_unicode=0"])
def test_no_address_makes_a_database_send_other_signs_than_it_holds(kind: str, query: str, tmp_path: Path) -> None:
    with database_of(kind, tmp_path) as url:
        assert csv_of(config_of(f"{url}?{query}"), "SELECT _utf8mb4'é漢😀' AS a") == "a\né漢😀\n".encode()
