"""What a CAKE source must be told: whose instance, with which key, in which zone, and how much to ask for at once."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class CakeConfig(BaseModel):
    """One CAKE instance. It is opened with an API key, or with a user name and password, which CAKE gives a key for."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(description="The instance's admin domain", examples=["https://acme.cakemarketing.com"])
    api_key: SecretStr | None = Field(None, description="API key, from Setup → Permissions in CAKE")
    username: str = Field("", description="User to get the key for, where API_KEY is not set")
    password: SecretStr | None = Field(None, description="That user's password")
    version: int = Field(18, ge=4, description="Version of the report API")
    timezone: str = Field("UTC", description="IANA zone that the instance runs in", examples=["America/New_York"])
    answer: Literal["json", "xml"] = Field("json", description="Which form to ask for: json, or xml where it must be")
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection")
    first_byte_seconds: float = Field(900.0, gt=0, description="Longest silence before and within an answer")
    row_limit: int = Field(100_000, ge=10, le=1_000_000, description="Most conversions to ask for at once")
    first_window_minutes: float = Field(30.0, ge=0.1, description="Span of time to ask for first")
    shortest_window_minutes: float = Field(1.0, ge=0.1, description="Shorter spans are not asked for, but paged")
    longest_window_minutes: float = Field(1440.0, ge=0.1, description="Longest span of time to ask for at once")

    @field_validator("url")
    @classmethod
    def _origin(cls, value: str) -> str:
        """Scheme and host alone; a key must not travel in clear text."""
        parts = urlsplit(value if "://" in value else f"https://{value.strip().lstrip('/')}")
        if not parts.hostname or parts.username is not None:
            raise ValueError("must be the address of the admin domain, as https://acme.cakemarketing.com")
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("must begin with https://, since the key travels with each request")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError):  # a path, a folder, an unknown name
            raise ValueError("must be an IANA time zone, as America/New_York") from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.shortest_window_minutes <= self.first_window_minutes <= self.longest_window_minutes:
            raise ValueError("the first window must lie between the shortest and the longest one")
        if self.api_key is None and not (self.username and self.password):
            raise ValueError("needs API_KEY, or USERNAME and PASSWORD")
        return self
