"""Knows the arithmetic of Salesforce ids: the three checksum characters, and how they give lost letter case back."""

from __future__ import annotations

_VALUES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CHUNK = 5
BODY_LENGTH = 15
FULL_LENGTH = 18


def checksum(body: str) -> str:
    """The 3 characters that turn a case-sensitive 15-character id into a case-insensitive 18-character one.

    Each of them says for 5 characters which are capitals: the first character is the lowest bit, and the value of 0 to
    31 is a letter or one of the digits 0 to 5. Raises ValueError when `body` has another length than 15.
    """
    if len(body) != BODY_LENGTH:
        raise ValueError(f"an id without its checksum has {BODY_LENGTH} characters, not {len(body)}")
    chunks = (body[start : start + _CHUNK] for start in range(0, BODY_LENGTH, _CHUNK))
    return "".join(_VALUES[sum(1 << bit for bit, char in enumerate(chunk) if "A" <= char <= "Z")] for chunk in chunks)


def matches(full_id: str) -> bool:
    """Do the last 3 characters of an 18-character id (in either case) fit the first 15?"""
    return checksum(full_id[:BODY_LENGTH]) == full_id[BODY_LENGTH:].upper()


def repair(full_id: str) -> str:
    """The 18-character id with the letter case that its checksum demands, whatever became of the case.

    Raises ValueError when no choice of case fits: the checksum wants a capital where there is a digit, or has a
    character that no checksum has.
    """
    body, suffix = full_id[:BODY_LENGTH], full_id[BODY_LENGTH:].upper()
    if len(full_id) != FULL_LENGTH or any(char not in _VALUES for char in suffix):
        raise ValueError(f"{full_id} does not end in a checksum")
    bits = [_VALUES.index(suffix[place // _CHUNK]) >> place % _CHUNK & 1 for place in range(BODY_LENGTH)]
    repaired = "".join(char.upper() if bit else char.lower() for char, bit in zip(body, bits, strict=True)) + suffix
    if not matches(repaired):
        raise ValueError(f"the checksum {suffix} does not fit {body} in any letter case")
    return repaired
