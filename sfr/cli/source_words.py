"""The words of the commands about sources and connectors. What they do is in `sources` and `connectors`."""

from __future__ import annotations

from typing import Any

import click

from sfr.cli.credential_words import credentials
from sfr.cli.program import examples


@click.command(
    short_help="Show the types of sources, their settings, and the sources you have named.",
    epilog=examples(
        ("connectors", "all types, all settings, your sources"),
        ("connectors superset", "one type, and what its reports may say"),
        ("connectors check", "sign in to each of your sources"),
        ("connectors check bi", "only to this one"),
    ),
)
@click.argument("what", required=False, metavar="[TYPE | check]")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--no-login", is_flag=True, help="Never open a login window or ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def connectors(**options: Any) -> int:
    """Show what reports can be fetched from, or try whether your sources let you in."""
    from sfr.cli.connectors import show_or_check

    return show_or_check(**options)


@click.command(
    short_help="List what a source offers, and add some of it to the list.",
    epilog=examples(
        ("reports bi --search sales", "what is there"),
        ("reports bi --search sales --add", "choose, at a terminal"),
        ("reports bi --pick 1,3-5", "add these without a question"),
    ),
)
@click.argument("source", metavar="SOURCE")
@click.option("--search", default="", metavar="TEXT", help="Only those whose name holds this text.")
@click.option("--add", is_flag=True, help="Ask which of them to add to the list.")
@click.option("--pick", metavar="NUMBERS", help="Add these, such as 1,3-5 or all, and ask nothing.")
@click.option("--all", "everything", is_flag=True, help="Add all of them, and ask nothing.")
@click.option("--list", "report_list", metavar="FILE", help="The list to add to (REPORT_LIST).")
@click.option("--no-login", is_flag=True, help="Never open a login window or ask for a session.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reports(**options: Any) -> int:
    """List what SOURCE offers: a source by the name you gave it, or a type such as salesforce."""
    from sfr.cli.sources import show_reports

    return show_reports(**options)


@click.command(
    short_help="Begin a connector of your own: an installable package.",
    epilog=examples(("connector new tides", ""), ("connector new shelf --kind destination --folder ..", "")),
)
@click.argument("action", type=click.Choice(["new"]))
@click.argument("name", metavar="NAME")
@click.option(
    "--kind",
    type=click.Choice(["source", "destination"]),
    default="source",
    show_default=True,
    help="Where reports come from, or where they go.",
)
@click.option("--folder", default=".", show_default=True, metavar="DIR", help="Where the package's folder is made.")
def connector(**options: Any) -> int:
    """Write a package with a connector, its settings and its tests, which pass as they are."""
    from sfr.cli.connectors import begin_connector

    return begin_connector(**options)


@click.command("import-config", short_help="Take over the settings of a LinkDownloader.")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Show what would be written; change nothing.")
def import_config(**options: Any) -> int:
    """Take over FILE, the config.ini of a LinkDownloader: its server and login become a source of yours."""
    from sfr.cli.sources import take_over

    return take_over(**options)


SOURCE_COMMANDS = (connectors, reports, connector, import_config, credentials)
