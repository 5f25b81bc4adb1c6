"""What a Metabase source must be told: the server, and a key or an account; public links need neither."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class MetabaseConfig(BaseModel):
    """One Metabase server and the account whose questions are downloaded."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str = Field(
        description="Where Metabase answers, without /question/…", examples=["https://metabase.example.com"]
    )
    api_key: SecretStr | None = Field(
        None, description="An API key (Admin settings › Authentication › API keys); preferred to a password"
    )
    username: str = Field("", description="The account's e-mail address or LDAP name, where there is no API key")
    password: SecretStr | None = Field(None, description="The account's password")
    format_rows: bool = Field(
        False, description="Numbers and dates as Metabase shows them, instead of the database's values"
    )
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection")
    first_byte_seconds: float = Field(
        1800.0, gt=0, description="Longest silence before and within an answer; a slow query sends nothing for minutes"
    )

    @field_validator("url")
    @classmethod
    def _address(cls, text: str) -> str:
        try:
            parts = urlsplit(text.strip())
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no web address: write https:// and the host")
        if "@" in parts.netloc:
            raise ValueError("must hold no user name and no password: they have settings of their own")
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/').removesuffix('/api')}"

    @field_validator("api_key", "password", mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.password is not None and not self.username:
            raise ValueError("password is set and username is not: they belong together")
        return self
