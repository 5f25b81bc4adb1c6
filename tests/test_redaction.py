"""Checks that no secret survives redaction, however it stands in a text."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr

from sfr import redaction
from sfr.redaction import RedactingFormatter, redact, remember_secret, remember_secrets_of

MASK = "[secret]"
LETTERS = "ABCdef012._-!%/+= :@"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())


secrets = st.text(LETTERS, min_size=6, max_size=30).filter(lambda value: value not in MASK)
texts = st.text(max_size=40)


@given(st.lists(secrets, min_size=1, max_size=5), st.lists(texts, min_size=2, max_size=8), st.data())
def test_no_remembered_secret_survives_wherever_it_stands(
    values: list[str], pieces: list[str], data: st.DataObject
) -> None:
    text = pieces[0] + "".join(data.draw(st.sampled_from(values)) + piece for piece in pieces[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_known", set())
        for value in values:
            remember_secret(value)
        assert not [value for value in values if value in redact(text)]


def test_a_secret_that_begins_like_another_leaves_none_of_its_end() -> None:
    for length in range(6, 40):
        remember_secret("x" * 6 + "y" * (length - 6))
    assert redact(f"a {'x' * 6}{'y' * 33} b") == f"a {MASK} b"


session_values = st.builds(
    "00D{}!{}".format,
    st.text("ABCxyz019", min_size=12, max_size=12) | st.text("ABCxyz019", min_size=15, max_size=15),
    st.text("ABCxyz019._", min_size=1, max_size=100),
)


@given(session_values, texts, st.sampled_from(["", " ", "=", '"', "'", "<", "(", "\n"]))
def test_a_session_value_is_known_by_its_shape(value: str, before: str, between: str) -> None:
    tail = value.partition("!")[2]
    assume(tail not in before + MASK)
    for spelt in (value, value.replace("!", "%21")):
        redacted = redact(f"{before}{between}{spelt} and more")
        assert spelt not in redacted
        assert redacted.endswith(f"{MASK} and more")


@pytest.mark.parametrize("end", ['"', "'", "<", ">", ";", ",", "&", " ", "\n", ""])
def test_what_follows_a_session_value_stays(end: str) -> None:
    assert redact(f"sid=00D000000000001!AQ.abc{end}x") == f"sid={MASK}{end}x" if end else f"sid={MASK}x"


def test_a_password_in_an_address_goes_and_the_rest_of_it_stays() -> None:
    text = "could not reach postgresql+psycopg://ada:pa%40ss@db.example:5432/sfr and http://proxy.example:8080/"
    assert redact(text) == (
        f"could not reach postgresql+psycopg://ada:{MASK}@db.example:5432/sfr and http://proxy.example:8080/"
    )


@pytest.mark.parametrize(
    "text", ["", "00D", "00D000000000001", "an ordinary line", "http://a.example/b:c@d", "50 % off!"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_a_value_that_is_too_short_to_be_a_secret_is_not_masked() -> None:
    remember_secret("")
    remember_secret("a")
    remember_secret("12345")
    assert redact("a banana costs 12345") == "a banana costs 12345"


class Door(BaseModel):
    key: SecretStr
    keys: list[SecretStr] = []
    by_name: dict[str, SecretBytes] = {}


class House(BaseModel):
    address: str
    door: Door
    bell: SecretStr | None = None


def test_every_secret_of_a_configuration_is_remembered_and_nothing_else() -> None:
    door = Door(key=SecretStr("first-key"), keys=[SecretStr("second-key")], by_name={"back": SecretBytes(b"third-key")})
    remember_secrets_of(House(address="Main Street 1", door=door))
    assert redact("Main Street 1: first-key second-key third-key back") == f"Main Street 1: {MASK} {MASK} {MASK} back"


def test_the_formatter_redacts_arguments_and_tracebacks_too() -> None:
    remember_secret("hidden-value")
    try:
        raise RuntimeError("failed with hidden-value")
    except RuntimeError:
        record = logging.LogRecord("sfr", logging.ERROR, __file__, 1, "sent %r", ("hidden-value",), sys.exc_info())
    text = RedactingFormatter("%(levelname)s %(message)s").format(record)
    assert "hidden-value" not in text
    assert text.startswith(f"ERROR sent '{MASK}'")
    assert text.endswith(f"RuntimeError: failed with {MASK}")


def test_a_secret_may_be_remembered_while_another_thread_writes() -> None:
    over = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            while not over.is_set():
                redact("a line of the log " * 20)
        except RuntimeError as error:
            failures.append(error)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for number in range(300):
        remember_secret(f"secret-{number}")
    over.set()
    for writer in writers:
        writer.join()
    assert failures == []
