"""The words of the command line: commands, options, help and exit codes. What they do is in `actions`."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from sfr import __version__
from sfr.cli.past_words import history
from sfr.cli.program import PROGRAM, examples
from sfr.cli.source_words import SOURCE_COMMANDS
from sfr.errors import SfrError

Function = TypeVar("Function", bound=Callable[..., Any])


EXIT_CODES = """\b
Exit codes
  0 all reports are there   1 some are not   2 settings or list are wrong
  3 login needed            4 another run is active   130 interrupted
"""
EXAMPLES = examples(
    ("", "all of input/sfdc_reports.csv"),
    ("active_users", "one report of it, by its name"),
    ("finance.csv --tag weekly", "some reports of another list"),
    ("--failed", "what the last run did not bring"),
    ("check", "why there is (no) session"),
    ("demo", "try it, no login needed"),
)


class DefaultsToRun(click.Group):
    """A group whose first word may be missing: what begins with no command is the words of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front unless a command, or a question about all of them, comes first."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options of `run` here too, since nobody has to type the word."""
        super().format_options(ctx, formatter)
        options = [param for param in self.commands["run"].params if isinstance(param, click.Option)]
        rows = [row for option in options if (row := option.get_help_record(ctx))]
        with formatter.section("Options of a run"):
            formatter.write_dl(rows)


