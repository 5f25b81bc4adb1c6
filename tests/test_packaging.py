"""What is shipped: the pins of both lists agree, and the wheel works where nothing of the checkout is in reach."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

import sfr

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = [
    line
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
EXTRAS = ("postgresql", "mysql", "yaml", "zstd", "brotli", "parquet", "duckdb", "s3", "sftp", "smb", "test")


def test_the_requirements_are_those_of_the_project_with_the_extras_that_the_tests_need() -> None:
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *(pin for extra in EXTRAS for pin in project["optional-dependencies"][extra])]
    assert wanted == REQUIREMENTS


def test_every_requirement_is_imported_somewhere() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for folder in ("sfr", "tests") for path in (ROOT / folder).rglob("*.py")
    )
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE))
    # Plugins of pytest, drivers that SQLAlchemy loads by name, zone data that zoneinfo looks for, modules that are
    # named in a text.
    unnamed = {"pytest-timeout", "pytest-xdist", "psycopg", "pymysql", "tzdata", "pandas", "Brotli"}
    names = {re.split(r"[\[~>=]", pin)[0] for pin in REQUIREMENTS} - unnamed
    modules = importlib.metadata.packages_distributions().items()
    used = {_plain(name) for module, owners in modules if module in imported for name in owners}
    assert {name for name in names if _plain(name) not in used} == set()


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def test_the_licence_is_whole_and_the_one_that_the_project_names() -> None:
    text = (ROOT / "LICENSE.md").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_newest_change_is_of_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == sfr.__version__


def _run(*command: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _build_wheel(folder: Path) -> Path:
    """From a copy, since a build leaves its own files beside the sources."""
    source = folder / "source"
    source.mkdir()
    shutil.copytree(ROOT / "sfr", source / "sfr", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE.md"):
        shutil.copy(ROOT / name, source)
    _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ".", folder=source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _install(wheel: Path, folder: Path) -> Path:
    """An environment with nothing but the wheel, which finds the requirements where the tests have them."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder, folder=wheel.parent)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    _run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, folder=folder)
    packages = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    Path(packages, "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_brings_a_command_that_runs_the_demonstration(tmp_path: Path) -> None:
    scripts = _install(_build_wheel(tmp_path), tmp_path / "installed")
    away = tmp_path / "away"
    away.mkdir()
    assert _run(scripts / "sfr", "--version", folder=away) == f"sfr {sfr.__version__}\n"
    place = _run(scripts / "python", "-c", "import sfr; print(sfr.__file__)", folder=away)
    assert Path(place.strip()).is_relative_to(tmp_path / "installed")
    assert "8 done" in _run(scripts / "sfr", "demo", folder=away)
    assert "<table" in (away / "output" / "demo" / "summary.html").read_text(encoding="utf-8")
    assert _run(scripts / "sfr", "--help", folder=away).startswith("Usage: sfr ")
    assert "-m sfr" in _run(scripts / "sfr", "schedule", "--daily", "7:00", "--with", "cron", "--print", folder=away)
