"""Makes links that anybody may fetch a file by for a while, and says honestly how long that is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from sfr.destinations.s3.client import Access


@dataclass(frozen=True, slots=True)
class Link:
    """`url` is as good as a password until `expires_at` (seconds since the epoch). `warnings` are for the user."""

    url: str
    expires_at: float
    warnings: tuple[str, ...] = ()


def link_to(access: Access, bucket: str, key: str, seconds: int) -> Link:
    """A link to that object. It is made without asking the server, and works while the object is there.

    A link that is made with temporary credentials ends with them, whatever it says itself.
    """
    temporary, ends_at = access.temporary_until()
    expires_at = time.time() + seconds
    name = PurePosixPath(key).name
    url = access.client.generate_presigned_url(
        "get_object",
        Params={"Bucket": bucket, "Key": key, "ResponseContentDisposition": _attachment(name)},
        ExpiresIn=seconds,
    )
    if not temporary:
        return Link(url, expires_at)
    if ends_at is None:
        said = "its link is made with temporary credentials and ends with them, which may be sooner than shown"
        return Link(url, expires_at, (said,))
    if ends_at < expires_at:
        ends = datetime.fromtimestamp(ends_at, UTC)
        said = f"its link is made with temporary credentials and ends with them, on {ends:%Y-%m-%d at %H:%M} UTC"
        return Link(url, ends_at, (said,))
    return Link(url, expires_at)


def _attachment(name: str) -> str:
    """The header by which a browser saves the file under its name; old browsers get it in ASCII."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
