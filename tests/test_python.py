"""`sfr.run` as a program uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import sfr
from sfr.demo.behaviours import Behaviour, Csv, NotFound, SessionDies
from sfr.demo.login import log_in
from sfr.demo.org import DEMO_SID, OrgProcess
from sfr.progress.plain import Silence
from sfr.run_lock import only_run
from tests.command_line import Person, report_id

SALES, SMALL, GONE, DYING, ENDING = (report_id(number) for number in range(11, 16))

SCRIPT = """
import sfr

def main():
    result = sfr.run([sfr.Report(name="sales.csv", ref="{ref}")], domain="{domain}", session="{sid}")
    print(result.exit_code, result.results[0].outcome.records)

{call}
"""


@pytest.fixture(scope="module")
def org() -> Iterator[OrgProcess]:
    plan: dict[str, Behaviour | tuple[Behaviour, ...]] = {
        SALES: Csv(rows=20, seed=1),
        SMALL: Csv(rows=2, seed=2),
        GONE: NotFound(),
        DYING: (SessionDies(0.0), Csv(rows=5, seed=3)),
        ENDING: (SessionDies(0.0), SessionDies(0.0), Csv(rows=5, seed=4)),
    }
    with OrgProcess(plan) as org:
        yield org


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings, where nothing of this machine is read."""
    for name, value in Person(tmp_path / "desk").environment.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_outcomes_come_back_in_the_order_of_the_reports(
    org: OrgProcess, alone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reports = [
        sfr.Report(name="gone.csv", ref=GONE),
        sfr.Report(name="small", ref=SMALL[:15], min_records=3),
        sfr.Report(name="sales.csv", ref=SALES, folder=str(alone / "output" / "deep")),
    ]
    result = sfr.run(reports, domain=org.url, session=DEMO_SID, concurrency=2)
    gone, small, sales = [entry.outcome for entry in result.results]
    assert (result.exit_code, gone.reason, small.reason) == (1, "not-found", "too-few")
    assert (sales.status, sales.records, sales.proof) == (sfr.Status.DONE, 20, sfr.Proof.FOOTER)
    assert Path(sales.location).read_bytes().count(b"\n") == 21
    assert [entry.job.report.name for entry in result.results] == ["gone.csv", "small.csv", "sales.csv"]
    assert result.results[1].job.report.ref == SMALL
    assert capfd.readouterr() == ("", "")


def test_a_function_gives_a_new_session_when_the_old_one_dies(org: OrgProcess) -> None:
    asked: list[str] = []

    def session(dead: str) -> str:
        asked.append(dead)
        return log_in(org.url)

    result = sfr.run([sfr.Report(name="dying.csv", ref=DYING)], domain=org.url, session=session)
    (outcome,) = [entry.outcome for entry in result.results]
    assert (outcome.status, len(outcome.attempts)) == (sfr.Status.DONE, 1)
    assert (asked[0], len(asked)) == ("", 2)
    org.admit(DEMO_SID)


def _boom(dead: str) -> str:
    raise RuntimeError("the vault is closed")


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (lambda dead: "no session", "cannot be one"),
        (lambda dead: "00D000000000001!a\nX: y", "cannot be one"),
        (lambda dead: "00D000000000001!dead", "does not accept"),
        (lambda dead: 5, "AttributeError"),
        (_boom, "RuntimeError"),
    ],
)
def test_a_function_without_a_good_session_skips_the_reports(
    org: OrgProcess, alone: Path, caplog: pytest.LogCaptureFixture, session: Callable[[str], str], words: str
) -> None:
    result = sfr.run([sfr.Report(name="sales.csv", ref=SALES)], domain=org.url, session=session)
    (outcome,) = [entry.outcome for entry in result.results]
    assert (result.exit_code, outcome.status) == (3, sfr.Status.SKIPPED)
    assert words in outcome.error
    assert (alone / "output" / "summary.html").exists()
    assert ("Traceback" in caplog.text) is ("Error" in words)


@pytest.mark.parametrize("renewed", [_boom, lambda dead: "00D000000000001!dead"])
def test_a_function_that_fails_at_the_renewal_skips_what_is_left(
    org: OrgProcess, renewed: Callable[[str], str]
) -> None:
    result = sfr.run(
        [sfr.Report(name="ends.csv", ref=ENDING)],
        domain=org.url,
        session=lambda dead: renewed(dead) if dead else log_in(org.url),
    )
    assert (result.exit_code, result.results[0].outcome.status) == (3, sfr.Status.SKIPPED)
    org.admit(DEMO_SID)


