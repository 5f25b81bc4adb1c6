"""Runs over several sources at once, as real processes: none pays for another, and each keeps its own limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.model import Outcome, Status
from tests.faults.processes import Finished, until
from tests.faults.support import Desk
from tests.installed import install
from tests.servers.counted import CSV, Counted, serve
from tests.servers.files import Changing, FileServer, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ORG = {"org1.csv": Csv(rows=50), "org2.csv": Csv(rows=60)}

CONNECTOR = '''
from pydantic import BaseModel
from sfr.connector import Reference
from sfr.errors import AuthError, TransientError
from sfr.model import Fetched, Proof
{top}

class Config(BaseModel):
    url: str = ""

class Made:
    """Rows out of nothing."""
    Config = Config
    def __init__(self, config, tools):
        self.tools = tools
        {init}
    {methods}
    def check(self): pass
    def fetch(self, report, into):
        {fetch}
        into.write(b"a\\n1\\n")
        return Fetched(proof=Proof.LENGTH)
    def abort(self): pass
    def close(self): pass
'''


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, ORG) as desk:
        yield desk


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(**{"a.csv": Reply(CSV), "b.csv": Reply(CSV)}) as server:
        yield server


def connector(desk: Desk, kind: str = "made", **parts: str) -> None:
    """Install a connector of this type whose code does something special in one place."""
    given = {"top": "", "init": "pass", "methods": "", "fetch": "pass", **parts}
    desk.plant(f"connector_{kind}", CONNECTOR.format(**given))
    install(desk.folder / "planted", f"sfr-{kind}", {kind: f"connector_{kind}:Made"})


def write_list(desk: Desk, **more: list[tuple[str, str]]) -> None:
    """The reports of the org, and by source pairs of a name and an id."""
    lines = [f"{name},{desk.ids[name]}," for name in desk.names]
    lines += [f"{name},{ref},{source}" for source, reports in more.items() for name, ref in reports]
    (desk.folder / "input" / "sfdc_reports.csv").write_text("\n".join(["name,id,source", *lines]) + "\n")


def outcomes_of(desk: Desk, finished: Finished, code: int) -> dict[str, Outcome]:
    assert finished.code == code, finished.stdout + finished.stderr + desk.log()
    return desk.last_run()[1]


def test_three_kinds_of_sources_bring_their_reports_side_by_side(desk: Desk, server: FileServer) -> None:
    connector(desk)
    write_list(desk, link=[("a.csv", f"{server.url}/a.csv")], made=[("m.csv", "1")])
    outcomes = outcomes_of(desk, desk.run(), 0)
    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
    assert (desk.content("a.csv"), desk.content("m.csv")) == (CSV, b"a\n1\n")


def test_a_source_without_a_login_leaves_the_others_alone(desk: Desk, server: FileServer) -> None:
    write_list(desk, link=[("a.csv", f"{server.url}/a.csv")])
    finished = desk.run("--no-login", SFR_SID="")
    outcomes = outcomes_of(desk, finished, 3)
    assert [outcomes[name].status for name in ("org1.csv", "org2.csv", "a.csv")] == [
        *(Status.SKIPPED, Status.SKIPPED, Status.DONE)
    ]
    assert outcomes["org1.csv"].remedy


def test_credentials_that_one_source_refuses_are_told_with_its_reports(desk: Desk, server: FileServer) -> None:
    """It has no sessions to renew; the message is the server's."""
    server.put("secret/x.csv", Reply(b"token expired on Friday", 401))
    mine = {
        "SFR_FILES_TYPE": "link",
        "SFR_FILES_URL": f"{server.url}/secret/",
        "SFR_FILES_BEARER_TOKEN": "t0ken-s3cret",
    }
    write_list(desk, files=[("x.csv", "x.csv"), ("y.csv", "x.csv")], link=[("a.csv", f"{server.url}/a.csv")])
    finished = desk.run(**mine)
    outcomes = outcomes_of(desk, finished, 3)
    assert outcomes["a.csv"].status is outcomes["org1.csv"].status is Status.DONE
    assert {outcomes[name].status for name in ("x.csv", "y.csv")} == {Status.SKIPPED}
    assert "token expired on Friday" in outcomes["x.csv"].error
    assert "sfr login" not in outcomes["x.csv"].remedy
    assert "t0ken-s3cret" not in finished.stdout + finished.stderr + desk.log()


