"""Holds a connector's declarations to what users are shown of them, and errors to what may be shown."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from sfr.errors import SfrError, TransientError

LONGEST_HELP = 120
_SECRET_NAME = re.compile(r"(^|_)(password|passphrase|secret|token|api_key|apikey|sid|credential)$")


def check_class(connector: type) -> None:
    """The first line of the docstring is the help that users see in the table of connectors."""
    first = (inspect.getdoc(connector) or "").partition("\n")[0]
    assert first, f"{connector.__name__} needs a docstring: its first line is the connector's help"
    assert len(first) <= LONGEST_HELP, f"the first line of {connector.__name__}'s docstring is too long for a table"


def check_fields(model: type[BaseModel]) -> None:
    """Every field tells a user what it is; what is named like a secret is one."""
    for name, field in model.model_fields.items():
        assert (field.description or "").strip(), f"{model.__name__}.{name} needs a description"
        if _SECRET_NAME.search(name):
            assert "Secret" in str(field.annotation), f"{model.__name__}.{name} must be a SecretStr"


def check_travels(config: BaseModel) -> None:
    """A configuration goes to other processes, and nobody may change it there."""
    again = pickle.loads(pickle.dumps(config))  # noqa: S301 (our own bytes)
    assert again == config, f"{type(config).__name__} does not survive pickling"
    assert config.model_config.get("frozen"), f"{type(config).__name__} needs model_config = ConfigDict(frozen=True)"


def check_error(error: BaseException, secrets: tuple[str, ...]) -> SfrError:
    """The error is one of ours, tells a person what to do, survives pickling, and holds no secret."""
    assert isinstance(error, SfrError), f"{type(error).__name__} is none of sfr.sdk's errors: {error}"
    assert error.message.strip(), "an error needs a message"
    if not isinstance(error, TransientError):  # there sfr itself does something: it asks again
        assert error.remedy.strip(), f"what can a person do about {error.message!r}? It needs a remedy"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", error.reason), f"{error.reason!r} is no short code such as no-rows"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
    assert type(again) is type(error)
    assert (again.args, vars(again)) == (error.args, vars(error)), "the error loses something when it is pickled"
    check_hidden(f"{error} {error!r} {vars(error)}", secrets, "an error")
    return error


def check_hidden(text: str, secrets: tuple[str, ...], where: str) -> None:
    """No secret stands in `text`."""
    assert not [secret for secret in secrets if secret in text], f"a secret stands in {where}"


def secrets_of(value: Any) -> tuple[str, ...]:
    """Every secret text in a configuration, however deep."""
    return tuple(secret for secret in _secrets(value) if secret)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _secrets(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _secrets(each)
