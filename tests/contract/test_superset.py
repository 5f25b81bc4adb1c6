from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sfr.sources.superset.source import Superset as Source
from sfr.testing import Case, SourceContract
from tests.servers import superset
from tests.superset_fetching import Fetching, config_of

DEAD = '{"access": "an.old.token-5ecret", "refresh": "another.old.token-5ecret"}'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[superset.Superset]:
    with superset.running(tmp_path_factory.mktemp("superset")) as server:
        yield server


@pytest.mark.slow
class TestSuperset(SourceContract):
    """Against the real server. Nothing cuts its answers here; tests/test_superset_faults.py does."""

    connector = Source

    @pytest.fixture(autouse=True)
    def serve(self, running: superset.Superset) -> None:
        self.server = running

    def case(self, chart: str = "small", session: str = "", url: str = "", number: int = 0) -> Case:
        fetching = Fetching(self.server.url)
        report = fetching.report(number or self.server.ids[chart])
        return Case(config_of(url or self.server.url), report, session=session or fetching.session.value)

    def good(self) -> Case:
        """What comes is held against the database in tests/test_superset_real.py; here it must come each time."""
        expected = bytes(Fetching(self.server.url).once(self.server.ids["small"])[1].data)
        return replace(self.case(), expected=expected)

    def dead_session(self) -> Case:
        return self.case(session=DEAD)

    def missing(self) -> Case:
        return self.case(number=987654)

    def listing(self) -> Case:
        return self.case()

    def several(self) -> Case:
        report = Fetching(self.server.url).report(f"dashboard:{self.server.ids['board']}")
        return replace(self.case(), report=report)

    def silent(self, url: str) -> Case:
        return self.case(url=url)
