from __future__ import annotations

import ast
import importlib
import logging
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sfr.cleansing import check_clean
from sfr.cleansing.user_code import loaded
from sfr.errors import ConfigError
from sfr.missing_package import missing_package
from tests.command_line import ROOT

SFR = Path(__file__).parents[1] / "sfr"


def test_what_needs_it_the_package_and_the_command_are_told() -> None:
    error = missing_package("the format parquet", "pyarrow", "sfr[parquet]")
    assert error.message == "the format parquet needs the package pyarrow, which is not installed"
    assert error.remedy == 'Install it: python -m pip install "sfr[parquet]"'


def test_only_one_place_tells_how_a_package_is_installed() -> None:
    """Beside what `connector new` tells of the package that it has written."""
    tell = {
        path.relative_to(SFR).as_posix()
        for path in SFR.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "pip install" in node.value
    }
    assert tell == {"missing_package.py", "cli/connectors.py"}


def test_without_pandas_the_run_says_what_reading_the_list_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    place = tmp_path / "clean.py"
    place.write_text("def sales(frame, report): ...\n")
    monkeypatch.setattr(metadata, "version", gone)
    (problem,) = check_clean(f"{place}:sales")
    with pytest.raises(ConfigError) as caught, loaded(f"{place}:sales", logging.getLogger("test")):
        pass
    assert (caught.value.message, caught.value.remedy) == (problem.message, problem.remedy)
    assert problem.message == "clean needs the package pandas, which is not installed"


@pytest.mark.parametrize("there", [(), ("click",)])
def test_whoever_has_not_installed_what_sfr_needs_is_told_how(tmp_path: Path, there: tuple[str, ...]) -> None:
    """`-S` hides all installed packages; those in `there` are shown again."""
    for name in there:
        module = importlib.import_module(name).__file__
        assert module is not None
        shutil.copytree(Path(module).parent, tmp_path / name)
    command = [sys.executable, "-S", str(ROOT / "main.py"), "history"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not installed" in done.stderr
    assert "pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr
