"""Writes what the program knows of itself into pages: `<!-- table: NAME -->` for a name of TABLES.

Nothing of it is written by hand, so it cannot be out of date.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import typer

from deblurvid.cli.app import app
from deblurvid.frames import DEPTHS, SOURCES
from deblurvid.stages import convert_audio, convert_subtitles
from deblurvid.stages.encoders import DEFAULT_CODECS, DEFAULT_OPTIONS
from deblurvid.stages.ffmpeg import READABLE_FORMATS, WRITABLE_FORMATS, WRITABLE_NAMES
from deblurvid.stages.images import IMAGE_SUFFIXES
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.trial import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TABLE = re.compile(r"^<!-- table: (\S+) -->$", re.MULTILINE)
SAMPLING = dict(zip(SOURCES, ("4:2:0", "4:2:2", "4:4:4", "grey", "RGB"), strict=True))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks."""
    return TABLE.sub(lambda match: "\n".join(TABLES[match[1]]()), markdown)


def rows(*heads: str, body: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for cells in body:
        yield f"| {' | '.join(cells)} |"


def code(words: Iterable[str]) -> str:
    """Words as code."""
    return " ".join(f"`{word}`" for word in words)


def containers() -> Iterator[str]:
    """What is written: by suffix."""
    names: dict[str, list[str]] = {}
    for suffix, muxer in WRITABLE_FORMATS.items():
        names.setdefault(muxer, []).append(suffix)
    return rows(
        "suffix", "format", "encoders, the first that holds the samples", "other sound", "other text",
        body=(
            (
                code(suffixes),
                code([muxer]),
                code(DEFAULT_CODECS[muxer]),
                code(filter(None, [convert_audio.ENCODERS.get(muxer)])),
                code(filter(None, [convert_subtitles.ENCODERS.get(muxer)])),
            )
            for muxer, suffixes in names.items()
        ),
    )  # fmt: skip


def settings() -> Iterator[str]:
    """What encoders are told where the user says nothing."""
    return rows(
        "encoder", "options by default",
        body=(
            (code([name]), code(f"{key}={value}" for key, value in options.items()))
            for name, options in DEFAULT_OPTIONS.items()
        ),
    )  # fmt: skip


def pixel_formats() -> Iterator[str]:
    """What is restored: by sampling and depth."""
    found: dict[tuple[str, int], list[str]] = {}
    for name, layout in sorted(LAYOUTS.items()):
        found.setdefault((layout.picture.source, layout.picture.depth), []).append(name)
    return rows(
        "samples", "bits", "FFmpeg's pixel formats",
        body=(
            (SAMPLING[source], str(depth), code(found[source, depth]))
            for source in SOURCES
            for depth in DEPTHS
            if (source, depth) in found
        ),
    )  # fmt: skip


def commands() -> Iterator[str]:
    """Every command with its options and examples."""
    group = typer.main.get_command(app)
    with group.make_context("deblurvid", [], resilient_parsing=True) as context:
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            with command.make_context(name, [], parent=context, resilient_parsing=True) as own:
                yield from _command(name, command, own)


def _command(name: str, command: Any, context: Any) -> Iterator[str]:
    yield from ("", f"## {name}", "", "```text", command.get_usage(context), "```", "")
    yield command.help
    panels: dict[str, list[Any]] = {}
    for parameter in command.params:
        panels.setdefault(_panel(parameter), []).append(parameter)
    for panel, parameters in panels.items():
        body = ((_names(p), _values(p, context), _meaning(p)) for p in parameters)
        yield from ("", f"### {panel} {{ #{name}-{panel.lower().replace(' ', '-')} }}", "")
        yield from rows("", "value", "meaning", body=body)
    _, _, examples = (command.epilog or "").partition("\n\n")
    yield from ("", "Examples:", "", "```text")
    yield from filter(None, examples.splitlines())
    yield "```"
    text = sys.modules[command.callback.__module__].__doc__ or ""
    _, mark, object_ = text.partition("`--json FILE` writes")
    if mark:
        yield from ("", f"`--json FILE` writes{object_.partition(chr(10))[0]}", "", "```text")
        yield from (object_.partition("\n")[2].strip("\n"), "```")


def _panel(parameter: Any) -> str:
    named = getattr(parameter, "rich_help_panel", None)
    return named or ("Arguments" if parameter.param_type_name == "argument" else "Options")


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return code([parameter.metavar or parameter.name.upper()])
    return code([*parameter.opts, *parameter.secondary_opts])


def _values(parameter: Any, context: Any) -> str:
    if parameter.param_type_name == "argument" or parameter.is_flag:
        return ""
    return code([parameter.metavar or parameter.display_type(context).strip("<>")])


def _meaning(parameter: Any) -> str:
    needed = " Required." if parameter.required else ""
    default = parameter.default
    shown = default not in (None, False, True) and not callable(default)
    text = " ".join(parameter.help.split()).replace("|", "\\|")
    return f"{text}{needed}" + (f" Default: `{default}`." if shown else "")


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "containers": containers,
    "settings": settings,
    "pixel-formats": pixel_formats,
    "readable": lambda: iter([code(READABLE_FORMATS.split(","))]),
    "by-name": lambda: iter([code(WRITABLE_NAMES)]),
    "images": lambda: iter([code(IMAGE_SUFFIXES)]),
    "encoders": lambda: iter([code(ENCODERS)]),
}
