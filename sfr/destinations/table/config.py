"""What a table destination must be told: the database, which schema, and how long it may take."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sfr.database_address import read_database_address

DIALECTS = ("postgresql", "mysql", "sqlite")


class TableConfig(BaseModel):
    """A database, and how its tables are filled."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    place_fields: ClassVar[tuple[str, ...]] = ("url", "schema_name")  # what tells one server from another

    url: SecretStr = Field(
        description="The database: PostgreSQL, MySQL, MariaDB or SQLite, with user and password",
        examples=["postgresql://loader:secret@db.example.com/warehouse"],
    )
    path: str = Field("", description="The table's name as a template, as {name}_{today}; else the report's name")
    schema_name: str = Field("", description="The schema (in MySQL: the database) of tables that do not name theirs")
    create: bool = Field(True, description="Make a table that is missing")
    local_infile: bool = Field(True, description="In MySQL: use LOAD DATA LOCAL INFILE where the server allows it")
    batch_records: int = Field(10_000, ge=1, le=1_000_000, description="Records at once, where there is no bulk route")
    statement_seconds: float = Field(3600.0, gt=0, description="Longest time for one statement; a load is one")
    lock_seconds: float = Field(30.0, gt=0, description="Longest wait for others who have the table locked")

    @field_validator("url")
    @classmethod
    def _address(cls, url: SecretStr) -> SecretStr:
        dialect = read_database_address(url.get_secret_value()).dialect
        if dialect not in DIALECTS:
            raise ValueError("is no database that tables can be delivered to: PostgreSQL, MySQL, MariaDB or SQLite")
        return url
