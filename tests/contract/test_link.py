from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sfr.sources.link.config import LinkConfig
from sfr.sources.link.source import Link
from sfr.testing import Case, SourceContract
from tests.links import CSV, report
from tests.servers.files import Asked, FileServer, Reply

TOKEN = "a-token-5ecret"


class TestLink(SourceContract):
    connector = Link

    @pytest.fixture(autouse=True)
    def serve(self) -> Iterator[None]:
        with FileServer(good=self.guarded, cut=Reply(CSV, cut_after=len(CSV) - 4)) as self.server:
            yield

    def guarded(self, asked: Asked) -> Reply:
        allowed = asked.headers.get("Authorization") == f"Bearer {TOKEN}"
        return Reply(CSV, headers={"Content-Type": "text/csv", "ETag": '"v1"'}) if allowed else Reply(b"no", 401)

    def case(self, path: str = "good", token: str = TOKEN, url: str = "") -> Case:
        base = url or self.server.url
        config = LinkConfig(url=base, bearer_token=SecretStr(token), connect_seconds=5, first_byte_seconds=20)
        return Case(config, report(f"{base}/{path}"), CSV)

    def good(self) -> Case:
        return self.case()

    def dead_session(self) -> Case:
        return self.case(token="an-old-token-5ecret")

    def missing(self) -> Case:
        return self.case("nowhere")

    def cut(self) -> Case:
        return self.case("cut")

    def silent(self, url: str) -> Case:
        return self.case(url=url)