@pytest.mark.parametrize(
    "broken",
    [
        {"top": "import no_such_module_at_all"},
        {"top": "def broken(:"},
        {"top": "raise RuntimeError('not today')"},
        {"top": "import sys; sys.exit(4)"},
        {"init": "raise KeyError('x')"},
        {"init": "import sys; sys.exit(4)"},
        {"methods": "sign_in = classmethod(lambda cls, config, door: 1 / 0)"},
        {"methods": "sign_in = classmethod(lambda cls, config, door: None)"},
        {"methods": "read_reference = staticmethod(lambda wanted: wanted.no_such_thing)", "fetch": "raise KeyError"},
        {"fetch": "raise KeyError('y')"},
        {"fetch": "import sys; sys.exit(4)"},
        {"top": "import multiprocessing\nassert multiprocessing.parent_process() is None, 'no workers'"},
    ],
    ids=[
        *("not importable", "bad syntax", "breaks at import", "leaves at import", "breaks when opened"),
        *("leaves when opened", "breaks at sign-in", "no session", "breaks on references", "breaks while fetching"),
        *("leaves while fetching", "not importable in workers"),
    ],
)
def test_a_broken_connector_costs_its_own_reports_only(desk: Desk, broken: dict[str, str]) -> None:
    connector(desk, "bad", **broken)
    connector(desk, "made")
    write_list(desk, bad=[("x.csv", "1"), ("y.csv", "2")], made=[("m.csv", "1")])
    outcomes = outcomes_of(desk, desk.run("--concurrency", "1", "--processes", "1", "--max-attempts", "2"), 1)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        **dict.fromkeys(["org1.csv", "org2.csv", "m.csv"], Status.DONE),
        **dict.fromkeys(["x.csv", "y.csv"], Status.FAILED),
    }
    assert outcomes["x.csv"].error


def test_a_broken_connector_and_a_source_without_login_leave_the_third_alone(desk: Desk, server: FileServer) -> None:
    connector(desk, "bad", top="import no_such_module_at_all")
    write_list(desk, bad=[("x.csv", "1")], link=[("a.csv", f"{server.url}/a.csv")])
    outcomes = outcomes_of(desk, desk.run("--no-login", SFR_SID=""), 3)
    statuses = {name: outcomes[name].status for name in ("org1.csv", "x.csv", "a.csv")}
    assert statuses == {"org1.csv": Status.SKIPPED, "x.csv": Status.FAILED, "a.csv": Status.DONE}
    assert "no_such_module_at_all" in outcomes["x.csv"].error


def test_a_source_out_of_reach_at_first_is_asked_again_while_the_others_go_on(desk: Desk) -> None:
    ready = desk.folder / "ready"
    methods = (
        "@classmethod\n    def sign_in(cls, config, door):\n        import pathlib\n"
        f"        if pathlib.Path({str(ready)!r}).exists():\n            return 'session'\n"
        "        raise TransientError('no answer yet', reason='down')"
    )
    connector(desk, "late", methods=methods)
    write_list(desk, late=[("x.csv", "1")])
    run = desk.start()
    until(lambda: list(desk.statuses().values()).count("done") == 2, "the reports of the org")
    assert run.running
    ready.touch()
    outcomes = outcomes_of(desk, run.wait(), 0)
    assert outcomes["x.csv"].status is Status.DONE