class Onlooker(Silence):
    """Reads the environment of every process that the run has started."""

    def __init__(self) -> None:
        self.environments: dict[str, str] = {}

    def settled(self, result: sfr.Result) -> None:
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                if f"PPid:\t{os.getpid()}\n" in (place / "status").read_text():
                    self.environments[place.name] = (place / "environ").read_text(errors="replace")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_process_of_a_run_has_a_secret_in_its_environment(
    org: OrgProcess, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{(alone / 'secret-place.db').as_posix()}"
    monkeypatch.setenv("SFR_SID", DEMO_SID)
    monkeypatch.setenv("SFR_DATABASE_URL", database)
    onlooker = Onlooker()
    result = sfr.run([sfr.Report(name="sales.csv", ref=SALES)], domain=org.url, watcher=onlooker)
    assert result.exit_code == 0
    assert any("PYTHON_KEYRING_BACKEND=" in environment for environment in onlooker.environments.values())
    assert not [
        environment
        for environment in onlooker.environments.values()
        for secret in ("SFR_SID", "SFR_DATABASE_URL", DEMO_SID, "secret-place")
        if secret in environment
    ]
    assert (os.environ["SFR_SID"], os.environ["SFR_DATABASE_URL"]) == (DEMO_SID, database)


@pytest.mark.parametrize("session", [None, "00D000000000001!dead", lambda dead: ""])
def test_without_a_session_the_reports_are_skipped_and_nobody_is_asked(org: OrgProcess, session: str) -> None:
    result = sfr.run([sfr.Report(name="sales.csv", ref=SALES)], domain=org.url, session=session)
    assert (result.exit_code, result.results[0].outcome.status) == (3, sfr.Status.SKIPPED)


def test_no_reports_are_no_work(org: OrgProcess) -> None:
    result = sfr.run([], domain=org.url, session=DEMO_SID)
    assert (result.exit_code, result.results) == (0, ())


def test_reports_are_held_to_the_rules_of_a_list_and_all_problems_named(org: OrgProcess, alone: Path) -> None:
    reports = [
        sfr.Report(name="../up.csv", ref=SALES),
        sfr.Report(name="CON.csv", ref=SALES),
        sfr.Report(name="a.csv", ref="005000000000001"),
        sfr.Report(name="b.csv", ref=SALES, folder=str(alone / "missing")),
        sfr.Report(name="c.csv", ref=SALES, params=(("fv0", "x"),)),
        sfr.Report(name="d.csv", ref=SALES),
        sfr.Report(name="D.CSV", ref=SALES),
        sfr.Report(name="e.csv", ref=SALES, min_records=-1),
    ]
    with pytest.raises(sfr.ConfigError) as caught:
        sfr.run(reports, domain=org.url, session=DEMO_SID)
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"reports, number {number}, column {column}"
        for number, column in (
            (1, "name"), (2, "name"), (3, "id"), (4, "path"), (5, "params"), (7, "name"), (8, "min_rows")
        )
    ]  # fmt: skip
    assert "the report of number 6" in lines[5]
    assert not (alone / "output").exists()


def test_texts_are_taken_as_they_are(org: OrgProcess, alone: Path) -> None:
    report = sfr.Report(name="{today}.csv", ref=SALES, params=(("pv0", "{yesterday} a+b&c/d"),))
    result = sfr.run([report], domain=org.url, session=DEMO_SID)
    assert (alone / "output" / "{today}.csv").exists()
    assert result.results[0].job.report.params == report.params
    assert any("pv0=%7Byesterday%7D+a%2Bb%26c/d" in request.target for request in org.requests())


def test_a_format_is_asked_for_with_its_parameter(org: OrgProcess) -> None:
    result = sfr.run([sfr.Report(name="book", ref=GONE, format="xlsx")], domain=org.url, session=DEMO_SID)
    report = result.results[0].job.report
    assert (report.name, report.params) == ("book.xlsx", (("xf", "xlsx"),))


def test_what_cannot_be_meant_is_refused_before_anything_starts(org: OrgProcess, alone: Path) -> None:
    with pytest.raises(sfr.ConfigError, match="concurency is no setting"):
        sfr.run([], domain=org.url, concurency=2)
    with pytest.raises(sfr.ConfigError, match="number 1: dict is given"):
        sfr.run([{"name": "a"}], domain=org.url)  # type: ignore[list-item]
    with pytest.raises(sfr.ConfigError, match='"sap" is no source'):
        sfr.run([sfr.Report(name="a", ref="1", source="sap")], domain=org.url)
    with pytest.raises(sfr.ConfigError, match="SFDC_DOMAIN is not set"):
        sfr.run([sfr.Report(name="a", ref="00O5g000000abcD")])
    assert not (alone / "output").exists()


def test_another_run_on_the_same_output_is_an_error_of_its_own(org: OrgProcess, alone: Path) -> None:
    with only_run(alone / "output" / ".sfr"), pytest.raises(sfr.Busy, match="another run is active"):
        sfr.run([sfr.Report(name="sales.csv", ref=SALES)], domain=org.url, session=DEMO_SID)


def _run_script(folder: Path, domain: str, call: str) -> subprocess.CompletedProcess[str]:
    script = folder / "mine.py"
    script.write_text(SCRIPT.format(ref=SALES, domain=domain, sid=DEMO_SID, call=call), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_script_with_the_usual_guard_runs(org: OrgProcess, alone: Path) -> None:
    ended = _run_script(alone, org.url, 'if __name__ == "__main__":\n    main()')
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0 20\n", "")


def test_a_script_without_the_guard_is_told_so_and_starts_nothing_twice(org: OrgProcess, alone: Path) -> None:
    before = len(org.requests())
    ended = _run_script(alone, org.url, "main()")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.rstrip().endswith("because every worker reads the script")
    assert len(org.requests()) == before


def test_importing_starts_nothing_and_loads_little() -> None:
    heavy = {"requests", "sqlalchemy", "rich", "keyring", "numpy", "pydantic", "multiprocessing", "click"}
    code = f"import sfr, sys; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
