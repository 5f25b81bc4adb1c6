"""Keeps the rules of the house (docs/architecture.md): who may import whom, who owns processes and the environment."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.demo.org import DEMO_SID, DemoOrg

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "sfr").rglob("*.py"))

# From the ground up. A room may import those of the lines above its own, and nothing else; rooms of one line are
# strangers. A name ending in `.*` stands for each room inside of that package.
FLOORS = (
    {"checksum", "day_borders", "errors", "record", "similar_names"},
    {"column_types", "database_parameters", "missing_package", "model"},
    {"child_programs", "connector", "part_names", "source_identity", "unfinished", "watcher"},
    {"surroundings"},
    {
        "atomic",
        "http_errors",
        "interruption",
        "kept_sessions",
        "no_csv",
        "query_text",
        "database_address",
        "server_address",
        "quoted_scan",
        "redaction",
        "remote_refusals",
        "rows",
        "system_keyring",
    },
    {"credentials", "csv_scan", "database_errors", "http_bodies", "run_lock", "terminal_text", "wording"},
    {"blob_files", "checks", "http", "quarantine", "remote_files", "raw_records", "repeats", "staging"},
    {"append_journal", "column_mapping", "csv_records", "empty_answer", "intake"},
    {"cleansing", "conversion", "expectations"},
    {"workbooks"},
    {"shaping"},
    {"placing"},
    {"delivery"},
    {"sources.*", "destinations.*"},
    {"plugins"},
    {"fetching", "settings"},
    {"transfer", "catalog"},
    {"binding", "history", "import_config", "pool", "reception", "schedule", "shelf_keeper"},
    {"pool_plan", "session_keeper", "summary", "progress"},
    {"engine", "expansion", "kit", "rerun", "run_files"},
    {"exit_codes"},
    {"app"},
    {""},  # sfr/__init__.py: the front door for programs
    {"cli"},
    {"__main__"},
)
BESIDE = {"demo"}  # stands on its own; only the command line opens its door
SIDE_DOORS = {"sdk", "testing"}  # for authors of connectors; nobody inside uses them

CONCURRENCY = {"threading", "_thread", "multiprocessing", "concurrent", "queue"}
OWNERS_OF_CONCURRENCY = {"pool", "demo", "testing"}

MAY_READ_ENVIRONMENT = {
    "sfr/settings": "the settings are read here",
    "sfr/cli/terminal.py": "CI and TERM say what kind of terminal this is",
    "sfr/cli/showing.py": "the demonstration keeps proxies away from its own org",
    "sfr/cli/timetable.py": "PATH goes into what the system's scheduler will start",
    "sfr/sources/salesforce/session/browsers.py": "where the system keeps browsers and their profiles",
    "sfr/sources/salesforce/session/window.py": "whether there is a display for a window",
    "sfr/child_programs.py": "what a child process gets: everything but our settings",
}
DRAWERS = {
    "utils",
    "util",
    "common",
    "base",
    "helpers",
    "helper",
    "manager",
    "managers",
    "misc",
    "core",
    "lib",
    "shared_utils",
}
MOST_LINES = 250
MOST_FUNCTION_LINES = 50


def for_every_file(rule: Callable[[Path], None]) -> Callable[[], None]:
    """Make a test of a rule for one file; it names each file that breaks the rule."""

    def test() -> None:
        broken = []
        for path in FILES:
            try:
                rule(path)
            except AssertionError as error:
                broken.append(f"{path.relative_to(ROOT)}: {error}")
        assert not broken, "\n".join(broken)

    return test


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    """The room of a module: `pool` for sfr.pool.seat, `sources.salesforce` for all of Salesforce, `` for sfr."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[:1] in (["sources"], ["destinations"]) else ".".join(parts[:1])


def floor_of(room: str) -> int | None:
    names = {room, f"{room.partition('.')[0]}.*"} if "." in room else {room}
    return next((number for number, rooms in enumerate(FLOORS) if rooms & names), None)


