from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sfr
from sfr.errors import ConfigError
from sfr.kit import KINDS, write_package
from tests.test_packaging import _build_wheel, _install

ROOT = Path(__file__).parents[1]

kinds = pytest.mark.parametrize("kind", KINDS)


def run(*command: str | Path, folder: Path, **changes: str) -> str:
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@kinds
def test_a_new_package_passes_its_tests_as_it_is(kind: str, tmp_path: Path) -> None:
    folder = write_package("harbour-log", kind, tmp_path, sfr.__version__)
    path = os.pathsep.join([str(folder), str(ROOT)])
    said = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=folder, PYTHONPATH=path)
    assert " passed" in said
    assert "failed" not in said


@kinds
def test_what_is_written_is_clean(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    folder = write_package("harbour-log", kind, tmp_path, sfr.__version__)
    run(sys.executable, "-m", "ruff", "check", ".", folder=folder)
    run(sys.executable, "-m", "ruff", "format", "--check", ".", folder=folder)
    run(sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "sfr_harbour_log", folder=folder)


@pytest.mark.slow
def test_what_is_written_is_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    checked = []
    for kind in KINDS:
        folder = write_package(f"harbour-{kind}", kind, tmp_path, sfr.__version__)
        checked += [folder / f"sfr_harbour_{kind}", folder / "tests" / f"test_{kind}.py"]
    paths = os.pathsep.join([str(ROOT), *(str(place.parent) for place in checked[::2])])
    options = ("--strict", "--follow-imports=silent", "--explicit-package-bases")
    run(sys.executable, "-m", "mypy", *options, *checked, folder=tmp_path, MYPYPATH=paths)


@kinds
def test_the_entry_point_names_the_class(kind: str, tmp_path: Path) -> None:
    folder = write_package("tides", kind, tmp_path, sfr.__version__)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"] == {f"sfr.{kind}s": {"tides": f"sfr_tides.{kind}:Tides"}}
    assert project["dependencies"][0].startswith(f"sfr>={sfr.__version__},<")
    assert "class Tides:\n" in (folder / "sfr_tides" / f"{kind}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "better"),
    [("My API", "my-api"), ("tides_2", "tides-2"), ("2tides", "tides"), ("../x", "x"), ("", ""), ("x" * 41, "x" * 40)],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, better: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_package(name, "source", tmp_path, "1.0")
    assert repr(name) in caught.value.message
    assert caught.value.remedy.endswith(f"such as {better}." if better else "letter.")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = write_package("tides", "source", tmp_path, "1.0")
    (folder / "sfr_tides" / "source.py").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="there already"):
        write_package("tides", "destination", tmp_path, "1.0")
    assert (folder / "sfr_tides" / "source.py").read_text(encoding="utf-8") == "mine"
    assert not (folder / "sfr_tides" / "destination.py").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_stranger_installs_it_beside_sfr_and_sfr_knows_it(tmp_path: Path) -> None:
    scripts = _install(_build_wheel(tmp_path), tmp_path / "installed")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    for name, kind in (("tides", "source"), ("shelf", "destination")):
        folder = write_package(name, kind, tmp_path, sfr.__version__)
        run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", tmp_path, folder, folder=tmp_path)
        (wheel,) = tmp_path.glob(f"sfr_{name}-*.whl")
        install = ("--python", python, "install", "--no-deps", "--no-index")
        run(sys.executable, "-m", "pip", *install, wheel, folder=tmp_path)
        shutil.rmtree(folder / f"sfr_{name}")  # what is installed is tested
        assert " passed" in run(python, "-m", "pytest", "-q", folder=folder, PYTHONPATH="")
    said = run(scripts / "sfr", "connectors", folder=tmp_path, PYTHONPATH="", COLUMNS="120")
    assert "sfr-tides 0.1.0" in said
    assert "sfr-shelf 0.1.0" in said
