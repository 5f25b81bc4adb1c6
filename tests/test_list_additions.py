"""Adding to a list: what a person wrote stays, byte by byte, and the new rows can be read back."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.catalog import append_rows, read_list
from sfr.errors import ConfigError
from sfr.settings import Settings
from tests.lists import ID, NOW, SUPERSET, settings_with

CHART = {"name": "Sales", "id": "chart:12", "source": "bi"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET) as found:
        yield found


def added(data: bytes, *rows: dict[str, str]) -> bytes:
    Path("list.csv").write_bytes(data)
    append_rows(Path("list.csv"), rows or [CHART])
    return Path("list.csv").read_bytes()


def names(settings: Settings, path: str = "list.csv") -> list[tuple[str, str, str]]:
    return [(each.name, each.source, each.ref) for each in read_list(Path(path), settings, NOW)]


def test_a_new_list_can_be_read(settings: Settings) -> None:
    result = append_rows(Path("new/list.csv"), [CHART, {"name": 'Ümsatz: "EU", all', "id": "13", "source": "bi"}])
    assert result.names == ("Sales", "Ümsatz- -EU-, all")
    assert names(settings, "new/list.csv") == [
        ("Sales.csv", "bi", "chart:12"),
        ("Ümsatz- -EU-, all.csv", "bi", "chart:13"),
    ]
    assert Path("new/list.csv").read_bytes().startswith(b"\xef\xbb\xbfname,id,source\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"name,id,source\nx,1,bi\n", b"name,id,source\nx,1,bi\nSales,chart:12,bi\n"),
        (b"name,id,source\nx,1,bi", b"name,id,source\nx,1,bi\nSales,chart:12,bi\n"),
        (b"note;ID;Name;source\r\n;1;x;bi\r\n", b"note;ID;Name;source\r\n;1;x;bi\r\n;chart:12;Sales;bi\r\n"),
        (b"name,id\n# mine,  1 ,\n\n", b"name,id,source\n# mine,  1 ,\n\nSales,chart:12,bi\n"),
        (b"sep=;\n\nname;id\n", b"sep=;\n\nname;id;source\nSales;chart:12;bi\n"),
        (b'"na\nme",name,id\n,x,1\n', b'"na\nme",name,id,source\n,x,1\n,Sales,chart:12,bi\n'),
        (b"\xef\xbb\xbfname\tid\n", b"\xef\xbb\xbfname\tid\tsource\nSales\tchart:12\tbi\n"),
        (b"name,id", b"name,id,source\nSales,chart:12,bi\n"),
    ],
)
def test_what_is_there_stays_as_it_is(settings: Settings, before: bytes, after: bytes) -> None:
    assert added(before) == after


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_the_encoding_of_a_list_stays(settings: Settings, encoding: str) -> None:
    text = f"name,id,source\nÜbersicht,{ID},\n"
    data = added(text.encode(encoding), {"name": "Größe", "id": "13", "source": "bi"})
    assert data.decode(encoding) == f"{text}Größe,13,bi\n"
    assert len(names(settings)) == 2


def test_a_letter_that_the_encoding_lacks_is_refused_and_the_list_is_left(settings: Settings) -> None:
    data = "name,id,source\nÜ,1,bi\n".encode("cp1252")
    with pytest.raises(ConfigError, match="lacks") as caught:
        added(data, {"name": "日本", "id": "13", "source": "bi"})
    assert "UTF-8" in caught.value.remedy
    assert Path("list.csv").read_bytes() == data


def test_salesforce_needs_no_column_for_its_name(settings: Settings) -> None:
    assert added(b"name,id\n", {"name": "a", "id": ID, "source": "salesforce"}) == f"name,id\na,{ID}\n".encode()


def test_names_are_made_valid_and_different_and_harmless(settings: Settings) -> None:
    wanted = [
        {"name": "sales", "id": "1", "source": "bi"},
        {"name": "SALES", "id": "2", "source": "bi"},
        {"name": "{today}", "id": "3", "source": "bi"},
        {"name": "=cmd|' /C calc'!A0", "id": "4", "source": "bi"},
        {"name": "", "id": "5", "source": "bi"},
    ]
    added(f"name,id,source\nSales.csv,{ID},\n".encode(), *wanted)
    assert [name for name, _, _ in names(settings)] == [
        "Sales.csv",
        "sales (2).csv",
        "SALES (3).csv",
        "{today}.csv",
        "_=cmd-' -C calc'!A0.csv",
        "5.csv",
    ]


def test_what_is_there_already_is_not_added_again(settings: Settings) -> None:
    Path("list.csv").write_text("name,id,source\nmine,chart:12,BI\n")
    result = append_rows(Path("list.csv"), [CHART, {**CHART, "id": "chart:13"}])
    assert (result.names, result.already_there) == (("Sales",), 1)
    assert append_rows(Path("list.csv"), [CHART]).names == ()


@pytest.mark.parametrize("name", ["list.json", "list.yaml", "list.yml", "list"])
def test_other_lists_are_refused(settings: Settings, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        append_rows(Path(name), [CHART])
    assert caught.value.remedy
    assert not Path(name).exists()


def test_a_list_with_a_wrong_header_is_left_alone(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="lacks this column"):
        added(b"a,b\n1,2\n")
    with pytest.raises(ConfigError, match="never closed"):
        added(b'name,id\n"a,1\n')


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes, and links need a right")
def test_a_link_stays_a_link_and_a_file_as_private_as_it_was(settings: Settings) -> None:
    real = Path("real.csv")
    real.write_text("name,id\n")
    real.chmod(0o600)
    Path("list.csv").symlink_to(real)
    append_rows(Path("list.csv"), [CHART])
    assert Path("list.csv").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert real.read_text() == "name,id,source\nSales,chart:12,bi\n"
