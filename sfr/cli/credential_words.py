"""The words of the command about credentials. What they do is in `credentials`."""

from __future__ import annotations

from typing import Any

import click

from sfr.cli.program import examples


@click.command(
    short_help="Keep the secrets of your sources in the keyring, or in an encrypted file.",
    epilog=examples(
        ("credentials set bi.password", "asked for, and not shown"),
        ("credentials set bi.api_key --stdin < key.txt", "from a program or a file"),
        ("credentials list", "what is kept, where, since when"),
        ("credentials check", "can all of it be read here?"),
        ("credentials remove bi.password", ""),
        ("credentials rotate", "another key for the encrypted file"),
    ),
)
@click.argument("action", type=click.Choice(["set", "list", "check", "remove", "rotate"]))
@click.argument("words", required=False, nargs=-1, metavar="[NAME.FIELD]")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the value, or the old key, from standard input.")
@click.option("--json", "as_json", is_flag=True, help="With list and check: print JSON.")
def credentials(**options: Any) -> int:
    """Keep secrets where only you can read them, not in .env. NAME is a source or destination, FIELD its setting."""
    from sfr.cli.credentials import change_credentials

    return change_credentials(**options)
