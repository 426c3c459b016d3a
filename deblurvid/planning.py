"""What a run would do, told by the run's own code, without doing any of it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.events import Notice
from deblurvid.job import open_job
from deblurvid.options import RunOptions
from deblurvid.remarks import before_the_first_frame
from deblurvid.resuming import (
    FINISHED_BEFORE,
    beginning_notices,
    fingerprint_of,
    open_resumable_job,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deblurvid.frames import VideoInfo
    from deblurvid.job import Job
    from deblurvid.stages.streams import Fate, StreamPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFate:
    """What becomes of one stream of the source."""

    index: int
    kind: str
    """video, audio, subtitle, attachment, data, or cover for a cover picture."""
    codec: str
    """FFmpeg's name."""
    language: str | None
    fate: Fate
    converted_to: str | None
    """For people."""
    reason: str
    """Why it is converted or dropped; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run would do with a video."""

    source: Path
    target: Path
    container: str
    """FFmpeg's name of the source's format."""
    muxer: str
    """FFmpeg's name of the target's format."""
    streams: tuple[StreamFate, ...]
    info: VideoInfo
    """Of the video; what the container does not tell is None."""
    engine: str
    """Generator, device and precision in words, and whether a plan of TensorRT would be built."""
    encoder: str
    """FFmpeg's name."""
    encoder_options: dict[str, str]
    encoder_pixel_format: str
    notices: tuple[str, ...]
    """What the run would say before the first frame."""
    losses: tuple[str, ...]
    """Those of the notices for which `strict` would refuse the run."""


def plan_video(source: str | Path, target: str | Path, **options: Any) -> RunPlan:
    """Tell what `deblur_video` would do with these arguments; nothing is written anywhere.

    Everything is opened and checked as the run does it, the engine and the encoder too, so whatever
    stops a run before it begins is raised here. Two things are not tried: TensorRT builds no plan,
    and nobody asks whether another run has locked the journal of `resumable`. An engine of OpenVINO
    is compiled into its cache. Of a pipe the first bytes are read, and nobody else gets them then.

    Args:
        source: as for `deblur_video`.
        target: as for `deblur_video`.
        **options: fields of `deblurvid.options.RunOptions`.

    Raises:
        DeblurvidError: as the run.
    """
    source, target, chosen = Path(source), Path(target), RunOptions(**options)
    with ExitStack() as stack:
        open_ = open_resumable_job if chosen.resumable else open_job
        job = open_(source, target, chosen, stack, rehearsal=True, build=False)
        notices = before_the_first_frame(job)
        if chosen.resumable:
            notices += _of_the_journal(job, source, target, anew=chosen.overwrite)
        return RunPlan(
            source=source,
            target=target,
            container=job.source.container.format.name,
            muxer=job.output.container.format.name,
            streams=tuple(map(_fate_of, job.plans)),
            info=job.info,
            engine=str(job.engine.spec),
            encoder=job.choice.codec,
            encoder_options=dict(job.choice.options),
            encoder_pixel_format=job.choice.pixel_format,
            notices=tuple(notices),
            losses=tuple(job.losses),
        )


def _fate_of(plan: StreamPlan) -> StreamFate:
    from deblurvid.stages.streams import codec_name
    from deblurvid.stages.tracks import kind_of

    return StreamFate(
        index=plan.stream.index,
        kind=kind_of(plan.stream),
        codec=codec_name(plan.stream),
        language=plan.stream.language,
        fate=plan.fate,
        converted_to=str(plan.conversion) or None,
        reason=plan.reason,
    )


def _of_the_journal(job: Job, source: Path, target: Path, *, anew: bool) -> Iterator[str]:
    from deblurvid.stages.journal import look_at_journal

    journal = look_at_journal(target, fingerprint_of(job, source), anew=anew)
    if journal.is_placed:
        yield FINISHED_BEFORE
        return
    for event in beginning_notices(job, journal):
        if isinstance(event, Notice):
            yield event.text
