"""What one report of a link source may say beside its address and parameters."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sfr.sources.link.headers import check_header, is_secret


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        check_header(name, value)
        if is_secret(name):
            raise ValueError(f"{name} is a secret, and lists are no place for one; write it into the source's settings")
    return headers


def _check_charset(name: str) -> str:
    try:
        known = not name or codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ValueError(f"{name[:40]!r} is no known encoding; utf-8, cp1252, iso-8859-1 and utf-16 are some")
    return name


class LinkOptions(BaseModel):
    """How to ask for one file, and what to do with what comes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    method: Literal["GET", "POST"] | None = Field(
        None, description="How to ask. Not set: POST with a payload, form or body, else what the source's settings say."
    )
    headers: Annotated[dict[str, str], AfterValidator(_check_headers)] = Field(
        default_factory=dict,
        description="Further headers without secrets. Not sent to another host that a redirect leads to.",
        examples=[{"Accept-Language": "en"}],
    )
    payload: Any = Field(None, description="A JSON value to send.", examples=[{"from": "{yesterday}"}])
    form: dict[str, str] | None = Field(None, description="Fields to send as a form.", examples=[{"type": "sales"}])
    body: str | None = Field(None, description="A text to send as it is, in UTF-8.", examples=["SELECT 1"])
    format: Literal["csv", "json", "xlsx", "xls", "file"] | None = Field(
        None,
        description="What will come; `file` is anything, unscanned. Not set: as the address ends, else csv.",
        examples=["json"],
    )
    expect_type: str = Field(
        "", description="The Content-Type that must come; * stands for anything.", examples=["text/csv", "text/*"]
    )
    charset: Annotated[str, AfterValidator(_check_charset)] = Field(
        "", description="The encoding of the file, to be turned into UTF-8.", examples=["cp1252"]
    )
    to_utf8: bool = Field(False, description="Turn the file into UTF-8, from the encoding that it seems to have?")
    unpack: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="Unpack gzip, zstd and zip files? `auto`: not where the format is `file`, nor an xlsx itself.",
    )
    member: str = Field(
        "", description="The file or files to take out of a zip; * stands for anything.", examples=["sales_*.csv"]
    )

    @model_validator(mode="after")
    def _check_body(self) -> Self:
        given = [name for name in ("payload", "form", "body") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[0]} and {given[1]} exclude each other")
        if given and self.method == "GET":
            raise ValueError(f"a GET sends no {given[0]}: leave out the method, or write POST")
        if self.member and self.unpack == "no":
            raise ValueError("member needs unpacking, and unpack says no")
        return self
