"""The words of the command about past runs. What it does is in `past` and `links`."""

from __future__ import annotations

import click

from sfr.cli.program import examples


@click.command(
    short_help="List past runs, show one, or the links to its files.",
    epilog=examples(
        ("history", "the last runs"),
        ("history last", "the newest one, with every report"),
        ("history links last", "where its files lie, with links"),
        ("history links last --renew", "new links, for another day"),
    ),
)
@click.argument("words", nargs=-1, metavar="[RUN | links RUN]")
@click.option("--output", metavar="FOLDER", help="The output whose history is meant (SFR_OUTPUT).")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="How many runs.")
@click.option("--renew", is_flag=True, help="With links: make new ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(*, words: tuple[str, ...], output: str | None, limit: int, renew: bool, as_json: bool) -> int:
    """List past runs, or show one: RUN is its id, the beginning of it, or `last`."""
    if words[:1] == ("links",):
        if len(words) != 2:
            raise click.UsageError("name one run: `history links last`, or an id that `history` shows")
        from sfr.cli.links import show_links

        return show_links(run_id=words[1], output=output, renew=renew, as_json=as_json)
    if len(words) > 1 or renew:
        raise click.UsageError("one run at a time; --renew goes with `history links RUN`")
    from sfr.cli.past import show_history

    return show_history(run_id=words[0] if words else None, output=output, limit=limit, as_json=as_json)
