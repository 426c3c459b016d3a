"""What a run tells whoever watches it, in this order: Started, then FrameDone and Notice, Finished.

Of a sample come Comparing and Sampled after Finished.

Where an engine has to be built first, Building and Built come before Started, through the
`on_build` of `RunOptions`, for the run itself has not begun. A run that fails raises instead of sending Finished. Whatever is raised before Started was found
before work began, and nothing has been written then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from deblurvid.frames import VideoInfo

Segment = Literal["decode", "engine", "encode"]
"""The three threads of a run, each named by its heaviest stage."""

Verified = Literal["fast", "full", "counted", "decoded", "off"]
"""How an output was checked. Where there are no times or nothing can be read back: counted, only how
much was written, or decoded, which is fully for images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """TensorRT is at work on a plan."""

    generator: str
    """Generator, precision and sizes in words."""
    phase: str
    """TensorRT's name of what it does."""
    share: float
    """How much of all is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plan is ready."""

    path: Path
    seconds: float
    """What building it took, now or when it was built."""
    size_bytes: int
    reused: bool
    """It was in the cache."""
    parity: str | None
    """How far it lies from float32, in words; None where there is no GPU to measure it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Everything is open and checked; work begins."""

    source: Path
    target: Path
    info: VideoInfo
    engine: str
    """Generator, device and precision in words; why not another device, where that is news."""
    generator: str
    """Its name."""
    device: str
    """In words."""
    precision: str
    """What the generator truly computes in: fp32, bf16 or fp16."""
    engine_remark: str
    """Why another device was not chosen, where auto chose; mostly empty."""
    encoder: str
    """Encoder and its options in words."""
    frame_count: int | None
    """Frames expected, where it can be told."""
    duration: Fraction | None = None
    """Seconds that are restored, where it can be told: of the part if not all of it is."""
    resumed_frames: int = 0
    """Of these, what an earlier run had restored; `FrameDone` counts on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDone:
    """One restored frame has been encoded and written."""

    index: int
    """Frames written so far, this one included."""
    size_bytes: int
    """Bytes of all packets written so far."""
    bottleneck: Segment
    """Which segment was busy for the largest share of the time until now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that is not as one might expect, in one sentence. `strict` makes a loss an error."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The output is complete, checked and in place."""

    target: Path
    frames: int
    seconds: float
    """From Started to the renamed file, wall clock."""
    size_bytes: int
    corrupt_frames: int
    """Frames of the source that the decoder called corrupt, kept or dropped as was asked for."""
    undecodable_packets: int
    """Packets of the source's video that gave no frame."""
    invalid_frames: int
    """Frames in which the generator gave NaN or Inf; those samples kept the source's value."""
    flat_frames: int
    """Frames that came out as one flat colour; the whole frame kept the source."""
    busy_seconds: dict[Segment, float]
    """How long each segment did not wait for a neighbour."""
    verified: Verified
    resumed_frames: int = 0
    """Of `frames`, what an earlier run had restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Two videos are being compared: of a sample, or by `deblurvid compare`."""

    target: Path
    """Where the comparison goes."""
    share: float
    """How much of it is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A sample is finished, and says what the whole would be; the last event of a sample."""

    page: Path
    """Shows it beside the source."""
    start: float
    """Where the sample begins, in seconds of the source."""
    frames: int
    """Of the sample."""
    fps: float
    """Frames a second, the engine being warm: from the first frame to the checked file."""
    whole_frames: int | None
    """Of the whole; None where the container does not tell."""
    whole_seconds: float | None
    """What the whole would take, if all of it went as fast as the sample."""
    whole_bytes: int | None
    """What the whole would become, if all of it took as many bytes a frame as the sample."""


Event = Building | Built | Started | FrameDone | Notice | Finished | Comparing | Sampled


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStarted:
    """All files of a folder are planned, and nothing stands in the way; work begins."""

    source: Path
    target: Path
    files: int
    """To be restored; of each the events come between a FileStarted and a FileEnded."""
    skipped: int
    """That have been restored before; of each there is a FileEnded only."""
    planned: tuple[tuple[Path, Path], ...] = ()
    """Of each that is to be restored its path from the source folder on, and its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStarted:
    """What comes until FileEnded is of this file, as `deblur_video` tells it."""

    file: Path
    """From the source folder on."""
    number: int
    """Of all that are restored, from 1."""


Outcome = Literal["done", "skipped", "failed", "left"]
"""left is for reports of what was interrupted: of such a file there is no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnded:
    """What became of one file of a folder."""

    file: Path
    """From the source folder on."""
    target: Path
    outcome: Outcome
    why: str = ""
    """The error, where it failed."""
    frames: int = 0
    seconds: float = 0.0
    """Wall clock, opening it and its engine included."""
    size_bytes: int = 0
    """Of what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFinished:
    """All that could be done is done."""

    done: int
    skipped: int
    failed: int
    left: int
    """Files that were not begun, for one had failed and `fail_fast` was asked for."""
    frames: int
    seconds: float
    """Since FolderStarted, wall clock."""


FolderEvent = FolderStarted | FileStarted | Event | FileEnded | FolderFinished
