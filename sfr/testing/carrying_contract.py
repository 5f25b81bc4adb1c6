"""The promises of a destination that knows more about a file than its name, as tests that it inherits."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from pydantic import BaseModel

from sfr.connector import Carrying, Checking, Linking, Parcel, Updating
from sfr.errors import AuthError, Cancelled, ConfigError, DeliveryError, SfrError, TransientError
from sfr.model import Delivered
from sfr.testing import declared

_SMALL, _OTHER = b"a,b\n1,2\n", b"a,b\n3,4\n5,6\n"
_LINE = b"0123456789,abcdefghijklmnopqrst\n"


class CarryingPromises:
    """What `DestinationContract` asks of a destination with `deliver`, and with `link`, `check` and `updates` where it
    has them. `PATHS` are such as a list may have; a place where some of them mean nothing names its own. `LARGE` is a
    file that goes in several pieces; a slow server may take a smaller one for it."""

    LARGE: ClassVar[bytes] = b"a,b\n" + _LINE * 800_000

    PATHS: ClassVar[tuple[str, ...]] = (
        "sales.csv",
        "crm/2026/03/sales.csv",
        "Umsätze/März (1) + 50%.csv",
        "漢字/a&b=c #1.csv",
        "it's ~ [all] {fine}!.csv",
    )

    opened: Callable[[], Any]
    config: Callable[[], BaseModel]
    content: Callable[[str], bytes | None]
    unreachable: Callable[[], BaseModel | None]

    def test_what_is_delivered_is_there_and_told_without_a_secret(self) -> None:
        destination, secrets = self._carrying(), declared.secrets_of(self.config())
        for path in self.PATHS:
            assert self.content(path) is None
            told = _deliver(destination, {path: _SMALL})[0]
            assert self.content(path) == _SMALL
            assert told.location, "a Delivered says where the file is"
            assert (told.bytes, told.sha256, told.records) == (len(_SMALL), hashlib.sha256(_SMALL).hexdigest(), 1)
            declared.check_hidden(str(replace(told, link="")), secrets, "what is told of a delivery")

    def test_delivered_again_it_is_replaced(self) -> None:
        destination = self._carrying()
        for content in (self.LARGE, _SMALL, _SMALL, _OTHER):  # the third time as a job that was killed
            _deliver(destination, {"a.csv": content})
            assert self.content("a.csv") == content

    def test_a_staged_file_is_only_read(self) -> None:
        with _parcels({"a.csv": _SMALL}) as parcels:
            self._carrying().deliver(parcels)
            assert parcels[0].staged.read_bytes() == _SMALL, "other places get the same file"

    def test_several_are_delivered_and_told_in_their_order(self) -> None:
        contents = {"b/1.csv": _SMALL, "a.csv": self.LARGE, "b/2.csv": _OTHER}
        for _ in range(2):
            told = _deliver(self._carrying(), contents)
            assert [each.bytes for each in told] == [len(content) for content in contents.values()]
            assert {path: self.content(path) for path in contents} == contents

    def test_where_one_of_several_cannot_be_delivered_none_is(self) -> None:
        destination = self._carrying()
        _deliver(destination, {"a.csv": _SMALL})
        for missing in ("a.csv", "b.csv"):
            with _parcels({"a.csv": _OTHER, "b.csv": self.LARGE}, missing=missing) as parcels:
                _fails(destination, parcels)
            assert (self.content("a.csv"), self.content("b.csv")) == (_SMALL, None)

    def test_a_delivery_that_fails_leaves_the_old_file(self) -> None:
        destination = self._carrying()
        _deliver(destination, {"a.csv": _SMALL})
        with _parcels({"a.csv": _OTHER}, missing="a.csv") as parcels:
            _fails(destination, parcels)
        assert self.content("a.csv") == _SMALL

    def test_progress_is_told_and_may_stop_it(self) -> None:
        destination = self._carrying()
        seen: list[int] = []
        _deliver(destination, {"a.csv": self.LARGE}, seen.append)
        assert seen, "progress is called"
        assert seen == sorted(seen), "progress is told how many bytes went so far"
        assert seen[-1] <= len(self.LARGE)
        for content in (_SMALL, self.LARGE[: len(self.LARGE) // 2], self.LARGE[:-32]):
            for path, before in (("a.csv", self.LARGE), ("new.csv", None)):
                try:
                    _deliver(destination, {path: content}, _stop)
                except Cancelled:
                    assert self.content(path) == before, "a delivery that is stopped leaves the place as it was"
                else:
                    raise AssertionError("what progress raises goes through")

    def test_a_delivery_that_is_refused_is_told_with_a_remedy(self) -> None:
        self._carrying()
        config = self._refusing()
        with _parcels({"a.csv": _SMALL}) as parcels:
            _fails(self.connector(config), parcels, declared.secrets_of(config))  # type: ignore[attr-defined]

    def test_a_link_fetches_the_file_and_can_be_renewed(self) -> None:
        destination = self._carrying()
        if not isinstance(destination, Linking):
            raise SkipTest("this destination has no links")
        (told,) = _deliver(destination, {self.PATHS[-1]: _SMALL})
        for each in (told, destination.link(replace(told, link="", link_expires_at=None))):
            assert each.link.startswith(("https://", "http://"))
            assert (each.link_expires_at or 0) > time.time()
            assert replace(each, link="", link_expires_at=None) == replace(told, link="", link_expires_at=None)
            assert self.fetched(each.link) == _SMALL
        try:
            destination.link(replace(told, key=f"{told.key}.missing", location=f"{told.location}.missing"))
        except DeliveryError as error:
            declared.check_error(error, declared.secrets_of(self.config()))
        else:
            raise AssertionError("there is no link to what is not there")

    def test_it_can_be_checked_before_a_run(self) -> None:
        destination = self.opened()
        if not isinstance(destination, Checking):
            raise SkipTest("this destination cannot be checked")
        destination.check()
        config = self._refusing()
        try:
            self.connector(config).check()  # type: ignore[attr-defined]
        except (AuthError, DeliveryError, ConfigError, TransientError) as error:
            declared.check_error(error, declared.secrets_of(config))
        else:
            raise AssertionError("a place that refuses is found out before a run")

    def test_it_says_what_it_can_do_to_what_is_there(self) -> None:
        destination = self.opened()
        if not isinstance(destination, Updating):
            raise SkipTest("this destination does not say so")
        assert destination.updates
        assert destination.updates <= {"replace", "append", "upsert"}

    def fetched(self, link: str) -> bytes:
        """What somebody gets by a link, without further rights. An author whose test server needs more says so."""
        import requests

        answer = requests.get(link, timeout=60)
        answer.raise_for_status()
        return answer.content

    def _carrying(self) -> Any:
        destination = self.opened()
        if not isinstance(destination, Carrying):
            raise SkipTest("this destination has only `put`")
        return destination

    def _refusing(self) -> BaseModel:
        config = self.unreachable()
        if config is None:
            raise SkipTest("no such place is given for this destination")
        return config


def _stop(_bytes: int) -> None:
    raise Cancelled("the run was stopped")


def _deliver(
    destination: Any, contents: dict[str, bytes], progress: Callable[[int], None] = lambda _: None
) -> list[Delivered]:
    with _parcels(contents, progress) as parcels:
        told = destination.deliver(parcels)
    assert len(told) == len(contents), "deliver returns one Delivered for each parcel"
    assert all(isinstance(each, Delivered) for each in told)
    return list(told)


def _fails(destination: Any, parcels: Sequence[Parcel], secrets: tuple[str, ...] = ()) -> None:
    try:
        destination.deliver(parcels)
    except (AuthError, DeliveryError, TransientError) as error:
        declared.check_error(error, secrets)
    except SfrError as error:
        raise AssertionError(
            f"an AuthError, a DeliveryError or a TransientError was due, not {type(error).__name__}"
        ) from error
    else:
        raise AssertionError("a DeliveryError was due")


@contextmanager
def _parcels(
    contents: dict[str, bytes], progress: Callable[[int], None] = lambda _: None, missing: str = ""
) -> Iterator[list[Parcel]]:
    """Finished files as sfr hands them over; the one that is `missing` is gone when somebody wants to read it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        parcels = []
        for number, (path, content) in enumerate(contents.items()):
            staged = folder / f"{number}.part"
            if path != missing:
                staged.write_bytes(content)
            parcels.append(
                Parcel(
                    staged,
                    path,
                    bytes=len(content),
                    records=content.count(b"\n") - 1,
                    sha256=hashlib.sha256(content).hexdigest(),
                    columns=("a", "b"),
                    run_id="the-run",
                    job_id="the-job",
                    report="Umsätze",
                    source="crm",
                    progress=progress,
                )
            )
        yield parcels
