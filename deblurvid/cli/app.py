"""All commands in one list, and what is said when their arguments cannot be meant."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from deblurvid import __version__
from deblurvid.cli.bench import EPILOG as BENCH_EPILOG
from deblurvid.cli.bench import bench
from deblurvid.cli.build_engine import EPILOG as BUILD_EPILOG
from deblurvid.cli.build_engine import build_engine
from deblurvid.cli.compare import EPILOG as COMPARE_EPILOG
from deblurvid.cli.compare import compare
from deblurvid.cli.debug_log import log_shown
from deblurvid.cli.doctor import EPILOG as DOCTOR_EPILOG
from deblurvid.cli.doctor import doctor
from deblurvid.cli.ending import Exit, tell
from deblurvid.cli.engines import EPILOG as ENGINES_EPILOG
from deblurvid.cli.engines import engines
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.folder import EPILOG as FOLDER_EPILOG
from deblurvid.cli.folder import folder
from deblurvid.cli.run import EPILOG, run
from deblurvid.cli.score import EPILOG as SCORE_EPILOG
from deblurvid.cli.score import score

APP_EPILOG = """\
[bold]Examples[/]

deblurvid run in.mp4 -o out.mp4

deblurvid run --help

deblurvid doctor

deblurvid --install-completion
"""

COMPLETE = "_DEBLURVID_COMPLETE"
"""The variable by which a shell asks what may come next; typer's scripts set it."""

app = typer.Typer(
    name="deblurvid",
    help="Take the motion blur out of video.",
    epilog=APP_EPILOG,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=EPILOG)(run)
app.command("folder", epilog=FOLDER_EPILOG)(folder)
app.command("build-engine", epilog=BUILD_EPILOG)(build_engine)
app.command("engines", epilog=ENGINES_EPILOG)(engines)
app.command("doctor", epilog=DOCTOR_EPILOG)(doctor)
app.command("bench", epilog=BENCH_EPILOG)(bench)
app.command("score", epilog=SCORE_EPILOG)(score)
app.command("compare", epilog=COMPARE_EPILOG)(compare)


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        print(f"deblurvid {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(Exit.REFUSED)


def invoke(words: list[str]) -> int:
    """Run the command that `words` name.

    Commands report what goes wrong in their work and give a code. What is left here are the words
    themselves, and errors that nobody foresaw.
    """
    debug = "--debug" in words
    try:
        command = typer.main.get_command(app)
        if os.environ.get(COMPLETE):
            command.main(words, prog_name="deblurvid")
        with log_shown(debug), command.make_context("deblurvid", words) as context:
            return int(context.command.invoke(context) or Exit.DONE)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:  # typer's way to end what concerns completion
        return int(end.code or Exit.DONE)
    except typer.TyperException as error:
        where = getattr(getattr(error, "ctx", None), "command_path", "deblurvid")
        message = (
            error.format_message().replace("Value error, ", "").rstrip(".")
        )  # pydantic's words
        tell(f"error: {message} ({where} --help tells more)")
        return Exit.REFUSED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody else is left to tell
        return report(error, failure_of(error, started=True), debug=debug)
