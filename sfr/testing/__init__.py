"""What an author of a connector tests with: a place to fetch into, and the promises that every connector must keep.

Names here keep their meaning as those of `sfr.sdk` do; a later version may ask a connector for more.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:  # so that a promise that is broken shows both sides, as in the author's own tests
    sys.modules["pytest"].register_assert_rewrite(
        "sfr.testing.carrying_contract",
        "sfr.testing.declared",
        "sfr.testing.destination_contract",
        "sfr.testing.source_contract",
    )

from sfr.testing.cases import Case
from sfr.testing.destination_contract import DestinationContract
from sfr.testing.source_contract import SourceContract
from sfr.testing.tray import Tray

__all__ = ["Case", "DestinationContract", "SourceContract", "Tray"]
