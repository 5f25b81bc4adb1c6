"""A database that goes away in the middle of a query: the run has all records or none, never some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.faults.office import SECONDS, Office
from tests.faults.processes import until
from tests.histories import SERVERS, own_database
from tests.servers.cutting import CuttingProxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OLD = b"the file of yesterday\n"
COUNT = 30_000
# Six megabytes in some seconds.
SLOW = {
    "postgresql": "SELECT n AS id, repeat('x', 200) AS words, CASE WHEN n % 300 = 0 THEN pg_sleep(0.03)::text END AS "
    f"nothing FROM generate_series(1, {COUNT}) AS n",
    "mysql": "SELECT seq AS id, REPEAT('x', 200) AS words, IF(seq % 300 = 0, SLEEP(0.03), 0) AS nothing "
    f"FROM seq_1_to_{COUNT}",
}
SESSIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = :name AND query LIKE '%pg_sleep(%'",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = :name AND info LIKE '%SLEEP(%'",
}
END = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


class Far:
    """A database at the other end of a line that can be cut, and an office whose one report asks it for much."""

    def __init__(self, office: Office, kind: str, url: str, line: CuttingProxy) -> None:
        self.office, self.line, self._kind = office, line, kind
        asked = make_url(url)
        self._name = asked.database
        port = int(line.url.rpartition(":")[2])
        self.url = asked.set(drivername=kind, port=port).render_as_string(hide_password=False)
        self.places = [office.output / "slow.csv", office.archive / "slow.csv"]
        office.write_list(f'- name: slow\n  source: lms\n  query: "{SLOW[kind]}"\n  destination: [folder, archive]\n')
        office.output.mkdir()
        for place in self.places:
            place.write_bytes(OLD)

    def has_some(self) -> bool:
        """Whether records have come, and not all of them."""
        parts = self.office.folder.rglob(".*.part")
        return any(part.stat().st_size > 500_000 for part in parts)

    def end_session(self) -> None:
        """What an administrator does, or a server that is stopped."""
        with closing(create_engine(SERVERS[self._kind]).connect()) as watcher:
            session = watcher.execute(text(SESSIONS[self._kind]), {"name": self._name}).scalar()
            watcher.execute(text(END[self._kind].format(session)))

    def check_whole(self) -> None:
        for place in self.places:
            lines = place.read_bytes().splitlines()
            assert [int(line.partition(b",")[0]) for line in lines[1:]] == list(range(1, COUNT + 1))
        assert self.office.left_over() == []


@pytest.fixture(params=["postgresql", "mysql"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    with ExitStack() as stack:
        url = stack.enter_context(own_database(request.param))
        server = make_url(url)
        line = stack.enter_context(CuttingProxy(f"http://{server.host}:{server.port}"))
        office = Office(tmp_path)
        stack.callback(office.end)
        yield Far(office, request.param, url, line)


BREAKS: dict[str, Callable[[Far], None]] = {
    "the session is ended": Far.end_session,
    "the line is cut": lambda far: far.line.cut_once(),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_query_that_breaks_off_once_is_asked_again_and_all_records_come(far: Far, how: str) -> None:
    run = far.office.start(SFR_LMS_URL=far.url)
    until(far.has_some, "some records", seconds=SECONDS)
    BREAKS[how](far)
    finished = run.wait(SECONDS)
    assert finished.code == 0, finished.stdout + finished.stderr
    (first, _), (last, _) = far.office.outcome("slow.csv")["attempts"]
    assert (first, last) == ("connection", "")
    far.check_whole()


def test_a_line_that_stays_cut_fails_the_report_by_one_message_and_the_old_file_stays(far: Far) -> None:
    run = far.office.start(SFR_LMS_URL=far.url, SFR_MAX_ATTEMPTS="2")
    until(far.has_some, "some records", seconds=SECONDS)
    far.line.cut()
    finished = run.wait(SECONDS)
    assert finished.code == 1, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    told = far.office.outcome("slow.csv")
    assert (told["status"], len(told["attempts"])) == ("failed", 2)
    assert told["reason"] in ("connection", "unreachable")
    assert "127.0.0.1" in told["error"]
    assert told["remedy"]
    assert [place.read_bytes() for place in far.places] == [OLD, OLD]
    assert far.office.left_over() == []

    far.line.mend()
    again = far.office.run("--failed", SFR_LMS_URL=far.url)
    assert again.code == 0, again.stdout + again.stderr
    far.check_whole()
