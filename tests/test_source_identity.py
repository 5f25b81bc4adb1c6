"""Checks that the same name with another server behind it is another source: nothing of the one serves the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from sfr.connector import Sink
from sfr.errors import AuthError
from sfr.model import Fetched, Proof, Report, Status
from sfr.source_identity import identity_of
from sfr.unfinished import key_of
from tests.faults.support import Desk
from tests.scripted import DATA, Scripted, bring, the_rest, until_row, whole
from tests.test_several_sources import ORG, connector, outcomes_of, write_list


class Host(BaseModel):
    """Part of a configuration."""

    name: str = "files"
    password: SecretStr = SecretStr("")


class Config(BaseModel):
    """Of everything that a connector may have in it."""

    url: str = "https://staging.example.com"
    key: SecretStr = SecretStr("")
    hosts: tuple[Host, ...] = (Host(),)
    accounts: frozenset[str] = frozenset({"a", "b", "c"})
    by_name: dict[str, Host] = {}
    connect_seconds: float = 15.0


@pytest.mark.parametrize(
    "other",
    [
        *(Config(url="https://www.example.com"), Config(hosts=(Host(name="other"),)), Config(accounts=frozenset("a"))),
        Config(by_name={"x": Host()}),
    ],
)
def test_another_plain_field_is_another_source(other: Config) -> None:
    assert identity_of("made", other) != identity_of("made", Config())
    assert identity_of("other", Config()) != identity_of("made", Config())


@pytest.mark.parametrize(
    "same",
    [
        *(Config(key=SecretStr("x")), Config(connect_seconds=1), Config(hosts=(Host(password=SecretStr("y")),))),
        Config(accounts=frozenset({"c", "b", "a"})),
    ],
)
def test_secrets_and_waiting_times_make_no_other_source(same: Config) -> None:
    assert identity_of("made", same) == identity_of("made", Config())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def versioned(into: Sink) -> Fetched:
    if into.validator == "v7":
        return Fetched(unchanged=True, validator="v7", proof=Proof.LENGTH)
    return whole(DATA, validator="v7")(into)


def test_the_version_of_one_server_is_not_told_to_another(folder: Path) -> None:
    first = bring(folder, versioned, origin="staging")
    source = Scripted(versioned)
    assert bring(folder, source, after=first, origin="production").status is Status.DONE
    assert bring(folder, source, after=first, origin="staging").status is Status.DONE
    assert source.validators == ["", "v7"]


def test_what_one_server_has_begun_is_not_gone_on_with_at_another(folder: Path) -> None:
    assert key_of(Report("a", "1"), "staging") != key_of(Report("a", "1"), "production")
    bring(folder, until_row(3, AuthError("dead")), origin="staging")
    source = Scripted(the_rest)
    assert bring(folder, source, origin="production").status is Status.DONE
    assert source.points == [""]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, ORG) as desk:
        yield desk


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_workers_know_which_server_a_name_stands_for(desk: Desk) -> None:
    fetch = """
        if into.validator:
            return Fetched(unchanged=True, validator="v7", proof=Proof.LENGTH)
        into.write(f"a\\n{self.url}\\n".encode())
        return Fetched(proof=Proof.LENGTH, validator="v7")
    """
    connector(desk, init="self.url = config.url", fetch=fetch.strip())
    write_list(desk, made=[("m.csv", "1")])
    for url, unchanged in (("http://a", False), ("http://a", True), ("http://b", False)):
        outcome = outcomes_of(desk, desk.run(SFR_MADE_URL=url), 0)["m.csv"]
        assert bool(outcome.warnings) == unchanged
        assert desk.content("m.csv") == f"a\n{url}\n".encode()
