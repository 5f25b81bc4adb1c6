"""Walks the steps of a run that delivers to several places: killed before each of them, it leaves nothing half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.delivered import check_all_new, check_completion, killed_before
from tests.faults.office import Office
from tests.faults.walking import Walker
from tests.servers.small_s3 import SmallS3
from tests.services import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MOST_STEPS = 32  # of about a hundred; set TEST_EVERY_STEP to walk all


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    require(hasattr(os, "fork"), "a system that can fork")
    with SmallS3() as bucket:
        yield Office(tmp_path, bucket)


@pytest.fixture
def walker(office: Office) -> Iterator[Walker]:
    walker = Walker(office)
    yield walker
    walker.end()


def test_a_run_killed_at_any_step_leaves_the_old_or_the_new_and_the_next_one_completes_it(
    office: Office, walker: Walker
) -> None:
    assert walker.walk().code == 0, walker.said
    check_all_new(office, [1])
    office.begin_generation()
    whole = walker.walk()  # the second one has files to replace
    assert whole.code == 0, walker.said
    generations, before = [1, 2], check_all_new(office, [1, 2])
    steps = len(whole.steps)
    every = 1 if os.environ.get("TEST_EVERY_STEP") else max(1, -(-steps // MOST_STEPS))
    step = 1 + steps % every
    while True:
        office.begin_generation()
        walked = walker.walk(step)
        if not walked.killed:
            break
        with killed_before(f"step {step}: {walked.steps[-1]}"):
            before = check_completion(office, before, generations, walker.complete)
        step += every
    assert step > steps * 0.9
