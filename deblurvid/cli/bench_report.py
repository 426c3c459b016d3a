"""Figures of `deblurvid bench` -> tables for people, one object for programs."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deblurvid.judge.figures import END_TO_END_GOAL, GROWTH_GOAL_BYTES, PEAK_GOAL_BYTES
from deblurvid.progress.words import printable, size_text

if TYPE_CHECKING:
    from deblurvid.judge.bench import BenchOptions
    from deblurvid.judge.figures import Cost, DeviceFigures, Figures, Growth

SCHEMA = "deblurvid-bench-3"
BUSY_LOAD = 0.5
"""Processors that others use before the start, from which the figures are not to be trusted."""


def surroundings(options: BenchOptions) -> dict[str, Any]:
    """What the figures depend on: the words of the command, the machine, the versions."""
    from deblurvid.cli.examine import cpu, versions

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "schema": SCHEMA,
        "command": shlex.join(["deblurvid", *sys.argv[1:]]),
        "machine": {"cpu": cpu(), "load_average": load},
        "versions": versions(),
        "input": None if options.source is None else str(options.source),
    }


def figures_object(figures: Figures) -> dict[str, Any]:
    """The figures as JSON holds them; see `deblurvid.cli.bench`."""
    device = figures.device
    return {
        "video": {
            "width": figures.size[0],
            "height": figures.size[1],
            "pixel_format": figures.pixel_format,
            "frames": figures.run.frames,
        },
        "generator": figures.generator,
        "precision": figures.precision,
        "isa": figures.isa,
        "engine": figures.engine,
        "encoder": figures.encoder,
        "stages": [asdict(stage) for stage in figures.stages],
        "run": asdict(figures.run),
        "shares": figures.shares,
        "busy_seconds": figures.busy_seconds,
        "bound": {
            "seconds": figures.bound_seconds,
            "by": "slowest stage" if figures.engine_waits else "cpu",
        },
        "run_over_bound": figures.run_over_bound,
        "usual": None if figures.usual is None else asdict(figures.usual),
        "times_usual": figures.times_usual,
        "peak_rss_bytes": figures.peak_rss_bytes,
        "device": device and asdict(device) | {"share_of_roof": device.share_of_roof},
    }


HEADINGS = (
    "size", "generator", "in", "instructions", "frames/s", "CPU ms a frame", "decode", "engine",
    "encode", "run / bound", "times the usual loop",
)  # fmt: skip


def markdown_from(found: dict[str, Any]) -> str:
    """The sweep as a table in Markdown, below it what it was measured on."""
    machine, load = found["machine"]["cpu"], found["machine"]["load_average"]
    cpu = f"{machine['name']}, {machine['usable_cores']} cores"
    busy = "" if load is None else f"; load average {load:.1f} before the start"
    lines = [HEADINGS, ("---",) * 4 + ("---:",) * 7, *map(_row, found.get("measured", []))]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"`{printable(found['command'])}`\n\n{table}\n\nOn {printable(cpu)}{busy}.\n"


def _row(measured: dict[str, Any]) -> tuple[str, ...]:
    video, run, usual = measured["video"], measured["run"], measured["times_usual"]
    return (
        f"{video['width']}x{video['height']}",
        printable(measured["generator"]).replace("|", r"\|"),
        measured["precision"],
        "all" if measured["isa"] in (None, "ALL") else f"up to {measured['isa']}",
        f"{run['frames'] / run['wall_seconds']:.1f}",
        f"{1e3 * sum(stage['cpu_seconds'] for stage in measured['stages']) / run['frames']:.0f}",
        *(f"{measured['shares'][name]:.0%}" for name in ("decode", "engine", "encode")),
        f"{measured['run_over_bound']:.2f}",
        "-" if usual is None else f"{usual:.1f}",
    )


def growth_object(growth: Growth) -> dict[str, Any]:
    """The growth as JSON holds it."""
    return {
        "memory": {
            "samples": [list(sample) for sample in growth.samples],
            "first_frame": growth.first_frame,
            "growth_bytes": growth.growth_bytes,
            "slope_bytes_a_frame": growth.slope_bytes_a_frame,
        }
    }


def show_figures(figures: Figures, load_average: float | None, *, stderr: bool) -> None:
    """Print the figures as a table and the ratios below it."""
    width, height = figures.size
    held = f", held to {figures.isa}" if figures.isa else ""
    console = Console(highlight=False, stderr=stderr)
    console.print(
        printable(
            f"{figures.run.frames} frames of {width}x{height} {figures.pixel_format}; "
            f"{figures.engine}{held}; {figures.encoder}; {figures.cores} cores"
        ),
        markup=False,
        soft_wrap=True,
    )
    table = Table("", "wall ms", "CPU ms", "frames/s", box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in figures.stages:
        table.add_row(f"{stage.name} alone", *_cells(stage))
    if figures.device is not None:
        table.add_section()
        for name, seconds in _device_steps(figures.device):
            table.add_row(name, f"{1e3 * seconds:.2f}", "", f"{1 / seconds:.1f}")
    table.add_section()
    for whole in (figures.run, figures.usual):
        if whole is not None:
            table.add_row(whole.name, *_cells(whole))
    console.print(table)
    for line in _ratios(figures, load_average):
        console.print(line, markup=False, soft_wrap=True)


def _device_steps(device: DeviceFigures) -> list[tuple[str, float]]:
    """Steps of a frame on the GPU, by its own clock."""
    return [
        ("to the GPU", device.upload_seconds),
        ("infer", device.run_seconds),
        ("from the GPU", device.download_seconds),
    ]


def _cells(cost: Cost) -> tuple[str, str, str]:
    return (
        f"{cost.wall_ms_a_frame:.2f}",
        f"{cost.cpu_ms_a_frame:.2f}",
        f"{cost.frames_per_second:.1f}",
    )


def _ratios(figures: Figures, load_average: float | None) -> list[str]:
    by = (
        "the slowest stage alone"
        if figures.engine_waits
        else f"CPU of all stages alone / {figures.cores} cores"
    )
    bound_ms = 1e3 * figures.bound_seconds / figures.run.frames
    goal = f"goal: at most {END_TO_END_GOAL:.2f}"
    shares = {name: s / figures.run.wall_seconds for name, s in figures.busy_seconds.items()}
    threads = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    of = "wall clock" if figures.engine_waits else "CPU time"
    each = ", ".join(f"{name} {share:.0%}" for name, share in figures.shares.items())
    lines = [
        f"shares          {each} of the stages' {of}",
        f"run / bound     {figures.run_over_bound:.3f} ({goal}); {bound_ms:.2f} ms a frame: {by}",
        f"cores busy      {figures.cores_busy:.2f} of {figures.cores}; threads: {threads}",
    ]
    if (device := figures.device) is not None:
        lines.append(f"share of roof   {_roof(device)}")
    if figures.times_usual is not None:
        lines.append(f"run / usual     {figures.times_usual:.2f} times the frames a second")
    if figures.peak_rss_bytes is not None:
        peak, most = size_text(figures.peak_rss_bytes), size_text(PEAK_GOAL_BYTES)
        lines.append(f"peak memory     {peak} (goal at 1280x720: below {most})")
    if load_average is not None and load_average > BUSY_LOAD:
        lines.append(
            f"This machine was busy (load {load_average:.1f}): wall clocks, and what is divided "
            "by them, are not to be trusted."
        )
    return lines


def _roof(device: DeviceFigures) -> str:
    if device.share_of_roof is None or device.operations is None:
        return f"not known for {device.name}"
    peak = (device.peak_operations_per_second or 0) / 1e12
    return (
        f"{device.share_of_roof:.0%} of {peak:.0f} TFLOP/s, the peak of {device.name}; "
        f"{device.operations / 1e9:.1f} GFLOP a frame"
    )


def show_growth(growth: Growth, *, stderr: bool) -> None:
    """Print memory at both ends and what lies between."""
    (first, first_bytes), (last, last_bytes) = growth.ends
    verdict = "none" if growth.growth_bytes < GROWTH_GOAL_BYTES else "it grows"
    console = Console(highlight=False, stderr=stderr)
    console.print(f"memory at frame {first}: {size_text(first_bytes)}")
    console.print(f"memory at frame {last}: {size_text(last_bytes)}")
    console.print(
        f"growth {growth.growth_bytes / 1e6:+.1f} MB, {growth.slope_bytes_a_frame:+.0f} bytes a "
        f"frame: {verdict} (goal: none; below {size_text(GROWTH_GOAL_BYTES)} counts as none)",
        soft_wrap=True,
    )
