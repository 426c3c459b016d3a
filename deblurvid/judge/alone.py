"""Times the stages: each alone over all frames, and all together as a run."""

from __future__ import annotations

import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from deblurvid.events import Finished
from deblurvid.frames import Damage
from deblurvid.judge.figures import Cost
from deblurvid.pipeline import deblur_video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from deblurvid.job import Job
    from deblurvid.stages.unpack import Picture

T = TypeVar("T")


class Clock:
    """Measures the block that it is entered with: `with Clock() as clock: ...; clock.cost(...)`."""

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall = time.perf_counter() - self._wall
        self._cpu = time.process_time() - self._cpu

    def cost(self, name: str, frames: int) -> Cost:
        """What the block took."""
        return Cost(name=name, frames=frames, wall_seconds=self._wall, cpu_seconds=self._cpu)


def stages_alone(source: Path, job: Job) -> Iterator[Cost]:
    """Run each stage over all frames of the job by itself, in the order of the data's way.

    What flows between them is held in memory, and let go as it is used, so that buffers are reused
    as they are in a run. The job's output is written and closed.

    Args:
        source: the job's video, read once more for the first stage.
        job: open and untouched.
    """
    from deblurvid.stages.deblur import deblur
    from deblurvid.stages.encode import encode
    from deblurvid.stages.mux import mux
    from deblurvid.stages.pack import pack
    from deblurvid.stages.unpack import Picture, unpack

    items = deque(job.items)
    with Clock() as clock:
        frames = sum(isinstance(item, Picture) for item in unpack(items, job.info))
    yield _decode_alone(source, job, frames)
    yield clock.cost("unpack", frames)

    pictures = deque(unpack(_emptied(items), job.info))
    warm_up(job, next(item for item in pictures if isinstance(item, Picture)))
    with Clock() as clock:
        restored = deque(
            deblur(
                _emptied(pictures),
                job.engine,
                strength=job.options.strength,
                faults=job.faults,
            )
        )
    yield clock.cost("deblur", frames)

    with Clock() as clock:
        packed = deque(pack(_emptied(restored), job.info, job.choice.pixel_format))
    yield clock.cost("pack", frames)

    with Clock() as clock:
        packets = deque(encode(_emptied(packed), job.output.video, job.stamps))
    yield clock.cost("encode", frames)

    with Clock() as clock:
        deque(mux(_emptied(packets), job.output), maxlen=0)
        job.output.close()
    yield clock.cost("mux", frames)


def _decode_alone(source: Path, job: Job, frames: int) -> Cost:
    """Read and decode the job's span, and keep nothing."""
    from deblurvid.stages.clock import Clock as FrameClock
    from deblurvid.stages.decode import decode
    from deblurvid.stages.demux import video_stream
    from deblurvid.stages.source import open_source
    from deblurvid.stages.timeline import Timeline

    with closing(open_source(source, job.options)) as opened, Clock() as clock:
        video = video_stream(opened.container, source)
        packets = opened.packets(video, job.span, Timeline(video))
        decoded = decode(
            packets,
            video,
            job.span,
            FrameClock(video),
            on_corrupt=job.options.on_corrupt,
            damage=Damage(),
        )
        deque(job.progressive(decoded), maxlen=0)
    return clock.cost("demux, decode", frames)


def warm_up(job: Job, picture: Picture) -> None:
    """Fill the job's engine with a picture and empty it: the first allocates its memory."""
    for _ in range(job.engine.slots):
        job.engine.submit(picture.planes, strength=job.options.strength)
    for _ in range(job.engine.slots):
        job.engine.collect()


def _emptied(values: deque[T]) -> Iterator[T]:
    """Take the values out from the front."""
    while values:
        yield values.popleft()


def whole_run(source: Path, target: Path, options: dict[str, Any]) -> tuple[Cost, dict[str, float]]:
    """Restore `source` as users do; gives the cost and the busy seconds of its threads."""
    finished = None
    with Clock() as clock:
        for event in deblur_video(source, target, **options):
            if isinstance(event, Finished):
                finished = event
    assert finished is not None  # noqa: S101 - a run that does not finish raises
    busy = {str(name): seconds for name, seconds in finished.busy_seconds.items()}
    return clock.cost("whole run", finished.frames), busy
