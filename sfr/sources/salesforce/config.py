"""What a Salesforce source must be told; light, so that a run can be planned before anything is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from sfr.sources.salesforce.hosts import origin_or_value_error


class SalesforceConfig(BaseModel):
    """An org, and the ways to a session of it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    domain: Annotated[str, AfterValidator(origin_or_value_error)] = Field(
        description="The org's My Domain address.", examples=["https://acme.my.salesforce.com"]
    )
    sid: SecretStr | None = Field(None, description="A session id. Safer not written down.")
    browser: str = Field("edge", description="The browser that is logged in: edge, chrome, firefox, chromium or brave.")
    browser_profile: str | None = Field(None, description="The one browser profile to look into. Not set: all of them.")
    browser_path: Path | None = Field(None, description="The browser program, where it is in an unusual place.")
    login: bool = Field(True, description="May a login window or a prompt be opened when there is no session?")
    login_seconds: float = Field(300.0, gt=0, description="How long a login window stays open.")
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection.")
    first_byte_seconds: float = Field(900.0, gt=0, description="Longest silence before an answer begins.")
