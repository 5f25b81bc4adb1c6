from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfr.connector import Session, Tools
from sfr.errors import TransientError
from sfr.model import Report, Window
from sfr.testing import Case, SourceContract, Tray
from tests.examples.tides import Tides, TidesConfig
from tests.servers.tides import KEY, TidesServer

ROOT = Path(__file__).parents[1]
READINGS = [
    {"time": f"2026-03-{day:02d}T06:00:00+00:00", "level_cm": 100 + day, "quality": "" if day % 2 else None}
    for day in range(1, 9)
]
CSV = "time,level_cm,quality\n" + "".join(
    f"{each['time']},{each['level_cm']},{quality}\n" for each, quality in zip(READINGS, ['""', ""] * 4, strict=True)
)


class TestTides(SourceContract):
    connector = Tides

    @pytest.fixture(autouse=True)
    def serve(self) -> Iterator[None]:
        with TidesServer({"cuxhaven": READINGS, "empty": []}) as self.server:
            yield

    def case(self, ref: str = "cuxhaven", key: str = KEY, url: str = "") -> Case:
        config = TidesConfig(url=url or self.server.url, api_key=key)
        return Case(config, Report(name="tides.csv", ref=ref), CSV.encode())

    def good(self) -> Case:
        return self.case()

    def dead_session(self) -> Case:
        return self.case(key="an-old-key-5ecret")

    def missing(self) -> Case:
        return self.case("atlantis")

    def cut(self) -> Case:
        self.server.state.cut_page = 2
        return self.case()

    def listing(self) -> Case:
        return self.case()

    def silent(self, url: str) -> Case:
        return self.case(url=url)

    def test_a_window_becomes_a_span_of_time_and_no_rows_are_a_report_too(self) -> None:
        window = Window("2026-03-02T00:00:00+00:00", "2026-03-04T00:00:00+00:00", "UTC")
        with closing(self.opened(self.good())) as source:
            tray, empty = Tray(), Tray()
            fetched = source.fetch(Report("a.csv", "cuxhaven", window=window), tray)
            assert (fetched.records, tray.data.count(b"\n")) == (2, 3)
            assert source.fetch(Report("a.csv", "empty"), empty).records == 0
        assert bytes(empty.data) == b"time,level_cm,quality\n"

    def test_a_later_try_asks_only_for_the_pages_that_are_missing(self) -> None:
        self.server.state.cut_page = 3
        tray = Tray()
        with closing(self.opened(self.good())) as source:
            with pytest.raises(TransientError):
                source.fetch(Report("a.csv", "cuxhaven"), tray)
            self.server.state.cut_page = 0
            self.server.state.asked.clear()
            later = tray.resumed()
            source.fetch(Report("a.csv", "cuxhaven"), later)
        assert bytes(later.data) == CSV.encode()
        assert [path.rpartition("?")[2] for path in self.server.state.asked] == ["page=3"]

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_server_slows_everybody_down(self, status: int) -> None:
        self.server.state.statuses.append(status)
        with closing(self.opened(self.good())) as source, pytest.raises(TransientError) as caught:
            source.check()
        assert caught.value.slow_down


def test_every_request_waits_for_its_turn() -> None:
    turns = []
    with TidesServer({"cuxhaven": READINGS}) as server:
        tools = Tools("tides", lambda: Session("", 1), turn=lambda: turns.append(1))
        with closing(Tides(TidesConfig(url=server.url, api_key=KEY), tools)) as source:
            source.fetch(Report("a.csv", "cuxhaven"), Tray())
        assert len(turns) == len(server.state.asked) == 3


def test_the_walk_through_shows_this_very_code_in_less_than_80_lines() -> None:
    document = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    code = (ROOT / "tests" / "examples" / "tides.py").read_text(encoding="utf-8")
    assert code in re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    assert len(code.splitlines()) < 80
