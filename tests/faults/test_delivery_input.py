"""Bad input to queries, shapes and places: through the command line, each mistake is one clear message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.office import Office

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

USERS = "SELECT id, generation FROM users ORDER BY id"
NOWHERE = "127.0.0.1:1"  # where nobody listens
SECRET = "sesame-of-the-tests"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    functions = (
        "def nothing(frame, report):\n    frame.dropna()\n\ndef fails(frame, report):\n    return frame['nope']\n"
    )
    (tmp_path / "input" / "clean.py").write_text(functions, encoding="utf-8")
    yield office
    office.end()


def written(office: Office, reports: dict[str, dict[str, Any]]) -> None:
    """A list of reports by name; JSON is YAML. Each reads the users unless it says something else."""
    entries = [{"name": name, "source": "lms", "query": USERS, **more} for name, more in reports.items()]
    office.write_list(json.dumps(entries, indent=1))


def joined(**changes: Any) -> dict[str, Any]:
    lookup = {"source": "lms", "query": "SELECT id, generation AS g FROM added WHERE id IN :keys", "on": {"id": "id"}}
    return {"lookups": [{**lookup, **changes}]}


# The list itself is wrong: nothing is fetched, and everything is told at once.
IN_THE_LIST: dict[str, tuple[dict[str, Any], str]] = {
    "unknown_destination": (
        {"destination": "archve"},
        '"archve" is no destination that is set up here. Did you mean ar',
    ),
    "unknown_key": (
        {"destination": {"destination": "archive", "path": "{sorce}.csv"}},
        "holds {sorce}, which is nothing",
    ),
    "unknown_date": ({"destination": {"destination": "archive", "path": "{today:%Q}"}}, "%Q is no date format"),
    "upward": ({"destination": {"destination": "archive", "path": "../a.csv"}}, "a path leads only down"),
    "unknown_type": ({"types": {"id": "intger"}}, "'intger' is no type. There are text, integer"),
    "unknown_format": ({"format": "parket"}, '"parket" is no format. Did you mean parquet?'),
    "no_cleaner": ({"clean": "input/clean.py:nothin"}, "has no function nothin"),
    "no_cleaner_file": ({"clean": "input/claen.py:nothing"}, "claen.py. Did you mean clean.py?"),
    "no_identity": ({"destination": "warehouse", "update": "upsert"}, "is missing, and upsert goes by it"),
    "upsert_file": ({"update": "upsert", "identity": ["id"]}, "is nothing that folder can do with what is there"),
    "append_parquet": ({"update": "append", "format": "parquet"}, "is for CSV files, and this report comes as parquet"),
    "unknown_step": ({"steps": [{"renam": {"id": "user"}}]}, "Did you mean rename?"),
}


def test_each_mistake_of_a_list_is_one_line_with_its_report_and_nothing_is_fetched(office: Office) -> None:
    written(office, {name: entry for name, (entry, _) in IN_THE_LIST.items()})
    finished = office.run()
    assert finished.code == 2, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    for name, (_, words) in IN_THE_LIST.items():
        (line,) = [line for line in finished.stderr.splitlines() if f"({name})" in line]
        assert words in line
    assert office.names() == set()


# It is seen when the report is fetched or delivered: this one fails, by name, and no other.
WHILE_IT_RUNS: dict[str, tuple[dict[str, Any], str, str]] = {
    "good": ({}, "", ""),
    "sql_error": ({"query": "SELECT id, generatoin FROM users"}, "no such column: generatoin", "Correct the query"),
    "join_unknown": ({**joined(on={"idd": "id"})}, "idd", "id, generation"),
    "join_unknown_there": ({**joined(on={"id": "idd"})}, "idd", "id, g"),
    "join_ambiguous": ({**joined(query="SELECT id, generation FROM added WHERE id IN :keys")}, "generation", ""),
    "misfit": (
        {"query": "SELECT 'x' AS id", "types": {"id": "integer"}},
        "record 1, column 'id': 'x' is no whole",
        "kept aside",
    ),
    "no_such_column": ({"types": {"idd": "integer"}}, "a type is named for the column 'idd'", "Did you mean id?"),
    "step_column": (
        {"steps": [{"drop": ["nothing"]}]},
        "step 1 (drop): there is no column 'nothing'",
        "id, generation",
    ),
    "clean_nothing": ({"clean": "input/clean.py:nothing"}, "input/clean.py:nothing returned nothing", "return frame"),
    "clean_fails": ({"clean": "input/clean.py:fails"}, "KeyError: 'nope' (line 5)", "the log has the whole traceback"),
    "expected": ({"expect": {"columns": ["id", "salary"]}}, "salary", "kept aside"),
    "no_folder": ({"destination": "attic"}, "attic: there is no such folder", "Make it, or correct the path"),
    "no_server": ({"destination": "far_table"}, f"postgresql u@{NOWHERE}/x", "reach its host and port"),
    "no_bucket_server": ({"destination": "far_lake"}, f"s3://reports: {NOWHERE} cannot be reached", "ENDPOINT_URL"),
    "no_sftp_server": ({"destination": "far_box"}, f"sftp://{NOWHERE} cannot be reached", "Look at host and port"),
    "no_such_identity": (
        {"destination": {"destination": "warehouse", "update": "upsert", "identity": ["salary"]}}, "salary", "",
    ),
}  # fmt: skip


def test_each_mistake_that_shows_in_the_run_fails_its_report_by_name_and_no_other(office: Office) -> None:
    written(office, {name: entry for name, (entry, *_) in WHILE_IT_RUNS.items()})
    places = {
        "SFR_ATTIC_TYPE": "folder",
        "SFR_ATTIC_DIRECTORY": str(office.folder / "attic"),
        "SFR_FAR_TABLE_TYPE": "table",
        "SFR_FAR_TABLE_URL": f"postgresql://u:{SECRET}@{NOWHERE}/x",
        "SFR_FAR_LAKE_TYPE": "s3",
        "SFR_FAR_LAKE_BUCKET": "reports",
        "SFR_FAR_LAKE_ENDPOINT_URL": f"http://{NOWHERE}",
        "SFR_FAR_LAKE_ACCESS_KEY_ID": "AKIAOFTHETESTS000001",
        "SFR_FAR_LAKE_SECRET_ACCESS_KEY": SECRET,
        "SFR_FAR_BOX_TYPE": "sftp",
        "SFR_FAR_BOX_HOST": "127.0.0.1",
        "SFR_FAR_BOX_PORT": "1",
        "SFR_FAR_BOX_USERNAME": "u",
        "SFR_FAR_BOX_PASSWORD": SECRET,
    }
    finished = office.run(SFR_MAX_ATTEMPTS="1", **places)
    assert finished.code == 1, finished.stdout + finished.stderr
    assert SECRET not in finished.stdout + finished.stderr + (office.output / ".sfr" / "sfr.log").read_text("utf-8")
    assert "Traceback" not in finished.stdout + finished.stderr
    for name, (_, words, remedy) in WHILE_IT_RUNS.items():
        told = office.outcome(f"{name}.csv")
        if not words:
            assert told["status"] == "done"
            continue
        assert told["status"] == "failed", name
        assert words in told["error"], (name, told["error"])
        assert remedy in told["remedy"], (name, told["remedy"])
        assert told["error"] in finished.stdout
    assert office.names() - {f"output/quarantine/{office.statuses()[0]}"} >= {"output/good.csv"}
    assert not [name for name in office.names() if not name.startswith(("output/good.csv", "output/quarantine/"))]
    assert office.left_over() == []


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql+asyncpg://u:{}@127.0.0.1/x", 2, "leave +driver out"),
        ("postgras://u:{}@127.0.0.1/x", 2, "names a kind of database that is not known here, postgras"),
        ("sqlite:///{}/nowhere.db", 2, "names a file that is not there"),
        ("mssql+pyodbc://u:{}@127.0.0.1/x", 2, "pip install"),
    ],
    ids=["wrong driver", "unknown database", "no file", "driver not installed"],
)
def test_a_source_that_cannot_be_what_is_meant_is_told_before_anything_starts(
    office: Office, url: str, code: int, words: str
) -> None:
    finished = office.run(SFR_LMS_URL=url.format(SECRET))
    assert finished.code == code, finished.stdout + finished.stderr
    assert words in finished.stderr
    assert "source lms" in finished.stderr
    assert office.names() == set()


WITHOUT = """
from importlib import machinery, metadata

