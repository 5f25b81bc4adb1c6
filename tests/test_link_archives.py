from __future__ import annotations

import gzip

import pytest

from sfr.errors import ReportError
from tests.links import CSV, LOGIN_PAGE, failure, fetch, report, zipped
from tests.servers.files import FileServer, Reply

PACKED = {"gzip": gzip.compress(CSV, mtime=0), "zip": zipped(sales=CSV)}


def test_the_tables_of_an_archive_become_files_of_the_report() -> None:
    litter = {"__MACOSX/._east.csv": b"x", "dir/.hidden": b"y", "readme.md": b"# hello"}
    archive = zipped(east=CSV, west=CSV + b"3,Eve\n", **litter)
    with FileServer(a=Reply(archive)) as server:
        tray, fetched = fetch(f"{server.url}/a")
    assert bytes(tray.data) == CSV
    assert {label: bytes(other.data) for label, other in tray.others.items()} == {"west": CSV + b"3,Eve\n"}
    assert "2 files; this one is east.csv" in fetched.warnings[0]
    assert "1 other" in fetched.warnings[1]


@pytest.mark.parametrize(
    ("member", "labels"),
    [
        ("west.csv", []), ("WEST*", []), ("2026/*", ["2026-dir-east"]), ("*east.csv", ["2026-east", "2026-dir-east"]),
        ("*.md", []), ("2026/east.csv", []), ("[ew]*.csv", ["2026-east", "2026-dir-east", "west"]),
    ],
)  # fmt: skip
def test_a_member_or_a_pattern_chooses(member: str, labels: list[str]) -> None:
    archive = zipped(**{"east": CSV, "2026/east": CSV, "2026/dir/east": CSV, "west": CSV, "readme.md": CSV})
    with FileServer(a=Reply(archive)) as server:
        tray, fetched = fetch(report(f"{server.url}/a", member=member))
    assert bytes(tray.data) == CSV
    assert list(tray.others) == labels
    assert not [warning for warning in fetched.warnings if "left out" in warning]


def test_members_of_one_name_get_different_labels() -> None:
    names = {f"{folder}/data": CSV for folder in ("a", "b", "c-b")}
    with FileServer(a=Reply(zipped(**names, Data=CSV))) as server:
        tray, _ = fetch(f"{server.url}/a")
    assert len({label.lower() for label in tray.others}) == 3


@pytest.mark.parametrize(
    ("archive", "options", "reason"),
    [
        (zipped(), {}, "no-member"), (zipped(a=CSV), {"member": "b.csv"}, "no-member"),
        (CSV, {"member": "b.csv"}, "format"), (PACKED["gzip"], {"member": "b.csv"}, "format"),
        (zipped(**{f"a{number}": CSV for number in range(101)}), {}, "too-many-members"),
        (zipped(a=LOGIN_PAGE), {}, "login"), (zipped(a=b""), {}, "empty"), (zipped(a=PACKED["gzip"]), {}, "packed"),
        (zipped(a=PACKED["zip"]), {}, "packed"), (gzip.compress(PACKED["gzip"], mtime=0), {}, "packed"),
    ],
)  # fmt: skip
def test_an_archive_without_what_is_wanted_is_refused(archive: bytes, options: dict[str, str], reason: str) -> None:
    with FileServer(a=Reply(archive)) as server:
        error = failure(report(f"{server.url}/a", **options))
    assert isinstance(error, ReportError)
    assert error.reason == reason


def test_an_encrypted_or_oddly_packed_archive_is_refused_for_good() -> None:
    archive = bytearray(PACKED["zip"])
    directory = archive.index(b"PK\x01\x02")
    archive[6] |= 1
    archive[directory + 8] |= 1
    odd = bytearray(PACKED["zip"])
    odd[8] = odd[directory + 10] = 97
    with FileServer(a=Reply(bytes(archive)), b=Reply(bytes(odd))) as server:
        assert failure(f"{server.url}/a").reason == "encrypted"
        assert failure(f"{server.url}/b").reason == "unpacker"
