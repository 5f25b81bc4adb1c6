"""Walks the telling steps of loads into tables of a server: killed there, each table has the old or the new."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.delivered import killed_before
from tests.faults.loaded import Loading
from tests.faults.walking import Walker
from tests.histories import own_database
from tests.services import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

KINDS = ("postgresql", "mysql")
CHANGING = ("CREATE", "DROP", "RENAME", "DELETE", "INSERT", "UPDATE", "COPY", "LOAD", "COMMIT", "DO")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def office(tmp_path: Path, kind: str) -> Iterator[Loading]:
    require(hasattr(os, "fork"), "a system that can fork")
    with own_database(kind) as url:
        office = Loading(tmp_path, kind, url)
        yield office
        office.end()


@pytest.fixture
def walker(office: Loading) -> Iterator[Walker]:
    walker = Walker(office)
    yield walker
    walker.end()


def telling(steps: list[str]) -> list[int]:
    """The numbers of the steps at which something may change: before a statement, while the server has it, and in the
    middle of the rows on their way and behind the last of them. With TEST_EVERY_STEP all."""
    if os.environ.get("TEST_EVERY_STEP"):
        return [*range(1, len(steps) + 1)]
    found = []
    for what, group in itertools.groupby(enumerate(steps, 1), key=lambda numbered: numbered[1].split()[1]):
        numbers = [number for number, _ in group]
        if what == "rows":
            found += [numbers[len(numbers) // 2], numbers[-1]]
        elif what in CHANGING:
            found += numbers
    return found


def test_a_load_killed_at_any_telling_step_leaves_the_old_or_the_new_and_the_next_one_completes_it(
    office: Loading, walker: Walker
) -> None:
    assert walker.walk().code == 0, walker.said
    office.check_all_new([1])
    office.begin_generation()
    whole = walker.walk()
    assert whole.code == 0, walker.said
    generations = [1, 2]
    office.check_all_new(generations)
    for step in telling(whole.steps):
        office.begin_generation()
        walked = walker.walk(step)
        with killed_before(f"step {step}: {whole.steps[step - 1]}"):
            assert walked.killed
            office.quiet()
            office.check_nothing_half(generations)
            walker.complete()
            generations.append(office.generation)
            office.check_all_new(generations)
