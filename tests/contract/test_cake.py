from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.sources.cake.source import Cake as Source
from sfr.testing import Case, SourceContract
from tests.cake_exports import MINUTE, config, fetch, report, some
from tests.servers.cake import KEY, Cake
from tests.servers.cake_plays import Fault


class TestCake(SourceContract):
    connector = Source

    @pytest.fixture(autouse=True)
    def serve(self) -> Iterator[None]:
        with Cake(some(50, 10 * MINUTE)) as self.server:
            yield

    def case(self, key: str = KEY, url: str = "", expected: bytes = b"") -> Case:
        told = {"url": url} if url else {}
        return Case(config(self.server, api_key=key, **told), report(), expected, session=key)

    def good(self) -> Case:
        """What comes is held against the facts elsewhere (tests/test_cake_rows.py); here it must come each time."""
        return self.case(expected=bytes(fetch(self.server, report())[1].data))

    def dead_session(self) -> Case:
        return self.case(key="an-old-key-5ecret")

    def cut(self) -> Case:
        self.server.fault = lambda asked: Fault(end="reset", after_bytes=300)
        return self.case()

    def silent(self, url: str) -> Case:
        return self.case(url=url)
