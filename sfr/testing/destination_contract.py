"""The promises of a destination, as tests that every destination inherits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from pydantic import BaseModel

from sfr.connector import Appending, Staging, Together
from sfr.errors import AuthError, DeliveryError
from sfr.testing import declared
from sfr.testing.carrying_contract import CarryingPromises

NAMES = ("sales.csv", "Umsätze März 2026.csv", "漢字 (1).csv", "no extension")


class DestinationContract(CarryingPromises):
    """Subclass it in a test file, say which class is meant, and how to look into the place; pytest does the rest.

    Every test gets an empty place: make it in a fixture of your own (`autouse=True`) and keep it on `self`.
    """

    connector: ClassVar[Any]

    def config(self) -> BaseModel:
        """The configuration of a destination that works."""
        raise NotImplementedError

    def content(self, name: str) -> bytes | None:
        """What stands there under that name; None when nothing does."""
        raise NotImplementedError

    def unreachable(self) -> BaseModel | None:
        """The configuration of a destination that refuses; None where there is none."""
        return None

    # What follows are the promises.

    def test_the_class_and_its_settings_explain_themselves(self) -> None:
        declared.check_class(self.connector)
        declared.check_fields(self.connector.Config)

    def test_the_configuration_travels_and_hides_its_secrets(self) -> None:
        config = self.config()
        declared.check_travels(config)
        declared.check_hidden(f"{config} {config!r}", declared.secrets_of(config), "the configuration's text")

    def test_what_is_put_is_there_under_its_name_and_put_says_where(self) -> None:
        for name in NAMES:
            destination = self.opened()
            assert self.content(name) is None
            where = self._put(destination, name, b"a,b\n1,2\n")
            assert isinstance(where, str), "put returns where the file is"
            assert where, "put returns where the file is"
            assert self.content(name) == b"a,b\n1,2\n"

    def test_a_large_and_an_empty_file_arrive_whole(self) -> None:
        destination = self.opened()
        for content in (b"", b"0123456789abcdef" * 600_000):
            self._put(destination, "a.csv", content)
            assert self.content("a.csv") == content

    def test_the_same_name_replaces(self) -> None:
        destination = self.opened()
        for content in (b"a much longer first version\n", b"second\n"):
            self._put(destination, "a.csv", content)
        assert self.content("a.csv") == b"second\n"

    def test_a_put_that_fails_leaves_the_old_file(self) -> None:
        destination = self.opened()
        self._put(destination, "a.csv", b"old\n")
        with _staged(destination, "a.csv", b"new\n") as gone:
            gone.unlink()
            self._fails(lambda: destination.put(gone, "a.csv"))
        assert self.content("a.csv") == b"old\n"

    def test_a_place_that_refuses_is_told_with_a_remedy(self) -> None:
        config = self.unreachable()
        if config is None:
            raise SkipTest("no such place is given for this destination")

        def deliver() -> None:
            self._put(self.connector(config), "a.csv", b"a\n")

        self._fails(deliver, declared.secrets_of(config))

    def test_two_files_on_their_way_have_a_place_each(self) -> None:
        destination = self.opened()
        if not isinstance(destination, Staging):
            raise SkipTest("nothing is staged here")
        assert destination.staging("a.csv") != destination.staging("a.csv")

    def test_several_files_are_put_under_their_names(self) -> None:
        destination = self._together()
        contents = {"a.csv": b"first\n", "a..2.csv": b"second\n"}
        for _ in range(2):
            places = self._put_all(destination, contents)
            assert len(set(places)) == len(contents), "put_all returns where each file is, in their order"
            assert {name: self.content(name) for name in contents} == contents

    def test_where_one_of_several_files_fails_none_is_put(self) -> None:
        destination = self._together()
        self._put(destination, "a.csv", b"old\n")
        for missing in ("a.csv", "a..2.csv"):
            contents = {"a.csv": b"new\n", "a..2.csv": b"new too\n"}
            self._fails(lambda contents=contents, missing=missing: self._put_all(destination, contents, missing))
            assert (self.content("a.csv"), self.content("a..2.csv")) == (b"old\n", None)

    def test_appending_adds_the_records_below_the_header(self) -> None:
        destination = self._appending()
        for content in (b"a,b\n1,2\n", b"a,b\r\n3,4\r\n"):
            assert self._append(destination, content)
        assert (self.content("a.csv") or b"").splitlines() == [b"a,b", b"1,2", b"3,4"]

    def test_appending_other_columns_is_refused_and_changes_nothing(self) -> None:
        destination = self._appending()
        self._append(destination, b"a,b\n1,2\n")
        self._fails(lambda: self._append(destination, b"b,a\n1,2\n"))
        assert self.content("a.csv") == b"a,b\n1,2\n"

    def test_closing_twice_is_fine(self) -> None:
        destination = self.opened()
        destination.close()
        destination.close()

    # What the promises need.

    def opened(self) -> Any:
        """The destination that works."""
        return self.connector(self.config())

    def _appending(self) -> Any:
        destination = self.opened()
        if not isinstance(destination, Appending):
            raise SkipTest("this destination only replaces")
        return destination

    @staticmethod
    def _put(destination: Any, name: str, content: bytes) -> Any:
        with _staged(destination, name, content) as path:
            return destination.put(path, name)

    def _together(self) -> Any:
        destination = self.opened()
        if not isinstance(destination, Together):
            raise SkipTest("this destination takes one file at a time")
        return destination

    @staticmethod
    def _put_all(destination: Any, contents: dict[str, bytes], missing: str = "") -> Any:
        with ExitStack() as stack:
            files = [(stack.enter_context(_staged(destination, name, data)), name) for name, data in contents.items()]
            for path, name in files:
                if name == missing:
                    path.unlink()
            return destination.put_all(files)

    @staticmethod
    def _append(destination: Any, content: bytes) -> Any:
        with _staged(destination, "a.csv", content) as path:
            return destination.append(path, "a.csv")

    @staticmethod
    def _fails(action: Any, secrets: tuple[str, ...] = ()) -> None:
        try:
            action()
        except (AuthError, DeliveryError) as error:
            declared.check_error(error, secrets)
        else:
            raise AssertionError("a DeliveryError was due")


@contextmanager
def _staged(destination: Any, name: str, content: bytes) -> Iterator[Path]:
    """A finished file where sfr would have let it grow."""
    with tempfile.TemporaryDirectory() as folder:
        path = destination.staging(name) if isinstance(destination, Staging) else Path(folder) / "staged.part"
        path.write_bytes(content)
        yield path