def test_a_slow_source_does_not_take_the_places_of_a_fast_one(desk: Desk, server: FileServer) -> None:
    slow, fast = Counted(held=True), Counted()
    sources = {
        "SFR_SLOW_TYPE": "link",
        "SFR_SLOW_CONCURRENCY": "2",
        "SFR_FAST_TYPE": "link",
        "SFR_FAST_CONCURRENCY": "3",
    }
    reports = {
        name: [(f"{name}{number}.csv", url) for number, url in enumerate(serve(server, name, counted, 20))]
        for name, counted in (("slow", slow), ("fast", fast))
    }
    write_list(desk, **reports)
    run = desk.start("--processes", "2", **sources)
    until(lambda: list(desk.statuses().values()).count("done") == 22, "the fast ones and those of the org")
    assert len(slow.times) == 2
    slow.released.set()
    assert {outcome.status for outcome in outcomes_of(desk, run.wait(), 0).values()} == {Status.DONE}
    assert slow.most == 2
    assert fast.most <= 3


def test_requests_a_second_hold_for_all_processes_together(desk: Desk, server: FileServer) -> None:
    counted = Counted()
    reports = [(f"x{number}.csv", url) for number, url in enumerate(serve(server, "x", counted, 12))]
    write_list(desk, few=reports)
    limits = {"SFR_FEW_TYPE": "link", "SFR_FEW_REQUESTS_PER_SECOND": "4"}
    outcomes_of(desk, desk.run("--processes", "2", "--concurrency", "8", **limits), 0)
    assert len(counted.times) == 12
    # A request may be late on its way and the next one quick; over five of them that evens out.
    assert all(later - earlier > 1.0 for earlier, later in zip(counted.times, counted.times[5:], strict=False))


def test_pauses_by_chance_lie_between_the_beginnings_of_reports(desk: Desk, server: FileServer) -> None:
    counted = Counted()
    reports = [(f"x{number}.csv", url) for number, url in enumerate(serve(server, "x", counted, 8))]
    write_list(desk, few=reports)
    limits = {"SFR_FEW_TYPE": "link", "SFR_FEW_JITTER_SECONDS": "0.6"}
    outcomes_of(desk, desk.run("--processes", "2", "--concurrency", "8", **limits), 0)
    gaps = [later - earlier for earlier, later in pairwise(sorted(counted.times))]
    assert len(gaps) == 7
    assert sum(gaps) > 0.3  # eight at once without pauses take a hundredth of that


def test_an_unchanged_link_is_not_downloaded_again_and_a_deleted_file_is(desk: Desk, server: FileServer) -> None:
    tagged = Changing(CSV)
    url = server.put("tagged.csv", tagged)
    write_list(desk, link=[("t.csv", url)])
    first = outcomes_of(desk, desk.run(), 0)["t.csv"]
    again = outcomes_of(desk, desk.run(), 0)["t.csv"]
    assert "unchanged since the last run" in again.warnings[0]
    assert (again.sha256, again.records, again.location) == (first.sha256, first.records, first.location)
    (desk.output / "t.csv").unlink()
    assert outcomes_of(desk, desk.run(), 0)["t.csv"].warnings == ()
    (desk.output / "t.csv").write_bytes(b"somebody's notes")
    assert outcomes_of(desk, desk.run(), 0)["t.csv"].warnings == ()
    assert desk.content("t.csv") == CSV
    conditions = [asked.headers.get("If-None-Match") for asked in server.asked if "tagged" in asked.path]
    assert conditions == [None, '"one"', None, None]


def test_a_broken_destination_costs_its_own_reports_only(desk: Desk, server: FileServer) -> None:
    install(desk.folder / "planted", "sfr-bucket", {}, {"bucket": "no_such_bucket:Bucket"})
    lines = [f"org1.csv,{desk.ids['org1.csv']},,", f"a.csv,{server.url}/a.csv,link,bucket"]
    (desk.folder / "input" / "sfdc_reports.csv").write_text("\n".join(["name,id,source,destination", *lines]) + "\n")
    finished = desk.run()
    outcomes = outcomes_of(desk, finished, 1)
    assert (outcomes["org1.csv"].status, outcomes["a.csv"].status) == (Status.DONE, Status.FAILED)
    assert "bucket" in outcomes["a.csv"].error
    assert not (desk.output / "a.csv").exists()