def imported(path: Path) -> Iterator[str]:
    """Every module a file names in an import, wherever that stands."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides which room is meant"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(module) for module in MODULES} - BESIDE - SIDE_DOORS - {"sources", "destinations"}
    assert not [room for room in sorted(rooms) if floor_of(room) is None]


@for_every_file
def test_imports_run_downward_and_siblings_are_strangers(path: Path) -> None:
    here = room_of(module_of(path))
    for module in imported(path):
        # The package itself may be named: for its version, and for the place where it is installed.
        if module.split(".")[0] != "sfr" or module == "sfr" or (there := room_of(module)) == here:
            continue
        if here in SIDE_DOORS:
            continue  # they show what is inside
        assert there not in SIDE_DOORS, f"{module} is for authors of connectors"
        if here in BESIDE:
            assert there in BESIDE, f"the demo org knows nothing of {module}"
        elif there in BESIDE:
            assert here == "cli", f"only the command line opens {module}"
        else:
            above, below = floor_of(here), floor_of(there)
            assert above is not None
            assert below is not None
            assert below < above, f"{here or 'sfr'} (floor {above}) imports {module} (floor {below})"


@for_every_file
def test_few_rooms_own_threads_and_processes(path: Path) -> None:
    found = {module.partition(".")[0] for module in imported(path)}
    assert "asyncio" not in found
    if room_of(module_of(path)) not in OWNERS_OF_CONCURRENCY:
        assert not found & CONCURRENCY


@for_every_file
def test_processes_are_spawned_never_forked(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert not (node.func.attr == "fork" and ast.unparse(node.func.value) == "os")
            assert node.func.attr != "set_start_method"
            if node.func.attr == "get_context":
                assert [ast.unparse(argument) for argument in node.args] == ["'spawn'"]
            # Without a context these would be started the way the platform likes.
            assert ast.unparse(node.func) not in (
                "multiprocessing.Process",
                "multiprocessing.Pool",
                "multiprocessing.Manager",
            )


@for_every_file
def test_the_environment_is_read_where_it_is_named_here(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    names = {ast.unparse(node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)}
    imports = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    if (names | imports) & {"os.environ", "os.getenv", "os.environb", "os.putenv"}:
        assert any(place.startswith(allowed) for allowed in MAY_READ_ENVIRONMENT), "settings are handed down instead"


@pytest.mark.parametrize("place", MAY_READ_ENVIRONMENT)
def test_who_may_read_the_environment_still_does(place: str) -> None:
    path = ROOT / place
    files = path.rglob("*.py") if path.is_dir() else [path]
    assert any("os.environ" in file.read_text(encoding="utf-8") for file in files)


@for_every_file
def test_a_file_is_short_has_a_name_that_says_something_and_says_what_it_knows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert not {part.lower() for part in path.relative_to(ROOT).with_suffix("").parts} & DRAWERS
    if text:
        first_line = (ast.get_docstring(tree_of(path)) or "").partition("\n")[0]
        assert first_line, "opens with one sentence about what it knows"
        assert "TODO" not in text
        assert "FIXME" not in text


@for_every_file
def test_functions_are_short_and_classes_are_no_drawers(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MOST_FUNCTION_LINES, f"{node.name} has {lines} lines"
        if isinstance(node, ast.ClassDef):
            assert not node.name.endswith(("Manager", "Helper", "Util", "Utils", "Base", "Common"))


@for_every_file
def test_no_error_is_swallowed_in_silence(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: which error?"
            silent = all(isinstance(each, ast.Pass) or ast.unparse(each) == "..." for each in node.body)
            assert not silent, f"line {node.lineno}: say what is done with the error"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            assert not {ast.unparse(argument) for argument in node.args} & {"Exception", "BaseException", ""}


def modules_after(code: str, *arguments: str) -> set[str]:
    """The top-level packages that are loaded when a program has run."""
    show = "import sys; print('\\n', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    program = f"import atexit\natexit.register(lambda: exec({show!r}))\n{code}"
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(finished.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code", ["import sfr", "import sys; from sfr.__main__ import main; sys.argv = ['sfr', '--help']; main()"]
)
def test_import_and_help_load_nothing_heavy(code: str) -> None:
    loaded = modules_after(code)
    assert "sfr" in loaded
    heavy = {"requests", "pandas", "numpy", "sqlalchemy", "rich", "pydantic", "keyring", "jinja2", "multiprocessing"}
    assert not loaded & heavy


def test_importing_sfr_reads_and_starts_nothing() -> None:
    program = (
        "import sys\n"
        "sys.addaudithook(lambda name, _: name in ('socket.connect', 'subprocess.Popen') and print(name))\n"
        "import sfr"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (finished.stdout, finished.stderr) == ("", "")


WITNESS = """
import atexit, os, pathlib, sys
exit_at_once = os._exit

def tell():
    names = {name.partition(".")[0] for name in sys.modules}
    pathlib.Path(os.environ["WITNESS"], str(os.getpid())).write_text(" ".join(sorted(names)))

def tell_and_exit(code):
    tell()
    exit_at_once(code)

os._exit = tell_and_exit
atexit.register(tell)
"""


def test_no_process_of_a_plain_run_loads_what_only_conversions_need(tmp_path: Path) -> None:
    """Seen from inside: each process of the run writes down at its end what it has loaded."""
    (tmp_path / "sitecustomize.py").write_text(WITNESS, encoding="utf-8")
    seen = tmp_path / "seen"
    seen.mkdir()
    (tmp_path / "list.csv").write_text("name,id\na.csv,00O5g0000000001\nb.csv,00O5g0000000002\n", encoding="utf-8")
    with DemoOrg({"00O5g0000000001": Csv(rows=50), "00O5g0000000002": Csv(rows=0)}) as org:
        environment = {
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "WITNESS": str(seen),
            "SFDC_DOMAIN": org.url,
            "SFR_SID": DEMO_SID,
            "SFR_OUTPUT": str(tmp_path / "output"),
        }
        command = [sys.executable, str(ROOT / "main.py"), str(tmp_path / "list.csv"), "--processes", "2"]
        finished = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    loaded = [set(path.read_text(encoding="utf-8").split()) for path in seen.iterdir()]
    assert len(loaded) >= 2
    assert any("requests" in names for names in loaded)
    assert not [names & {"pandas", "numpy"} for names in loaded if names & {"pandas", "numpy"}]
    # Only the parent speaks SQL, and no worker draws.
    assert sum("sqlalchemy" in names for names in loaded) == 1
