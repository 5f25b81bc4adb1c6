"""What a Salesforce source must be told; light, so that a run can be planned before anything is fetched."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SalesforceConfig(BaseModel):
    """What a Salesforce source must know; the session comes from elsewhere."""

    model_config = ConfigDict(frozen=True)

    origin: str = Field(description="The org's My Domain, as https://….my.salesforce.com")
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection")
    first_byte_seconds: float = Field(900.0, gt=0, description="Longest silence before an answer begins")
