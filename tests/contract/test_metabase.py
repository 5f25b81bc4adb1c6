from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.sources.metabase.source import Metabase as Source
from sfr.testing import Case, SourceContract
from tests.metabase_client import config_at, report_of
from tests.servers.metabase import KEY, Card, Dashboard, Ending, Metabase
from tests.servers.metabase_model import Place, written


class TestMetabase(SourceContract):
    connector = Source

    @pytest.fixture(autouse=True)
    def serve(self) -> Iterator[None]:
        self.orders, self.broken = Card("Orders"), Card("Broken", ending=Ending.BROKEN)
        self.board = Dashboard("Sales", [Place(self.orders, {})])
        with Metabase(cards=[self.orders, self.broken], dashboards=[self.board]) as self.server:
            yield

    def case(self, text: str, key: str = KEY, **settings: str) -> Case:
        expected = written(self.orders.columns, self.orders.rows, ",", formatted=False)
        config = config_at(self.server, api_key=key).model_copy(update=settings)
        return Case(config, report_of(text), expected, key)

    def good(self) -> Case:
        return self.case(str(self.orders.id))

    def dead_session(self) -> Case:
        return self.case(str(self.orders.id), key="mb_an-old-key-5ecret")

    def missing(self) -> Case:
        return self.case("987654")

    def cut(self) -> Case:
        return self.case(str(self.broken.id))

    def listing(self) -> Case:
        return self.good()

    def several(self) -> Case:
        return self.case(f"{self.server.url}/dashboard/{self.board.id}")

    def silent(self, url: str) -> Case:
        return self.case(str(self.orders.id), url=url)
