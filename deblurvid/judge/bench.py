"""Measures a run: every stage alone, the whole pipeline, the usual loop, and memory."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from deblurvid.backends.cuda import device_facts
from deblurvid.backends.isa import ISAS, VARIABLE, WITHOUT_BF16
from deblurvid.backends.tensorrt import TensorRtEngine
from deblurvid.choose import load_generator, open_engine, opened_generator
from deblurvid.errors import DeblurvidError, EngineError, UsageError
from deblurvid.frames import LARGEST_SIDE, SMALLEST_SIDE, PictureFormat
from deblurvid.graph.work import operations
from deblurvid.job import open_job
from deblurvid.judge.alone import stages_alone, whole_run
from deblurvid.judge.figures import DeviceFigures, Figures, Growth
from deblurvid.judge.first import first_pictures
from deblurvid.judge.isa import within_isa
from deblurvid.judge.memory import memory_of_run
from deblurvid.judge.picture import moving_picture
from deblurvid.judge.roof import peak_operations_per_second
from deblurvid.judge.usual import usual_cost
from deblurvid.judge.waiting import WaitEngine
from deblurvid.options import RunOptions
from deblurvid.stages.ffmpeg import kept_suffix

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.backends.base import Engine
    from deblurvid.frames import VideoInfo
    from deblurvid.judge.figures import Cost
    from deblurvid.stages.encoders import EncoderChoice

GROWTH_FRAMES = (500, 5000)
"""Between these, memory must not grow."""
GROWTH_EVERY = 50
"""Frames between two samples of the memory."""
DEVICE_FRAMES = 50
"""Measured by a GPU's own clock."""
SHORT_FRAMES = 100
"""Frames of the video that is repeated where many are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What is measured."""

    source: Path | None = None
    """A video of one's own; None for one that is made."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the one that is made."""
    depth: int = 8
    """Bits a sample of the one that is made: 8 or 10."""
    frames: int = 60
    """How many are made, or read from the source's beginning. They are held in memory."""
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    wait_seconds: float | None = None
    """Use an engine that does nothing but wait this long for each picture."""
    codec: str | None = None
    encoder_options: dict[str, str] = field(default_factory=dict)
    deinterlace: bool = False
    """Make one picture of each two fields of the source."""
    isa: str | None = None
    """One of `backends.isa.ISAS`: as on a CPU without further vector instructions. None for this process."""
    with_usual: bool = True
    """Also run the usual loop, which takes long; it reads files of progressive video only."""
    cores: int = 1
    """Processors that this process may use."""

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise UsageError(f"{self.frames} frames are too few to measure; give 2 or more")
        if self.wait_seconds is not None and self.wait_seconds < 0:
            raise UsageError(f"the wait is {self.wait_seconds} s; it must not be negative")
        if self.isa is not None and self.isa not in ISAS:
            raise UsageError(f"isa is {self.isa!r}; use {', '.join(ISAS)}")
        if self.isa in WITHOUT_BF16 and self.precision == "bf16":
            raise UsageError(f"a CPU with no more than {self.isa} has no bf16; use fp32 or auto")
        if self.depth not in (8, 10):
            raise UsageError(f"depth is {self.depth}; a video is made at 8 or 10 bits")
        if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE and side % 2 == 0 for side in self.size):
            raise UsageError(
                f"size is {self.size[0]}x{self.size[1]}; a video is made with even sides within "
                f"{SMALLEST_SIDE} and {LARGEST_SIDE}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """Fields of RunOptions, but for the engine's."""
        return {
            "codec": self.codec,
            "encoder_options": dict(self.encoder_options),
            "deinterlace": self.deinterlace,
        }

    @property
    def runs_usual(self) -> bool:
        """Whether the usual loop is run."""
        readable = self.source is None or (self.source.is_file() and not self.deinterlace)
        return self.with_usual and self.wait_seconds is None and readable


def bench(options: BenchOptions, tell: Callable[[str], None]) -> Figures:
    """Measure a run.

    Args:
        options: what is measured.
        tell: is told what comes next, in a few words; with `isa` it can be pickled.

    Raises:
        DeblurvidError: as `deblur_video`.
    """
    if options.isa is not None and os.environ.get(VARIABLE) != options.isa:
        return within_isa(options.isa, bench, options, tell)
    with TemporaryDirectory(prefix="deblurvid-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        source = options.source or _specimen(folder / "source.mp4", options, options.frames, tell)
        suffix = kept_suffix(source)
        info, _ = first_pictures(source, 0, RunOptions(**options.settings))
        tell("opening the engine")
        engine = stack.enter_context(_engine_for(options, info))
        settings = {**options.settings, "duration": _duration(options, info), "engine": engine}
        stages, choice = _alone(source, folder / f"alone{suffix}", RunOptions(**settings), tell)
        device = _device_figures(engine, options)
        tell("the whole run")
        run, busy = whole_run(source, folder / f"run{suffix}", settings)
        usual = None
        if options.runs_usual:
            tell("the usual loop")
            size = (info.width, info.height)
            target = folder / "usual.mkv"
            named = opened_generator(options.engine, engine.spec)
            usual = usual_cost(source, target, choice, engine=named, size=size, frames=run.frames)
        tell("the whole run again, for its memory")
        again = settings | _reopened(options, engine)
        memory = memory_of_run(source, folder / f"memory{suffix}", again, every=GROWTH_EVERY)
    return Figures(
        size=(info.width, info.height),
        pixel_format=info.pixel_format,
        generator=engine.spec.generator,
        precision=engine.spec.precision,
        isa=options.isa or os.environ.get(VARIABLE),
        engine=str(engine.spec),
        encoder=str(choice),
        cores=options.cores,
        engine_waits=not engine.spec.device.startswith("CPU"),
        stages=stages,
        run=run,
        busy_seconds=busy,
        usual=usual,
        peak_rss_bytes=memory.peak_bytes,
        device=device,
    )


def bench_growth(
    options: BenchOptions,
    tell: Callable[[str], None],
    *,
    between: tuple[int, int] = GROWTH_FRAMES,
) -> Growth:
    """Measure whether memory grows with a video's length.

    Args:
        options: engine, encoder, and the video that is made; `source` and `frames` are not used.
        tell: is told what comes next, in a few words.
        between: the frames whose memory is compared.

    Raises:
        DeblurvidError: as `deblur_video`.
        EngineError: the system does not tell a process its memory.
    """
    from deblurvid.stages.specimen import repeat_specimen

    first, last = between
    with TemporaryDirectory(prefix="deblurvid-bench-") as name:
        folder = Path(name)
        short = _specimen(folder / "short.mp4", options, SHORT_FRAMES, tell)
        long = folder / "long.mp4"
        repeat_specimen(short, long, -(-last // SHORT_FRAMES))
        tell(f"a run of {last} frames")
        settings = {**options.settings, **_reopened(options, None)}
        every = min(GROWTH_EVERY, max(1, (last - first) // 4))
        memory = memory_of_run(long, folder / "run.mp4", settings, every=every)
    if not memory.samples:
        raise EngineError("memory can only be watched on Linux; this system does not tell it")
    return Growth(samples=memory.samples, first_frame=first)


def _alone(
    source: Path, target: Path, options: RunOptions, tell: Callable[[str], None]
) -> tuple[tuple[Cost, ...], EncoderChoice]:
    """Each stage by itself, and the encoder that was chosen."""
    with ExitStack() as stack:
        job = open_job(source, target, options, stack)
        stages = []
        for stage in stages_alone(source, job):
            stages.append(stage)
            tell(f"{stage.name} alone: {stage.wall_ms_a_frame:.2f} ms a frame")
        return tuple(stages), job.choice


def _specimen(
    target: Path, options: BenchOptions, frames: int, tell: Callable[[str], None]
) -> Path:
    """Make the video that is measured."""
    from deblurvid.stages.specimen import write_specimen

    tell(f"making {frames} frames of {options.size[0]}x{options.size[1]}")
    picture = PictureFormat(source="yuv420", depth=options.depth)
    pictures = moving_picture(options.size, picture, frames)
    write_specimen(pictures, target, size=options.size, picture=picture)
    return target


def _duration(options: BenchOptions, info: VideoInfo) -> Fraction | None:
    """Seconds of the source that hold the frames; None for all of it."""
    if options.source is None:
        return None
    return options.frames / (info.frame_rate or Fraction(25))


def _engine_for(options: BenchOptions, info: VideoInfo) -> Engine:
    size = (info.width, info.height)
    if options.wait_seconds is not None:
        return WaitEngine(size, info.picture, wait_seconds=options.wait_seconds)
    return open_engine(
        options.engine,
        size=size,
        picture=info.picture,
        device=options.device,
        precision=options.precision,
    )


def _device_figures(engine: Engine, options: BenchOptions) -> DeviceFigures | None:
    """What a frame costs on the GPU, if one restores it whole."""
    if not isinstance(engine, TensorRtEngine):
        return None
    facts = device_facts(engine.device)
    seconds = engine.device_seconds(DEVICE_FRAMES)
    size = (engine.spec.width, engine.spec.height)
    try:
        counted = operations(load_generator(opened_generator(options.engine, engine.spec)), size)
    except DeblurvidError:  # a plan, or shapes that only the device knows
        counted = None
    return DeviceFigures(
        name=facts.name,
        upload_seconds=seconds["upload"],
        run_seconds=seconds["run"],
        download_seconds=seconds["download"],
        operations=counted,
        peak_operations_per_second=peak_operations_per_second(facts, engine.spec.precision),
    )


def _reopened(options: BenchOptions, engine: Engine | None) -> dict[str, Any]:
    """Fields of RunOptions that another process can open an engine by."""
    if isinstance(engine, WaitEngine):
        return {"engine": engine}
    return {
        "engine": options.engine,
        "device": options.device,
        "precision": options.precision,
    }
