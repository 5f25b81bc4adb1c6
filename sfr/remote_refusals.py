"""Says why a far place takes no file: one kind of error and the same words for the same cause, whatever place it is."""

from __future__ import annotations

from sfr.errors import AuthError, DeliveryError, TransientError

_MOST_CHARACTERS = 300


def unreachable(where: str, error: BaseException, *, look_at: str = "host and port") -> TransientError:
    """No connection came up; `where` names what was to be reached, `look_at` the settings that say so."""
    return TransientError(
        f"{_place(where)} cannot be reached: {first_line(error)}",
        reason="unreachable",
        remedy=f"Look at {look_at} of this destination; does the server run, and is the network (VPN) there?",
    )


def broken(where: str, error: BaseException, *, max_attempts: int | None = None) -> TransientError:
    """The connection ended while something was asked, or nothing was answered for too long."""
    return TransientError(
        f"{_place(where)}: the connection broke: {first_line(error)}",
        reason="connection",
        max_attempts=max_attempts,
        remedy="If this comes again and again, look at the server's log and at what lies between.",
    )


def login_refused(where: str, look_at: str, user: str | None = None) -> AuthError:
    """Who we say we are (`user`, where there is such a name) is not accepted; `look_at` names the settings for it."""
    return AuthError(
        f"{_place(where)}: the login{f' of {user}' if user else ''} was refused",
        reason="login",
        remedy=f"Correct {look_at} of this destination.",
    )


def not_allowed(where: str) -> DeliveryError:
    """We are known there, and may not do that."""
    return DeliveryError(
        f"{_place(where)}: this account may not do that there",
        reason="no-permission",
        remedy="Ask for the right to read, write, list and delete there.",
    )


def missing(where: str, what: str, look_at: str) -> DeliveryError:
    """There is no such folder, share, bucket or container (`what`); `look_at` names the settings that say which."""
    return DeliveryError(
        f"{_place(where)}: there is no such {what}",
        reason=f"no-{what.partition(' ')[0]}",
        remedy=f"Make it there, or correct {look_at} of this destination.",
    )


def first_line(error: BaseException) -> str:
    """What the system or a library says, without the pages that some add."""
    told = str(error).strip()
    if isinstance(error, OSError) and type(error).__module__ in ("builtins", "socket"):
        told = error.strerror or told
    return told.partition("\n")[0].strip()[:_MOST_CHARACTERS] or type(error).__name__


def _place(where: str) -> str:
    """Without the name that a file has on its way, which nobody has seen."""
    folder, _, name = where.rstrip("/").rpartition("/")
    return folder if name.endswith(".part") else where.rstrip("/")
