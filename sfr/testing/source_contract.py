"""The promises of a source, as tests that every source inherits."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import Any, ClassVar
from unittest import SkipTest

from sfr.connector import (
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
    Tools,
    Wanted,
)
from sfr.csv_scan import CsvScan
from sfr.errors import AuthError, InvalidReport, ReportError, SfrError, TransientError
from sfr.model import Fetched, Proof
from sfr.testing import declared, watching
from sfr.testing.cases import Case, Nobody
from sfr.testing.tray import Tray

_TEXTS = ("", " ", "\0", "\n", "x" * 5000, "12", "-1", "http://", "http://[", "//", "a/b?c=d#e", "漢字", "{}", "\ud800")


class SourceContract:
    """Subclass it in a test file, say which class is meant, and give cases; pytest does the rest.

    `good` is needed. The other cases are skipped while they return None, which is right only for what cannot happen at
    that source. Start servers in a fixture of your own (`autouse=True`) and keep them on `self`.
    """

    connector: ClassVar[Any]

    def good(self) -> Case:
        """A server that gives the report."""
        raise NotImplementedError

    def dead_session(self) -> Case | None:
        """A server that no longer accepts the session or key."""
        return None

    def missing(self) -> Case | None:
        """A report that is not there."""
        return None

    def cut(self) -> Case | None:
        """An answer that ends in the middle."""
        return None

    def listing(self) -> Case | None:
        """A server that can say which reports it has."""
        return None

    def several(self) -> Case | None:
        """A report that stands for several, such as a dashboard; its `many` is set."""
        return None

    def silent(self, url: str) -> Case | None:  # noqa: ARG002 (for the subclass)
        """Any report of a server at `url`, which will never answer."""
        return None

    # What follows are the promises.

    def test_the_class_and_its_settings_explain_themselves(self) -> None:
        declared.check_class(self.connector)
        declared.check_fields(self.connector.Config)
        if isinstance(self.connector, HavingOptions):
            declared.check_fields(self.connector.Options)

    def test_the_configuration_travels_and_hides_its_secrets(self) -> None:
        config = self.good().config
        declared.check_travels(config)
        declared.check_hidden(f"{config} {config!r}", declared.secrets_of(config), "the configuration's text")

    def test_check_is_content_with_a_good_server(self) -> None:
        with closing(self.opened(self.good())) as source:
            source.check()

    def test_the_report_arrives_byte_for_byte_in_the_sink_and_nowhere_else(self) -> None:
        case = self.good()
        tray = Tray()
        with closing(self.opened(case)) as source:
            with watching.only_the_sink():
                fetched = source.fetch(case.report, tray)
            self._assert_whole(case, tray, fetched)

    def test_one_source_gives_the_same_report_twice_and_closes_twice(self) -> None:
        case = self.good()
        source = self.opened(case)
        for _ in range(2):
            tray = Tray()
            self._assert_whole(case, tray, source.fetch(case.report, tray))
        source.close()
        source.close()

    def test_a_later_try_goes_on_from_every_point_that_was_kept(self) -> None:
        case, tray = self.good(), Tray()
        with closing(self.opened(case)) as source:
            source.fetch(case.report, tray)
        for point, size in tray.kept:
            later = Tray(bytes(tray.data[:size]), point)
            with closing(self.opened(case)) as source:
                self._assert_whole(case, later, source.fetch(case.report, later))

    def test_a_dead_session_is_told_apart(self) -> None:
        self._refused(self._given(self.dead_session()), AuthError)

    def test_a_report_that_is_not_there_is_told_apart(self) -> None:
        self._refused(self._given(self.missing()), ReportError)

    def test_a_cut_answer_is_never_called_whole(self) -> None:
        case, tray = self._given(self.cut()), Tray()
        with closing(self.opened(case)) as source:
            try:
                fetched = source.fetch(case.report, tray)
            except (TransientError, InvalidReport) as error:
                declared.check_error(error, self._secrets(case))
                return
        assert fetched.proof is Proof.NONE or _is_refused(tray, fetched), "a cut answer was called proven"

    def test_abort_ends_a_fetch_that_waits_for_ever(self) -> None:
        with watching.silent_server() as url:
            case = self._given(self.silent(url))
            source = self.opened(case)
            error = watching.outcome_after(lambda: source.fetch(case.report, Tray()), source.abort)
            assert isinstance(error, SfrError), f"an aborted fetch raised {error!r} and not one of our errors"
            source.close()

    def test_reading_a_reference_refuses_or_understands_and_never_breaks(self) -> None:
        if not isinstance(self.connector, Referring):
            raise SkipTest("this source takes plain ids only")
        for text in _TEXTS:
            self._read(text, ())
            self._read("x", ((text, text),))
        try:
            import hypothesis
            from hypothesis import strategies
        except ImportError:
            return
        pairs = strategies.lists(strategies.tuples(strategies.text(), strategies.text()), max_size=3).map(tuple)
        anything = hypothesis.given(strategies.text(), pairs)(self._read)
        hypothesis.settings(database=None, deadline=None, max_examples=100)(anything)()

    def test_what_it_lists_can_be_asked_for(self) -> None:
        with closing(self.opened(self._given(self.listing()))) as source:
            assert isinstance(source, Listing), "there is a case for it, and no list_reports"
            found = list(source.list_reports(""))
        assert found, "the list is empty"
        for each in found:
            assert isinstance(each, Listed)
            assert "" not in (each.ref, each.name), "a listed report needs a reference and a name"
            if isinstance(self.connector, Referring):
                self.connector.read_reference(Wanted(each.ref))

    def test_what_stands_for_several_says_for_which_and_is_not_fetched_itself(self) -> None:
        case = self._given(self.several())
        with closing(self.opened(case)) as source:
            assert isinstance(source, Expanding), "there is a case for it, and no expand"
            found = list(source.expand(case.report))
        assert found, "it stands for nothing"
        for listed, reference in found:
            assert listed.name, "the files are named after what is listed"
            assert isinstance(reference, Reference)
            assert not reference.many, "what several stand for stands for itself"
        self._refused(case, ReportError)

    # What the promises need.

    def opened(self, case: Case, log: logging.Logger | None = None) -> Any:
        """The source of a case, with a session where it has sessions."""
        value = case.session
        if not value and isinstance(self.connector, SigningIn):
            value = self.connector.sign_in(case.config, Door("", Nobody()))
        tools = Tools("contract", lambda: Session(value, 1), log=log or logging.getLogger("sfr.source"))
        return self.connector(case.config, tools)

    def _refused(self, case: Case, kind: type[SfrError]) -> None:
        with watching.logger() as (log, lines):
            error = self._error_of(case, log)
        assert error is not None, f"{kind.__name__} was due, and something was called a report"
        declared.check_error(error, self._secrets(case))
        assert isinstance(error, kind), f"{error!r} is no {kind.__name__}"
        declared.check_hidden("\n".join(lines), self._secrets(case), "the log")

    def _error_of(self, case: Case, log: logging.Logger) -> SfrError | None:
        try:
            with closing(self.opened(case, log)) as source:
                source.fetch(case.report, Tray())
        except SfrError as error:
            return error
        return None

    def _read(self, text: str, params: tuple[tuple[str, str], ...]) -> None:
        found: object
        try:
            found = self.connector.read_reference(Wanted(text, params))
        except ReferenceProblem as problem:
            found = problem
        if isinstance(found, ReferenceProblem):
            assert "" not in (found.message, found.remedy), f"what is wrong with {text!r}, and what helps?"
        else:
            assert isinstance(found, Reference)

    @staticmethod
    def _assert_whole(case: Case, tray: Tray, fetched: Fetched) -> None:
        assert isinstance(fetched, Fetched)
        assert bytes(tray.data) == case.expected
        assert {label: bytes(other.data) for label, other in tray.others.items()} == case.others
        if case.report.format == "csv":
            assert not _is_refused(tray, fetched), "the file does not have as many records as Fetched says"

    @staticmethod
    def _secrets(case: Case) -> tuple[str, ...]:
        return (*declared.secrets_of(case.config), *([case.session] if case.session else []))

    @staticmethod
    def _given(case: Case | None) -> Case:
        if case is None:
            raise SkipTest("no such case is given for this source")
        return case


def _is_refused(tray: Tray, fetched: Fetched) -> bool:
    """Whether sfr's own scan would refuse the file."""
    scan = CsvScan()
    try:
        scan.feed(bytes(tray.data))
        facts = scan.finish()
    except InvalidReport:
        return True
    return fetched.records is not None and fetched.records != facts.records
