"""Knows when a secret of a source or destination is looked for in the credentials, and whose it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sfr.errors import ConfigError
from sfr.kept_sessions import state_directory
from sfr.server_address import origin_of
from sfr.settings.fields import Settings
from sfr.settings.sources import Declared, Written, key_of

if TYPE_CHECKING:
    from sfr.credentials import Credentials, Kept

# What a connector may call the server that its secrets are sent to.
_ADDRESSES = ("url", "domain", "endpoint", "endpoint_url", "host", "server")
_PORTS = {"http": 80, "https": 443}


def credentials_of(settings: Settings) -> Credentials:
    """The credentials of this user."""
    from sfr.credentials import Credentials

    key = settings.master_key
    given = key.get_secret_value() if key else ""
    return Credentials(state_directory(), settings.credentials, given, settings.master_key_file)


def kept_secrets(settings: Settings, declared: Declared, secret_fields: Collection[str]) -> dict[str, Written]:
    """Those of the secret fields that are kept, where the environment says nothing; they beat `.env`.

    Raises ConfigError for a value that is kept and cannot be had, or was typed for another server: it would be sent
    there.
    """
    fields = {f"{declared.name}.{name}": name for name in secret_fields if not _in_environment(declared, name)}
    if not fields or declared.kind == "salesforce":  # its session is kept in a way of its own
        return {}
    credentials = credentials_of(settings)
    kept = {name: each for name, each in credentials.kept().items() if name in fields}
    if not kept:
        return {}
    for each in kept.values():
        _refuse_another_server(each, server_of(declared, secret_fields))
    values = credentials.values(kept)
    return {fields[name]: Written(value, f"the {kept[name].store}") for name, value in values.items()}


def server_of(declared: Declared, secret_fields: Collection[str]) -> str:
    """The type of a source with the address of its server, as far as it was written and is no secret itself, such as
    `superset https://bi.acme.com`."""
    for name in _ADDRESSES:
        written = declared.fields.get(name)
        if name not in secret_fields and written is not None and (text := str(written.value).strip()):
            return f"{declared.kind} {_shown(text)}"
    return declared.kind


def _shown(address: str) -> str:
    """Scheme, host and port alone: there may be a password beside them."""
    origin = origin_of(address)
    if origin is None:
        return address.rpartition("@")[2].partition("/")[0].lower()
    scheme, host, port = origin
    return f"{scheme}://{host}" + (f":{port}" if port != _PORTS.get(scheme) else "")


def _in_environment(declared: Declared, name: str) -> bool:
    written = declared.fields.get(name)
    return written is not None and written.place == "environment"


def _refuse_another_server(kept: Kept, server: str) -> None:
    if kept.server in (server, server.partition(" ")[0]):  # or its address was not known when the value was typed
        return
    source, _, field = kept.name.partition(".")
    raise ConfigError(
        f"{kept.name} was kept for {kept.server}, and {source} is {server} now",
        reason="credentials",
        remedy=f"`sfr credentials set {kept.name}` keeps one for the new place. Where two folders call different "
        f"servers {source}, give one of them another name, or set {key_of(source, field)} in its environment.",
    )
