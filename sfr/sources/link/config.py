"""What a link source may be told; without any of it, it fetches public addresses."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from sfr.sources.link.addresses import is_absolute, origin_of
from sfr.sources.link.headers import check_header


def _read_headers(value: Any) -> Any:
    """Headers are an object; in `.env` they are written as JSON."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value) if value.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError('write the headers as JSON in one line: {"X-Key": "value"}')  # the value may be a secret
    return found


def _check_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        check_header(name, value.get_secret_value())
    return headers


def _check_base(address: str) -> str:
    address = address.strip()
    if not address:
        return ""
    parts = urlsplit(address)
    if not is_absolute(address) or not parts.hostname:
        raise ValueError("must begin with https:// or http:// and a host")
    if "@" in parts.netloc:
        raise ValueError("holds a user or a password; put them into the settings username and password")
    if parts.query or parts.fragment:
        raise ValueError("is the place that relative ids are joined to; write parameters into the list, under params")
    origin_of(address)  # the port
    return address


class LinkConfig(BaseModel):
    """A place with files, and what opens it. Credentials are sent to the origin of `url` and nowhere else."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_check_base)] = Field(
        "",
        description="The address that relative ids are joined to, and the only place credentials are sent to. "
        "Not set: every id is a whole address.",
        examples=["https://files.example.com/exports/"],
    )
    username: str = Field("", description="The user name for HTTP basic authentication.", examples=["reports"])
    password: SecretStr = Field(SecretStr(""), description="The password of that user.", examples=[""])
    bearer_token: SecretStr = Field(
        SecretStr(""), description="A token, sent as `Authorization: Bearer …`.", examples=[""]
    )
    headers: Annotated[dict[str, SecretStr], BeforeValidator(_read_headers), AfterValidator(_check_headers)] = Field(
        default_factory=dict,
        description="Further headers with secret values, as JSON in one line.",
        examples=['{"X-Api-Key": "…"}'],
    )
    method: Literal["GET", "POST"] = Field("GET", description="How to ask where a report does not say: GET or POST.")
    allow_other_hosts: bool = Field(
        False, description="May reports of this source lie on other hosts than that of `url`? No credentials go there."
    )
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection.")
    first_byte_seconds: float = Field(900.0, gt=0, description="Longest silence before and between bytes.")

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        password, token = self.password.get_secret_value(), self.bearer_token.get_secret_value()
        if ":" in self.username:
            raise ValueError("a username for basic authentication cannot hold a colon")  # RFC 7617 §2
        if password and not self.username:
            raise ValueError("there is a password without a username")
        if self.username and token:
            raise ValueError("there are a username and a bearer_token; one request can carry only one of them")
        if (self.username or token) and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("headers has an Authorization beside the username or bearer_token; leave one out")
        if (self.username or token or self.headers) and not self.url:
            raise ValueError("credentials need a url: they are sent to that place only")
        for value in (password, token):
            check_header("Authorization", value)
        return self

    def credentials(self) -> dict[str, str]:
        """The headers that open the place at `url`; none for a public one."""
        found = {name: value.get_secret_value() for name, value in self.headers.items()}
        if token := self.bearer_token.get_secret_value():
            found["Authorization"] = f"Bearer {token}"
        elif self.username:
            pair = f"{self.username}:{self.password.get_secret_value()}".encode()  # UTF-8, as RFC 7617 §2.1 wishes
            found["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return found