@click.group(
    cls=DefaultsToRun,
    epilog=f"{EXAMPLES}\n\n{EXIT_CODES}",
    options_metavar="",
    subcommand_metavar="[COMMAND] [LIST] [NAME]... [OPTIONS]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="sfr %(version)s")
def command_line() -> None:
    """Download every report on a list, and prove that each file is complete."""


def org_options(function: Function) -> Function:
    """Options of every command that talks to an org."""
    options = (
        click.option("--domain", metavar="HOST", help="The org's My Domain (SFDC_DOMAIN)."),
        click.option("--browser", metavar="NAME", help="edge, chrome, firefox, chromium or brave (SFR_BROWSER)."),
        click.option("--sid-stdin", is_flag=True, help="Read a session id from standard input, or ask for it hidden."),
        click.option("--no-login", is_flag=True, help="Never open a login window or ask."),
    )
    for option in reversed(options):  # the last one applied is the first one shown
        function = option(function)
    return function


@command_line.command(
    short_help="Download a list of reports; the word may be left out.",
    epilog=examples(
        ("--only 'sales_*' --dry-run", ""),
        ("--failed --unverified --deadline 2h", ""),
        ('--report "sales,00O5g000004Kx2bEAC,,pv0=EMEA"', ""),
    ),
)
@click.argument("words", nargs=-1, metavar="[LIST] [NAME]...")
@click.option("--report", "single", multiple=True, metavar="REPORT", help='"name,id[,path[,params]]", no list.')
@click.option("--only", multiple=True, metavar="PATTERN", help="Only reports whose name fits, such as 'sales_*'.")
@click.option("--tag", multiple=True, metavar="TAG", help="Only reports with this tag.")
@click.option("--failed", is_flag=True, help="Fetch what the last run did not bring.")
@click.option("--unverified", is_flag=True, help="With --failed: also files that nothing proved complete.")
@click.option("--dry-run", is_flag=True, help="Check the list, show what would be fetched, fetch nothing.")
@click.option("--output", metavar="FOLDER", help="Where reports, summary and history go (SFR_OUTPUT).")
@click.option("--concurrency", type=int, metavar="N", help="Reports in flight at once (default 8).")
@click.option("--processes", type=int, metavar="N", help="Worker processes (default: cores, at most 4).")
@click.option("--max-attempts", type=int, metavar="N", help="Tries per report (default: until it is there).")
@click.option("--deadline", metavar="TIME", help="End the run after 2h, 90m, 45s … (default: no end).")
@click.option("--keep-footer", is_flag=True, default=None, help="Keep Salesforce's lines below the last record.")
@click.option("--excel", is_flag=True, default=None, help="Add a BOM and make formula cells harmless.")
@click.option("--allow-bad-ids", is_flag=True, default=None, help="Ask for ids whose checksum or prefix is wrong.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong, and the totals.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON, and nothing else.")
@click.option("--scheduled", is_flag=True, help="No console: write to the log, never ask, leave with the exit code.")
@click.option("--log-file", metavar="FILE", help="Where the log goes (default: output/.sfr/sfr.log).")
@org_options
def run(**options: Any) -> int:
    """Download the reports of LIST (default: input/sfdc_reports.csv), or those of them with these names. This is what
    happens without a command."""
    from sfr.cli.actions import run_reports

    return run_reports(**options, commands=tuple(command_line.commands))


@command_line.command(short_help="Show where a session can come from.")
@org_options
def check(**options: Any) -> int:
    """Show where a session can come from, in order, and what each place says."""
    from sfr.cli.actions import check_access

    return check_access(**options)


@command_line.command(short_help="Log in, and keep the session.")
@org_options
def login(**options: Any) -> int:
    """Log in, in a browser window of its own, and keep the session in the system's keyring."""
    from sfr.cli.actions import log_in

    return log_in(**options)


@command_line.command()
@click.option("--domain", metavar="HOST", help="The org's My Domain (SFDC_DOMAIN).")
@click.option("--all", "everything", is_flag=True, help="Remove the profile of the login window too.")
def logout(**options: Any) -> int:
    """Forget the kept session."""
    from sfr.cli.actions import log_out

    return log_out(**options)


@command_line.command(
    short_help="Run every day by itself.",
    epilog=examples(("schedule --daily 07:00 --weekdays", ""), ("schedule list", ""), ("schedule remove daily", "")),
)
@click.argument("action", required=False, type=click.Choice(["list", "remove"]))
@click.argument("name", required=False)
@click.option("--daily", metavar="HH:MM", help="When, in the time zone of this computer.")
@click.option("--weekdays", is_flag=True, help="Monday to Friday only.")
@click.option("--failed", is_flag=True, help="Fetch what the run before did not bring.")
@click.option("--list", "report_list", metavar="LIST", help="Another list than input/sfdc_reports.csv.")
@click.option(
    "--name", "entry", default="daily", show_default=True, metavar="NAME", help="Several schedules: a name each."
)
@click.option("--with", "kind", metavar="KIND", help="windows, launchd, systemd or cron (default: what is there).")
@click.option("--print", "preview", is_flag=True, help="Show what would be installed; change nothing.")
def schedule(**options: Any) -> int:
    """Run every day by itself: Windows Task Scheduler, launchd, systemd or cron."""
    from sfr.cli.timetable import change_schedule

    return change_schedule(**options)


@command_line.command()
@click.option("--faults", is_flag=True, help="Add reports that cannot succeed; ends with exit code 1.")
@click.option("--output", default="output/demo", show_default=True, metavar="FOLDER", help="Where the files go.")
def demo(**options: Any) -> int:
    """Try everything on a small org that runs on this machine."""
    from sfr.cli.showing import run_demo

    return run_demo(**options)


for _command in (history, *SOURCE_COMMANDS):
    command_line.add_command(_command)


def run_command_line(arguments: Sequence[str]) -> int:
    """Do what was asked; returns the exit code. A traceback goes to the log, once there is one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that lacks a character must not end a run
    try:
        return int(command_line.main(list(arguments), prog_name=PROGRAM, standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        return 0  # whoever read our output has seen enough
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            return 0  # the same, as rich tells it
        raise
    except SfrError as error:
        return _tell(error)
    except ModuleNotFoundError:
        raise  # whoever started us tells it: what we tell things with may be what is missing
    except Exception as error:
        return _apologise(error)


def _tell(error: SfrError) -> int:
    from sfr.cli.terminal import complain
    from sfr.exit_codes import exit_code_of

    lines = error.message.splitlines()
    heading = [f"{len(lines)} things are wrong, so nothing was started:"] if len(lines) > 1 else []
    complain("\n".join([*heading, *lines]), error.remedy)
    return exit_code_of(error)


def _apologise(error: Exception) -> int:
    from sfr.cli.terminal import complain, keep_traceback

    if isinstance(error, OSError) and error.filename is None and error.errno == errno.ENOSPC:  # of standard output
        complain("the output cannot be written: the disk is full", "Free some space and try again.")
        return 1
    logging.getLogger("sfr").error("unexpected error", exc_info=error)
    handlers = logging.getLogger().handlers
    logs = [handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler)]
    complain(
        f"unexpected {type(error).__name__}: {error}",
        f"the details are in {logs[0] if logs else keep_traceback(error)}",
    )
    return 1
