"""What a benchmark measured, and the ratios that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from deblurvid.events import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

END_TO_END_GOAL = 1.10
"""A run should take at most this many times its bound."""
PEAK_GOAL_BYTES = 1_500_000_000
"""A run at 1280x720 should need less memory."""
GROWTH_GOAL_BYTES = 8 << 20
"""Less growth between two frames counts as none: an allocator's unrest."""

SEGMENTS: dict[str, Segment] = {
    "demux, decode": "decode",
    "unpack": "decode",
    "deblur": "engine",
    "pack": "encode",
    "encode": "encode",
    "mux": "encode",
}
"""Stages that are measured alone, in order, and the thread of a run that each is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one piece of work took."""

    name: str
    frames: int
    """Frames that went through."""
    wall_seconds: float
    cpu_seconds: float
    """Of all threads of the process."""

    @property
    def frames_per_second(self) -> float:
        """Frames a second by the clock."""
        return self.frames / self.wall_seconds

    @property
    def wall_ms_a_frame(self) -> float:
        """Milliseconds a frame by the clock."""
        return 1e3 * self.wall_seconds / self.frames

    @property
    def cpu_ms_a_frame(self) -> float:
        """Milliseconds of processor time a frame."""
        return 1e3 * self.cpu_seconds / self.frames


def bound_seconds(stages: Sequence[Cost], *, cores: int, engine_waits: bool) -> float:
    """The least time that a run of these stages can take.

    Args:
        stages: each measured alone, over the same frames.
        cores: processors that share the work.
        engine_waits: the engine needs no processor, so the slowest stage decides; else all stages
            share the cores.
    """
    if engine_waits:
        return max(stage.wall_seconds for stage in stages)
    return sum(stage.cpu_seconds for stage in stages) / cores


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFigures:
    """What one frame costs on a GPU by its own clock, one step after another."""

    name: str
    upload_seconds: float
    run_seconds: float
    download_seconds: float
    operations: int | None
    """Multiplications and additions of the generator; None where they cannot be counted."""
    peak_operations_per_second: float | None
    """Of the device in the engine's precision; None where it is not known."""

    @property
    def share_of_roof(self) -> float | None:
        """The run's operations a second over the peak."""
        if self.operations is None or self.peak_operations_per_second is None:
            return None
        return self.operations / self.run_seconds / self.peak_operations_per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One benchmark: each stage alone, the whole run, the usual loop."""

    size: tuple[int, int]
    """Width and height."""
    pixel_format: str
    generator: str
    precision: str
    """What the generator truly computed in."""
    isa: str | None
    """The vector instructions that it was held to; None for all that the CPU has."""
    engine: str
    """In words."""
    encoder: str
    cores: int
    engine_waits: bool
    stages: tuple[Cost, ...]
    """In the order of the data's way."""
    run: Cost
    """From opening the source to the checked file under its name, the engine being open."""
    busy_seconds: dict[str, float]
    """How long each of the run's threads did not wait for a neighbour."""
    usual: Cost | None
    """The usual loop with the same generator; None if it was left out."""
    peak_rss_bytes: int | None
    """Largest resident memory of the run in a process of its own; None where it cannot be told."""
    device: DeviceFigures | None
    """Of the GPU; None where there is none, or where pictures are cut into tiles."""

    @property
    def bound_seconds(self) -> float:
        """See the function."""
        return bound_seconds(self.stages, cores=self.cores, engine_waits=self.engine_waits)

    @property
    def shares(self) -> dict[Segment, float]:
        """Of what the stages take alone: processor time, or wall clock if the engine waits."""
        taken: dict[Segment, float] = dict.fromkeys(get_args(Segment), 0.0)
        for stage in self.stages:
            seconds = stage.wall_seconds if self.engine_waits else stage.cpu_seconds
            taken[SEGMENTS[stage.name]] += seconds
        return {segment: seconds / sum(taken.values()) for segment, seconds in taken.items()}

    @property
    def run_over_bound(self) -> float:
        """How much longer the run took than its bound; END_TO_END_GOAL is the goal."""
        return self.run.wall_seconds / self.bound_seconds

    @property
    def cores_busy(self) -> float:
        """Processors that the run kept busy on average."""
        return self.run.cpu_seconds / self.run.wall_seconds

    @property
    def times_usual(self) -> float | None:
        """Frames a second of the run over those of the usual loop."""
        if self.usual is None:
            return None
        return self.run.frames_per_second / self.usual.frames_per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Resident memory over the frames of one run."""

    samples: tuple[tuple[int, int], ...]
    """(frames done, bytes), rising."""
    first_frame: int
    """Growth counts from here on: buffers are filled."""

    def __post_init__(self) -> None:
        if len(self._counted) < 2:
            raise ValueError(f"memory was sampled less than twice from frame {self.first_frame} on")

    @property
    def _counted(self) -> list[tuple[int, int]]:
        return [sample for sample in self.samples if sample[0] >= self.first_frame]

    @property
    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last sample that count."""
        return self._counted[0], self._counted[-1]

    @property
    def growth_bytes(self) -> int:
        """What the last sample has more than the first."""
        first, last = self.ends
        return last[1] - first[1]

    @property
    def slope_bytes_a_frame(self) -> float:
        """Of the straight line that fits the samples best."""
        counted = self._counted
        mean_frame = sum(frame for frame, _ in counted) / len(counted)
        mean_bytes = sum(size for _, size in counted) / len(counted)
        square = sum((frame - mean_frame) ** 2 for frame, _ in counted)
        both = sum((frame - mean_frame) * (size - mean_bytes) for frame, size in counted)
        return both / square