GONE = %r
find_on_path = machinery.PathFinder.find_spec.__func__
found_by_name = metadata.Distribution.from_name.__func__

def find_spec(kind, name, path=None, target=None):
    return None if name.partition(".")[0] in GONE else find_on_path(kind, name, path, target)

def from_name(kind, name):
    if name in GONE:
        raise metadata.PackageNotFoundError(name)
    return found_by_name(kind, name)

machinery.PathFinder.find_spec = classmethod(find_spec)
metadata.Distribution.from_name = classmethod(from_name)
"""
EXTRAS = {  # report: what it wants, of which package, in which extra
    "columns.parquet": ({"format": "parquet"}, "pyarrow", "sfr[parquet]"),
    "packed.csv.zst": ({"format": "csv.zst"}, "zstandard", "sfr[zstd]"),
    "lake.csv": ({"destination": "lake"}, "boto3", "sfr[s3]"),
    "box.csv": ({"destination": "box"}, "paramiko", "sfr[sftp]"),
    "share.csv": ({"destination": "share"}, "smbprotocol", "sfr[smb]"),
    "blobs.csv": ({"destination": "blobs"}, "adlfs", "sfr[azure]"),
    "cloud.csv": ({"destination": "cloud"}, "gcsfs", "sfr[gcs]"),
}
FAR_PLACES = {
    "SFR_LAKE_TYPE": "s3",
    "SFR_LAKE_BUCKET": "reports",
    "SFR_BOX_TYPE": "sftp",
    "SFR_BOX_HOST": "127.0.0.1",
    "SFR_BOX_USERNAME": "u",
    "SFR_SHARE_TYPE": "smb",
    "SFR_SHARE_HOST": "127.0.0.1",
    "SFR_SHARE_SHARE": "reports",
    "SFR_BLOBS_TYPE": "azure",
    "SFR_BLOBS_CONTAINER": "reports",
    "SFR_BLOBS_ACCOUNT": "reports",
    "SFR_CLOUD_TYPE": "gcs",
    "SFR_CLOUD_BUCKET": "reports",
}


def test_a_package_that_is_not_installed_fails_its_report_with_the_command_that_installs_it(office: Office) -> None:
    office.plant("sitecustomize", WITHOUT % [package for _, package, _ in EXTRAS.values()])
    written(office, {name.partition(".")[0]: entry for name, (entry, *_) in EXTRAS.items()} | {"good": {}})
    finished = office.run(**FAR_PLACES)
    assert finished.code == 1, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    for name, (_, package, extra) in EXTRAS.items():
        told = office.outcome(name)
        assert f"needs the package {package}, which is not installed" in told["error"]
        assert f'pip install "{extra}"' in told["remedy"], (name, told["error"], told["remedy"])
        assert "unexpected" not in told["error"]
    assert office.outcome("good.csv")["status"] == "done"


@pytest.mark.parametrize(
    ("package", "entry", "url", "extra"),
    [
        ("pandas", {"clean": "input/clean.py:fails"}, "", "sfr[clean]"),
        ("psycopg", {}, "postgresql://127.0.0.1/x", "sfr[postgresql]"),
    ],
)
def test_a_package_that_is_known_to_be_needed_is_told_before_anything_starts(
    office: Office, package: str, entry: dict[str, Any], url: str, extra: str
) -> None:
    office.plant("sitecustomize", WITHOUT % [package])
    written(office, {"users": entry})
    finished = office.run(**({"SFR_LMS_URL": url} if url else {}))
    assert finished.code == 2, finished.stdout + finished.stderr
    assert f'pip install "{extra}"' in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
