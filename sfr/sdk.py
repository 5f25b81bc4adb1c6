"""The one door for authors of connectors: every name here keeps its meaning until the next major version of sfr.

A connector imports from `sfr.sdk` and from nothing else of sfr, its tests from `sfr.testing` too. What is promised, and
how a connector is written, is in `docs/connectors.md`.
"""

from __future__ import annotations

from sfr.connector import (
    Appending,
    Asker,
    Destination,
    Door,
    Expanding,
    HavingOptions,
    Listed,
    Listing,
    Reference,
    ReferenceProblem,
    Referring,
    Session,
    SigningIn,
    Sink,
    Source,
    Staging,
    Together,
    Tools,
    UsingWindows,
    Wanted,
)
from sfr.errors import (
    AuthError,
    Cancelled,
    ConfigError,
    DeliveryError,
    InvalidReport,
    ReportError,
    Scope,
    SfrError,
    TransientError,
)
from sfr.http import Answer, Client, Timeouts
from sfr.model import Fetched, Proof, Report, Window
from sfr.rows import CsvRows

__all__ = [
    "Answer",
    "Appending",
    "Asker",
    "AuthError",
    "Cancelled",
    "Client",
    "ConfigError",
    "CsvRows",
    "DeliveryError",
    "Destination",
    "Door",
    "Expanding",
    "Fetched",
    "HavingOptions",
    "InvalidReport",
    "Listed",
    "Listing",
    "Proof",
    "Reference",
    "ReferenceProblem",
    "Referring",
    "Report",
    "ReportError",
    "Scope",
    "Session",
    "SfrError",
    "SigningIn",
    "Sink",
    "Source",
    "Staging",
    "Timeouts",
    "Together",
    "Tools",
    "TransientError",
    "UsingWindows",
    "Wanted",
    "Window",
]
