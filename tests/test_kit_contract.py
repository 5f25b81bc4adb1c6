"""The contract itself: each promise is broken once, by a connector that is wrong in one way, and must be noticed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from sfr import sdk
from sfr.testing import Case, SourceContract
from tests.examples.tides import COLUMNS, Tides, TidesConfig
from tests.servers.tides import KEY, TidesServer

READING = {"time": "2026-03-01T06:00:00+00:00", "level_cm": 1, "quality": "ok"}
WHOLE = b"time,level_cm,quality\n" + b"2026-03-01T06:00:00+00:00,1,ok\n" * 7


class Promises(SourceContract):
    """The contract of `kind`, to be asked promise by promise."""

    __test__ = False

    def __init__(self, kind: type, url: str) -> None:
        self.connector, self.url = kind, url  # type: ignore[misc]

    def case(self, ref: str = "cux", key: str = KEY, url: str = "") -> Case:
        return Case(TidesConfig(url=url or self.url, api_key=key), sdk.Report("a.csv", ref), WHOLE)  # type: ignore[arg-type]

    def good(self) -> Case:
        return self.case()

    def dead_session(self) -> Case:
        return self.case(key="an-old-key-5ecret")

    def missing(self) -> Case:
        return self.case(ref="atlantis")

    def cut(self) -> Case:
        return self.case(ref="cut")

    def listing(self) -> Case:
        return self.case()

    def silent(self, url: str) -> Case:
        return self.case(url=url)


@pytest.fixture
def server() -> Iterator[TidesServer]:
    with TidesServer({"cux": [READING] * 7, "cut": [READING] * 2}) as running:
        yield running


def broken(server: TidesServer, promise: str, kind: type[Tides]) -> str:
    """What the contract says of `kind`; the right connector keeps the same promise."""
    getattr(Promises(Tides, server.url), promise)()
    with pytest.raises(AssertionError) as caught:
        getattr(Promises(kind, server.url), promise)()
    return str(caught.value)


def refusing(error: Callable[[Tides], Exception]) -> type[Tides]:
    """A connector whose every question ends with this error."""

    class Refusing(Tides):
        def _get(self, path: str, **query: str | int) -> Any:
            raise error(self)

    return Refusing


class Writing(Tides):
    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        Path("debug.txt").write_text("here", encoding="utf-8")
        return super().fetch(report, into)


class Threading(Tides):
    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        threading.Thread(target=int).start()
        return super().fetch(report, into)


def test_a_file_beside_the_sink_and_a_thread_are_noticed(
    server: TidesServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    promise = "test_the_report_arrives_byte_for_byte_in_the_sink_and_nowhere_else"
    assert "debug.txt" in broken(server, promise, Writing)
    assert "thread" in broken(server, promise, Threading)


class Forgetful(Tides):
    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        if into.point:
            into.write((",".join(COLUMNS) + "\n").encode())
        return super().fetch(report, into)


class Heedless(Tides):
    """Keeps points in one way of asking, and never looks for one in another."""

    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        into.write(WHOLE[:-31])
        into.keep("6")
        into.write(WHOLE[-31:])
        return sdk.Fetched(records=7, proof=sdk.Proof.COUNT)


def test_a_source_that_never_asks_for_the_point_brings_the_whole_file_all_the_same(server: TidesServer) -> None:
    Promises(Heedless, server.url).test_a_later_try_goes_on_from_every_point_that_was_kept()


def test_a_second_header_in_a_later_try_is_noticed(server: TidesServer) -> None:
    assert "At index" in broken(server, "test_a_later_try_goes_on_from_every_point_that_was_kept", Forgetful)


class Bragging(Tides):
    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        into.write(b"time,level_cm,quality\n1,2,3\n")
        return sdk.Fetched(proof=sdk.Proof.LENGTH)


def test_a_proof_that_is_none_is_noticed(server: TidesServer) -> None:
    with pytest.raises(AssertionError, match="called proven"):
        Promises(Bragging, server.url).test_a_cut_answer_is_never_called_whole()


class Unpicklable(sdk.AuthError):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}", reason="key", remedy="Renew it.")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda source: sdk.AuthError(f"{source._key.get_secret_value()} is wrong", remedy="Renew it."), "secret"),
        (lambda _: sdk.AuthError("the key is wrong"), "needs a remedy"),
        (lambda _: sdk.AuthError("the key is wrong", reason="The Key", remedy="Renew it."), "short code"),
        (lambda _: sdk.TransientError("not now"), "AuthError"),
        (lambda _: sdk.AuthError("no", remedy=""), "needs a remedy"),
    ],
)
def test_errors_that_help_nobody_or_tell_too_much_are_noticed(
    server: TidesServer, error: Callable[[Tides], Exception], said: str
) -> None:
    assert said in broken(server, "test_a_dead_session_is_told_apart", refusing(error))


def test_errors_that_do_not_pickle_or_are_not_ours_end_the_test(server: TidesServer) -> None:
    for error in (lambda _: Unpicklable("the key", "is wrong"), lambda _: KeyError("key")):
        with pytest.raises((TypeError, KeyError)):
            Promises(refusing(error), server.url).test_a_dead_session_is_told_apart()


class Logging(Tides):
    def __init__(self, config: TidesConfig, tools: sdk.Tools) -> None:
        tools.log.info("signing in with %s", config.api_key.get_secret_value())
        super().__init__(config, tools)


def test_a_secret_in_the_log_is_noticed(server: TidesServer) -> None:
    assert "the log" in broken(server, "test_a_dead_session_is_told_apart", Logging)


class OpenConfig(BaseModel):
    model_config = ConfigDict(frozen=True)

    url: str = Field(description="Address")
    api_key: str = Field(description="Key")


class Undescribed(BaseModel):
    url: str = ""


class Careless(Tides):
    """Tides."""

    Config: ClassVar[Any] = OpenConfig


class Silent(Tides):
    """Tides."""

    Config: ClassVar[Any] = Undescribed


class Nameless(Tides):
    __doc__ = ""


@pytest.mark.parametrize(
    ("kind", "said"), [(Careless, "must be a SecretStr"), (Silent, "needs a description"), (Nameless, "docstring")]
)
def test_settings_that_do_not_explain_or_hide_themselves_are_noticed(
    server: TidesServer, kind: type[Tides], said: str
) -> None:
    assert said in broken(server, "test_the_class_and_its_settings_explain_themselves", kind)


class Deaf(Tides):
    def abort(self) -> None: ...


def test_an_abort_that_does_nothing_is_noticed(server: TidesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfr.testing.watching.PATIENCE_SECONDS", 0.5)
    assert "did not end" in broken(server, "test_abort_ends_a_fetch_that_waits_for_ever", Deaf)


class Breaking(Tides):
    @staticmethod
    def read_reference(wanted: sdk.Wanted) -> sdk.Reference:
        return sdk.Reference(str(int(wanted.text)))


def test_a_reference_that_breaks_the_reading_is_noticed(server: TidesServer) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Promises(Breaking, server.url).test_reading_a_reference_refuses_or_understands_and_never_breaks()
