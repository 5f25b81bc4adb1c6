"""What holds of the places of an office: after a good run, and after one that was killed at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.office import Found, Office

NAMES = {"output/users.parquet", "output/added.csv", "archive/old/users.parquet", "archive/added.csv"}
IN_BUCKET = "s3://daily/users.parquet"


def names_of(office: Office) -> set[str]:
    return NAMES | {IN_BUCKET} if office.bucket else NAMES


def check_all_new(office: Office, generations: list[int]) -> Found:
    """Every place has the last generation, every append each generation once; the ledger has a true row for each, and
    nothing else is left."""
    found = office.found()
    places = 4 if office.bucket else 3
    assert (len(found.users), set(found.users.values())) == (places, {office.generation})
    assert list(found.added.values()) == [generations] * 3
    assert office.names() == names_of(office)
    ledger = office.ledger()
    assert len(ledger) == places + 3
    assert {location: ledger[location].sha256 for location in found.sums} == found.sums
    assert office.left_over() == [], office.left_over()
    assert office.tables() == {"users", "added", "sfr_loads"}
    return found


def check_nothing_half(office: Office, before: Found, generations: list[int]) -> None:
    """Every place has all of the old or all of the new, and nothing else has a name. The ledger has no row without its
    file; its row is that of the file, or of the one that was there before: then the job is not called done, so that
    `--failed` fetches it again."""
    found = office.found()  # fails for what is not whole
    assert found.users.keys() == before.users.keys()
    assert set(found.users.values()) <= {office.generation - 1, office.generation}
    assert found.added.keys() == before.added.keys()
    assert all(added in (generations, [*generations, office.generation]) for added in found.added.values())
    assert office.names() == names_of(office)
    _, statuses = office.statuses()
    ledger = office.ledger()
    assert {location for location, row in ledger.items() if row.destination != "warehouse"} == set(found.sums)
    for location, total in found.sums.items():
        if ledger[location].sha256 != total:
            assert ledger[location].sha256 == before.sums[location], location
            assert statuses[Path(location).name] != "done", location


def check_completion(office: Office, before: Found, generations: list[int], complete: Callable[[], None]) -> Found:
    """After a killed run: nothing is half, and `complete` brings all of the new, which is then one of `generations`."""
    check_nothing_half(office, before, generations)
    complete()
    generations.append(office.generation)
    return check_all_new(office, generations)


@contextmanager
def killed_before(step: str) -> Iterator[None]:
    """What does not hold in this block, does not hold after a kill there."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"killed before {step}")
        raise
