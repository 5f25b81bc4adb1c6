"""Checks that every noun becomes JSON and comes back the same, whoever wrote it."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr import model
from sfr.model import (
    Attempt,
    Delivered,
    Expectations,
    Job,
    Outcome,
    Phase,
    Place,
    Proof,
    Report,
    Result,
    Run,
    Shape,
    Snapshot,
    Status,
    Window,
)
from sfr.record import Record

text = st.text()
count = st.integers(0, 2**62)
moment = st.floats(0, 4e9)
maybe = st.none()
texts = st.lists(text, max_size=3).map(tuple)

pairs = st.lists(st.tuples(text, text), max_size=3).map(tuple)
windows = st.builds(Window, text, text, text)
reports = st.builds(
    Report,
    name=text,
    ref=text,
    source=text,
    params=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    format=text,
    folder=text,
    type=text,
    tags=texts,
    min_records=maybe | count,
    may_be_empty=st.booleans(),
    keep_footer=st.booleans(),
    excel=st.booleans(),
    template=text,
    line=maybe | count,
    options=st.dictionaries(text, text | count | texts.map(list), max_size=3),
    window=maybe | windows,
    columns=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    other_columns=text,
    expected_columns=texts,
    update=text,
    many=st.booleans(),
    places=st.lists(st.builds(Place, text, text, text, texts), min_size=1, max_size=3).map(tuple),
    shape=st.builds(
        Shape,
        steps=st.lists(st.tuples(text, st.dictionaries(text, text, max_size=2)), max_size=3).map(tuple),
        clean=text,
        clean_whole=st.booleans(),
        format=text,
        types=pairs,
        misfits=text,
        null=maybe | text,
        workbook=text,
        sheet=text,
    ),
    expect=st.builds(Expectations, maybe | count, texts, pairs, maybe | st.tuples(text, moment)),
    other_sources=texts,
)
runs = st.builds(Run, text, moment, text, text, count, text, maybe | moment, maybe | st.integers(0, 130))
jobs = st.builds(Job, text, text, count, reports, count, maybe | count, texts, text, text, text)
attempts = st.builds(Attempt, count, moment, moment, moment, moment, count, text, text, text)
deliveries = st.builds(
    Delivered, text, text, text, text, text, count, maybe | count, text, text, maybe | moment, texts, maybe | text
)
outcomes = st.builds(
    Outcome,
    job_id=text,
    status=st.sampled_from(Status),
    location=text,
    bytes=count,
    records=maybe | count,
    columns=texts,
    sha256=text,
    proof=st.sampled_from(Proof),
    attempts=st.lists(attempts, max_size=3).map(tuple),
    started_at=maybe | moment,
    finished_at=maybe | moment,
    scope=text,
    reason=text,
    error=text,
    remedy=text,
    warnings=texts,
    others=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    validator=text,
    deliveries=st.lists(deliveries, max_size=3).map(tuple),
)
results = st.builds(Result, jobs, outcomes)
snapshots = st.builds(Snapshot, text, st.sampled_from(Phase), moment, count, count, text)
nouns = st.one_of(windows, reports, runs, jobs, attempts, deliveries, outcomes, results, snapshots)


@given(nouns)
def test_a_noun_becomes_json_and_comes_back_the_same(noun: Record) -> None:
    again = type(noun).from_json(noun.to_json())
    assert again == noun
    assert hash(again) == hash(noun)
    assert {type(getattr(again, field.name)) for field in dataclasses.fields(again)} == {
        type(getattr(noun, field.name)) for field in dataclasses.fields(noun)
    }


@given(nouns)
def test_a_noun_travels_between_processes(noun: Record) -> None:
    assert pickle.loads(pickle.dumps(noun)) == noun


@given(nouns)
def test_an_older_sfr_reads_what_a_newer_one_has_added(noun: Record) -> None:
    values = {**json.loads(noun.to_json()), "invented_later": [1, {"a": None}]}
    assert type(noun).from_dict(values) == noun


def test_a_newer_sfr_reads_what_an_older_one_did_not_know() -> None:
    assert Report.from_json('{"name": "a.csv", "ref": "00O"}') == Report(name="a.csv", ref="00O")
    assert Outcome.from_json('{"job_id": "7", "status": "done"}') == Outcome("7", Status.DONE)


def test_a_report_without_its_name_is_no_report() -> None:
    with pytest.raises(TypeError):
        Report.from_json("{}")


def test_a_status_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="finished"):
        Outcome.from_json('{"job_id": "7", "status": "finished"}')


def test_every_noun_is_tested_here_is_frozen_and_has_no_surprises_beside_its_fields() -> None:
    found = {kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, Record)} - {Record}
    assert found == {
        Window,
        Place,
        Shape,
        Expectations,
        Report,
        Run,
        Job,
        Attempt,
        Delivered,
        Outcome,
        Result,
        Snapshot,
    }
    for kind in found:
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert not hasattr(kind, "__dict__") or "__dict__" not in kind.__slots__
        assert [name for name in vars(kind) if not name.startswith("_")] == [
            name for name in vars(kind) if name in {field.name for field in dataclasses.fields(kind)}
        ]


def test_json_keeps_letters_readable() -> None:
    assert "売上" in Report(name="売上.csv", ref="x").to_json()
