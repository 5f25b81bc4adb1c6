"""Knows how people write the parameters of an address: pasted, percent-encoded or not, from a page or a worksheet."""

from __future__ import annotations

from urllib.parse import parse_qsl


def parse_query(text: str) -> tuple[tuple[str, str], ...]:
    """Split `a=b&c=d` into decoded pairs, in order; a leading `?`, `&amp;` and a bare `a` (an empty value) are fine.

    As in every form, `+` and `%20` are a space and `%2B` is a plus. A literal `/` is legal, and a percent sign that
    starts no escape stays as it is.
    """
    query = text.strip().strip("\"'“”\u200b\ufeff").replace("\u00a0", " ").replace("&amp;", "&").strip().lstrip("?&")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        # Old pages encode in Latin-1, where every byte is a character.
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    return tuple((name.strip(), value.strip()) for name, value in pairs if name.strip())
