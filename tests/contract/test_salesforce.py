from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.demo.behaviours import Csv, CutMidStream, NotFound
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.model import Report
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.source import Salesforce
from sfr.testing import Case, SourceContract

GOOD, MISSING, CUT = "00O5g000000good", "00O5g000000miss", "00O5g0000000cut"
REPORT = Csv(rows=20)


class TestSalesforce(SourceContract):
    connector = Salesforce

    @pytest.fixture(autouse=True)
    def org(self) -> Iterator[None]:
        with DemoOrg({GOOD: REPORT, MISSING: NotFound(), CUT: CutMidStream(report=REPORT)}) as self.server:
            yield

    def case(self, ref: str, url: str = "", session: str = DEMO_SID) -> Case:
        config = SalesforceConfig(domain=url or self.server.url)
        return Case(config, Report(name="a.csv", ref=ref), REPORT.data(), session)

    def good(self) -> Case:
        return self.case(GOOD)

    def dead_session(self) -> Case:
        return self.case(GOOD, session="00D000000000000!dead.and.long.gone")

    def missing(self) -> Case:
        return self.case(MISSING)

    def cut(self) -> Case:
        return self.case(CUT)

    def silent(self, url: str) -> Case:
        return self.case(GOOD, url)
