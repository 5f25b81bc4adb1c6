"""What a Superset source must be told: where it is, and a name and password or an API key."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

PAGE_ROWS = 100_000
_PAGES = ("/superset/welcome", "/login", "/superset")  # what a browser's address bar adds to the address


class SupersetConfig(BaseModel):
    """Name and password, or an API key, of an account that may see the charts and export CSV."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str = Field(description="Address of the Superset server", examples=["https://bi.example.com"])
    username: str = Field("", description="Name of the account", examples=["reports"])
    password: SecretStr = Field(SecretStr(""), description="Its password")
    provider: str = Field("db", description="Who knows the password: db, or ldap", examples=["db", "ldap"])
    api_key: SecretStr | None = Field(
        None, description="An API key instead of name and password (Superset 6.1 with FAB_API_KEY_ENABLED)"
    )
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection, in seconds")
    first_byte_seconds: float = Field(
        900.0, gt=0, description="Longest silence before an answer begins and within it, in seconds"
    )
    page_rows: int = Field(
        PAGE_ROWS,
        ge=100,
        le=500_000,
        description="Rows per request where a report is longer than one; each request runs the chart's query again",
    )

    @field_validator("url")
    @classmethod
    def _read_url(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be a web address such as https://bi.example.com")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not hold a name or password: they have settings of their own")
        path = parts.path.rstrip("/")
        for page in _PAGES:
            path = path.removesuffix(page)
        return f"{parts.scheme}://{parts.netloc}{path}"

    @model_validator(mode="after")
    def _have_credentials(self) -> Self:
        has_key = self.api_key is not None and bool(self.api_key.get_secret_value())
        if not has_key and not (self.username and self.password.get_secret_value()):
            missing = "password" if self.username else "username and password"
            raise ValueError(f"{missing} missing (an api_key will do instead)")
        return self

    @property
    def key(self) -> str:
        """The API key, "" without one."""
        return self.api_key.get_secret_value() if self.api_key is not None else ""
