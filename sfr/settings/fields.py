"""Knows every general setting: its name in the environment, its meaning, its default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sfr.errors import ConfigError
from sfr.settings.durations import parse_duration
from sfr.settings.env_file import read_env_file
from sfr.settings.sources import Declarations, Declared
from sfr.settings.values import check_zone, machine_zone
from sfr.sources.salesforce.hosts import origin_or_value_error

PREFIX = "SFR_"

Seconds = Annotated[
    float,
    BeforeValidator(lambda value: parse_duration(value) if isinstance(value, str) else value),
    Field(gt=0, allow_inf_nan=False),
]
HomePath = Annotated[Path, AfterValidator(Path.expanduser)]


class Settings(BaseSettings):
    """All settings of a run, read by `load_settings`; `notices` are what a person should know about them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )
    _notices: tuple[str, ...] = PrivateAttr(default=())
    _declarations: Declarations = PrivateAttr(default_factory=lambda: Declarations({}, "", {}, {}, ()))

    domain: Annotated[str, AfterValidator(origin_or_value_error)] | None = Field(
        default=None,
        validation_alias="SFDC_DOMAIN",
        examples=["https://acme.my.salesforce.com"],
        description="Your org's My Domain address. A Lightning or Visualforce address is turned into it.",
    )
    report_list: HomePath = Field(
        default=Path("input/sfdc_reports.csv"),
        validation_alias="REPORT_LIST",
        description="The list of reports, a CSV file.",
    )
    report_directory: HomePath | None = Field(
        default=None,
        validation_alias="REPORT_DIRECTORY",
        examples=["C:\\reports"],
        description="Where reports go whose row has no path. Not set: to SFR_OUTPUT.",
    )
    final_report_path: HomePath | None = Field(
        default=None,
        validation_alias="FINAL_REPORT_PATH",
        examples=["output/summary.csv"],
        description="Where to write the summary of a run as a CSV file. Not set: nowhere.",
    )
    output: HomePath = Field(
        default=Path("output"), description="The directory for reports, summaries and the history."
    )
    timezone: Annotated[str, AfterValidator(check_zone)] = Field(
        default_factory=lambda: machine_zone() or "UTC",
        examples=["Europe/Berlin"],
        description="The zone in which {today} is today. Not set: the zone of this machine.",
    )
    sid: SecretStr | None = Field(
        default=None,
        examples=[""],
        description="A session id. Safer not written down: leave it out and log in when asked.",
    )
    browser: Annotated[
        Literal["edge", "chrome", "firefox", "chromium", "brave"],
        BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
    ] = Field(
        default="edge",
        description="The browser that is logged in to Salesforce: edge, chrome, firefox, chromium or brave.",
    )
    browser_profile: str | None = Field(
        default=None, examples=["Profile 1"], description="The one browser profile to look into. Not set: all of them."
    )
    browser_path: HomePath | None = Field(
        default=None, examples=["/opt/edge/msedge"], description="The browser program, where it is in an unusual place."
    )
    login: bool = Field(default=True, description="May a login window or a prompt be opened when there is no session?")
    login_seconds: Seconds = Field(
        default=300, description="How long a login window stays open (seconds, or such as 5m)."
    )
    concurrency: int = Field(default=8, ge=1, le=1000, description="How many reports are downloaded at a time.")
    processes: int | None = Field(
        default=None,
        ge=1,
        le=64,
        examples=["4"],
        description="How many worker processes. Not set: one per core, at most 4.",
    )
    max_attempts: int | None = Field(
        default=None,
        ge=1,
        examples=["20"],
        description="How often a report is tried at most. Not set: until it is there.",
    )
    deadline_seconds: Seconds | None = Field(
        default=None,
        validation_alias="SFR_DEADLINE",
        examples=["2h"],
        description="How long a run lasts at most: 2h, 90m, 1h30m, 45s or a number of seconds. Not set: no end.",
    )
    connect_seconds: Seconds = Field(default=15, description="How long a connection may take.")
    first_byte_seconds: Seconds = Field(default=900, description="How long the server may prepare a report.")
    stall_seconds: Seconds = Field(default=120, description="How long a transfer may stand still.")
    attempt_seconds: Seconds = Field(default=3600, description="How long a single try may last.")
    max_report_megabytes: int = Field(
        default=20480, ge=1, description="How large a report may be, in MB; more is an error."
    )
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        examples=["5"],
        description="How many requests a second. Not set: no limit.",
    )
    keep_footer: bool = Field(default=False, description="Keep the lines that Salesforce puts below the last record?")
    excel: bool = Field(
        default=False, description="Make files for Excel: a byte order mark, and formulas made harmless?"
    )
    allow_bad_ids: bool = Field(default=False, description="Ask for reports even when an id is wrong?")
    sources_file: HomePath = Field(
        default=Path("input/sources.toml"),
        validation_alias="SFR_SOURCES",
        description="Where further sources are declared, without their secrets.",
    )
    credentials: Annotated[
        Literal["auto", "keyring", "file"],
        BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
    ] = Field(
        default="auto",
        description="Where `credentials set` keeps secrets: keyring, file (encrypted), or auto: the keyring if there "
        "is one.",
    )
    master_key: SecretStr | None = Field(
        default=None,
        examples=["a long text that nobody can guess"],
        description="What opens the encrypted file of credentials. Not set: the key file does.",
    )
    master_key_file: HomePath | None = Field(
        default=None,
        examples=["/etc/sfr/master.key"],
        description="The key file, where there is no SFR_MASTER_KEY; made when first needed. Not set: master.key in "
        "your folder of configuration.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        examples=["postgresql+psycopg://user:password@host/database"],
        description="Where the history is kept, an SQLAlchemy URL. Not set: an SQLite file in the output directory.",
    )
    log_file: HomePath | None = Field(
        default=None,
        examples=["C:\\logs\\sfr.log"],
        description="The log file; old ones are kept beside it. Not set: .sfr/sfr.log in SFR_OUTPUT.",
    )

    @property
    def notices(self) -> tuple[str, ...]:
        return self._notices

    @property
    def private(self) -> Path:
        """The folder of the output that is not for people: history, log, what is kept between runs."""
        return self.output / ".sfr"

    def declared(self, name: str) -> Declared:
        """What was written about the source of that name. Raises ConfigError with similar names."""
        return self._declarations.find(name)

    def source_type(self, name: str) -> str:
        """The type of the source of that name. Raises ConfigError with similar names."""
        return self.declared(name).kind

    def declared_destination(self, name: str) -> Declared:
        """What was written about the destination of that name. Raises ConfigError with similar names."""
        return self._declarations.find_destination(name)

    def destination_type(self, name: str) -> str:
        """The type of the destination of that name. Raises ConfigError with similar names."""
        return self.declared_destination(name).kind

    def destination_names(self) -> tuple[str, ...]:
        """Every destination that has a name, whether or not its settings are right."""
        return self._declarations.destination_names

    def source_names(self) -> tuple[str, ...]:
        """Every source that has a name, whether or not its settings are right."""
        return self._declarations.names

    def source_address(self, name: str) -> str:
        """The `url` of the source of that name, "" where it has none."""
        return self._declarations.address_of(name)

    def source_of_address(self, url: str) -> str | None:
        """The source whose own `url` has the scheme, host and port of this one."""
        return self._declarations.owner_of_address(url)

    def require_domain(self) -> str:
        """The origin of the org. Raises ConfigError when it was not set."""
        if self.domain is None:
            raise ConfigError(
                "SFDC_DOMAIN is not set",
                remedy="Write SFDC_DOMAIN=https://acme.my.salesforce.com (your org's My Domain) into the file .env.",
            )
        return self.domain

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic's)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The earlier source wins; `.env` is read by our own reader, for its encodings and backslashes."""
        path = dotenv_settings.env_file if isinstance(dotenv_settings, DotEnvSettingsSource) else None
        written = read_env_file(Path(path) if isinstance(path, (str, os.PathLike)) else None)
        known = {name: written[key] for name, key in environment_names().items() if key in written}
        return init_settings, env_settings, InitSettingsSource(settings_cls, known)


def environment_names() -> dict[str, str]:
    """The field names of Settings, each with its key in the environment and in `.env`."""
    return {name: str(field.validation_alias or PREFIX + name.upper()) for name, field in Settings.model_fields.items()}
