"""The child process that lets browser-cookie3 read one cookie file and answers with JSON on standard output.

Arguments: browser, cookie file, key file or nothing, host. Answer: `{"values": [...]}`, or `{"error": "<class>"}`.
"""

from __future__ import annotations

import contextlib
import json
import sys


def read(browser: str, cookie_file: str, key_file: str, host: str) -> list[str]:
    """The values of `sid` for exactly this host; browser-cookie3 itself matches hosts by likeness only."""
    import browser_cookie3

    load = getattr(browser_cookie3, browser)
    jar = load(cookie_file=cookie_file, domain_name=host, key_file=key_file or None)
    return [
        cookie.value
        for cookie in jar
        if cookie.name == "sid" and cookie.value and cookie.domain.removeprefix(".").lower() == host
    ]


def main(arguments: list[str]) -> dict[str, object]:
    """The answer to the parent. No error text: only a class name is sure to hold nothing secret."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # it prints about files it cannot parse
            return {"values": read(*arguments)}
    except Exception as error:  # it lets errors of five libraries through
        return {"error": type(error).__name__}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
