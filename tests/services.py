"""Says what to do where a server or program that a test needs is missing: skip on a laptop, fail in CI."""

from __future__ import annotations

import os

import pytest


def require(available: bool, reason: str) -> None:
    """Skip the calling test unless `available`; with CI=true fail instead, since CI must have everything."""
    if available:
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"missing in CI: {reason}")
    pytest.skip(reason)
