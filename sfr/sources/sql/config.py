"""What an SQL source must be told: the database's address with an account that may read, and its time limits."""

from __future__ import annotations

import re
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator

from sfr.database_address import DatabaseAddress, read_database_address
from sfr.errors import ConfigError

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")


class SqlConfig(BaseModel):
    """One database, and an account that may read what the reports need; let it read only."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(
        description="Address of the database with user and password, as SQLAlchemy writes it",
        examples=["postgresql://user:password@host/database"],
    )
    timezone: str = Field(
        "UTC",
        description="Zone in which times are written and :window_start is meant: UTC, a name or an offset",
        examples=["Europe/Berlin", "+02:00"],
    )
    statement_seconds: float = Field(
        3600.0, gt=0, le=2_000_000, description="Longest time that one query may take, the sending of its rows included"
    )
    connect_seconds: float = Field(15.0, ge=1, le=3600, description="Longest wait for a connection")
    batch_rows: int = Field(
        500, ge=1, le=1_000_000, description="Rows that are taken from the database at a time, where it gives no CSV"
    )
    null: str = Field(
        "",
        description="What stands, without quotes, for a value that is NULL; nothing for an empty field",
        examples=["\\N", "NULL"],
    )
    _address: DatabaseAddress | None = PrivateAttr(None)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if not _OFFSET.fullmatch(name):
            try:
                ZoneInfo(name)
            except (LookupError, ValueError, OSError) as error:
                raise ValueError("is no time zone: write it like Europe/Berlin, +02:00 or UTC") from error
        return name

    @field_validator("null")
    @classmethod
    def _marker(cls, text: str) -> str:
        if re.search(r'[",\r\n]', text):
            raise ValueError("must hold no quote, comma or line end: it stands for NULL because it needs no quotes")
        return text

    @model_validator(mode="after")
    def _read_url(self) -> Self:
        self._address = read_database_address(self.url.get_secret_value(), must_exist=True)
        try:
            self._address.check_driver()
        except ConfigError as error:
            raise ValueError(f"{error.message}. {error.remedy}") from error
        return self

    @property
    def address(self) -> DatabaseAddress:
        """The database that `url` means."""
        return self._address or read_database_address(self.url.get_secret_value())
