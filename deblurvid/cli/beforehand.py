"""What may be asked of `deblurvid run` beforehand: the plan, or a sample."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.arguments import seconds_from_text

if TYPE_CHECKING:
    from collections.abc import Callable

_PANEL = "Input and output"

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", rich_help_panel=_PANEL, help="Tell what would be done, and write nothing."
    ),
]
Sample = Annotated[
    Fraction | None,
    typer.Option(
        parser=seconds_from_text,
        metavar="TIME",
        rich_help_panel=_PANEL,
        help="Restore so much of the busiest part only, such as 5s; tell what the whole would take, "
        "and write NAME.html beside FILE, which shows both.",
    ),
]


def asked_of(*, plan_only: bool, sample: Fraction | None) -> Callable[..., Any]:
    """What is done with source, target and options: plan the run, take a sample, or restore all.

    Raises:
        typer.BadParameter: both are asked for.
    """
    if sample is not None:
        if plan_only:
            raise typer.BadParameter("--dry-run tells of the whole video; leave --sample out")
        from deblurvid.judge.sample import sample_video

        return partial(sample_video, seconds=sample)
    if plan_only:
        from deblurvid.planning import plan_video

        return plan_video
    from deblurvid.pipeline import deblur_video

    return deblur_video
