"""Whatever text a report, an outcome or an error holds, each of the three databases gives it back."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.history import History
from sfr.history.rows import LONGEST_TEXT, storable
from sfr.model import Attempt, Outcome, Proof, Report, Run, Status
from tests.histories import outcomes, queued

pytest_plugins = ("tests.history_fixtures",)

NASTY = "naïve 文件 😀 'quo\"te' ; -- %s :x \\ \r\n\t{0}"


def test_a_long_error_is_cut(history: History) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    long = "😀" * (LONGEST_TEXT + 1)
    tries = (Attempt(1, 1.0, 1.0, error=long),)
    history.settle([Outcome(job.id, Status.FAILED, error=long, warnings=(long,), attempts=tries)])
    cut = "😀" * (LONGEST_TEXT - 1) + "…"
    assert outcomes(history)[0] == Outcome(
        job.id, Status.FAILED, error=cut, warnings=(cut,), attempts=(Attempt(1, 1.0, 1.0, error=cut),)
    )


def test_nasty_names_travel_through_every_database(history: History) -> None:
    report = Report(NASTY, "x" * 5000, params=((NASTY, "\x00"),), tags=(NASTY,), template=NASTY, folder="lone \udc80")
    run = Run("r1", 1.0, list_name=NASTY, host=NASTY)
    history.add_run(run, [report])
    (job,) = history.claim("r1", 1, 60, 500.0)
    assert history.last_run() == run
    assert job.report == report
    history.settle([Outcome(job.id, Status.DONE, columns=(NASTY,) * 5000, location="a\x00b \udc80")])
    assert outcomes(history)[0] == Outcome(job.id, Status.DONE, columns=(NASTY,) * 5000, location="ab \\udc80")


texts = st.text(max_size=40)
moments = st.floats(min_value=0, max_value=4e9)
some_reports = st.builds(
    Report,
    name=texts,
    ref=texts,
    source=texts,
    params=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    folder=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    min_records=st.none() | st.integers(0, 2**60),
    may_be_empty=st.booleans(),
    template=texts,
    line=st.none() | st.integers(0, 2**31),
)
some_attempts = st.builds(
    Attempt,
    number=st.integers(1, 2**31 - 1),
    started_at=moments,
    seconds=moments,
    waited_seconds=moments,
    server_seconds=moments,
    bytes=st.integers(0, 2**60),
    reason=texts.map(storable),
    error=texts.map(storable),
    request_id=texts.map(storable),
)
some_outcomes = st.builds(
    Outcome,
    job_id=st.just(""),
    status=st.sampled_from([status for status in Status if status not in (Status.QUEUED, Status.RUNNING)]),
    location=texts.map(storable),
    bytes=st.integers(0, 2**60),
    records=st.none() | st.integers(0, 2**60),
    columns=st.lists(texts, max_size=3).map(tuple),
    proof=st.sampled_from(Proof),
    attempts=st.lists(some_attempts, max_size=3).map(tuple),
    started_at=st.none() | moments,
    finished_at=st.none() | moments,
    scope=texts.map(storable),
    reason=texts.map(storable),
    error=texts.map(storable),
    remedy=texts.map(storable),
    warnings=st.lists(texts.map(storable), max_size=3).map(tuple),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(report=some_reports, outcome=some_outcomes)
def test_every_report_and_outcome_comes_back_as_it_went_in(history: History, report: Report, outcome: Outcome) -> None:
    run_id = f"r{len(history.runs(1000))}"
    history.add_run(Run(run_id, 1.0), [report])
    (job,) = history.claim(run_id, 1, 60, 500.0)
    ended = Outcome.from_dict(outcome.to_dict() | {"job_id": job.id})
    history.settle([ended])
    (result,) = history.results(run_id)
    assert result.job.report == report
    assert result.outcome == ended
