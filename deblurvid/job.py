"""What is open while one video is worked on: everything is opened and checked before work begins."""

from __future__ import annotations

import itertools
import time
from array import array
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from deblurvid.errors import UsageError
from deblurvid.events import FrameDone
from deblurvid.frames import Damage, Faults
from deblurvid.prefetch import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager, ExitStack
    from pathlib import Path

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.backends.base import Engine
    from deblurvid.events import Segment
    from deblurvid.frames import VideoInfo
    from deblurvid.options import RunOptions
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.demux import Span
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.image_blocks import ImageMetadata
    from deblurvid.stages.mux import Output
    from deblurvid.stages.reformat import Conversion
    from deblurvid.stages.source import Source
    from deblurvid.stages.streams import StreamPlan
    from deblurvid.stages.timeline import Timeline


@dataclass(slots=True, kw_only=True)
class Job:
    """What is open while one video is worked on."""

    options: RunOptions
    source: Source
    video: VideoStream
    span: Span
    clock: Clock
    timeline: Timeline
    info: VideoInfo
    tags: dict[str, str]
    """What the source says of its picture; see `stages.tags`."""
    metadata: ImageMetadata | None
    """What the image says of itself, where one becomes one."""
    plans: list[StreamPlan]
    choice: EncoderChoice
    losses: list[str]
    """What the target will not keep, in words."""
    conversion: Conversion | None
    engine: Engine
    output: Output
    open_output: Callable[[], Output]
    """Opens another one like it."""
    open_encoder: Callable[[], AbstractContextManager[VideoStream]]
    """Opens another encoder like that of the output."""
    progressive: Callable[[Iterator[VideoFrame | AnyPacket]], Iterator[VideoFrame | AnyPacket]]
    """Deinterlaces what a decoder gives, if that is asked for."""
    items: Iterator[VideoFrame | AnyPacket]
    """All that the decoder gives, deinterlaced if asked for, its first frame included."""
    decoded: Waits = field(default_factory=Waits)
    restored: Waits = field(default_factory=Waits)
    stamps: array[int] = field(default_factory=lambda: array("q"))
    faults: Faults = field(default_factory=Faults)
    """Pictures that the generator failed on."""
    damage: Damage
    """What was wrong with the source's frames."""

    def frame_done(self, index: int, size_bytes: int, began: float) -> FrameDone:
        """Tell of a frame that is encoded; `began` is when the run did."""
        busy = self.busy_seconds(time.perf_counter() - began)
        return FrameDone(
            index=index,
            size_bytes=size_bytes,
            bottleneck=max(busy, key=lambda segment: busy[segment]),
        )

    def busy_seconds(self, elapsed: float) -> dict[Segment, float]:
        """How long each segment did not stand still, of `elapsed` seconds."""
        return {
            "decode": elapsed - self.decoded.producer,
            "engine": elapsed - self.decoded.consumer - self.restored.producer,
            "encode": elapsed - self.restored.consumer,
        }


def open_job(
    source: Path,
    target: Path,
    options: RunOptions,
    stack: ExitStack,
    *,
    rehearsal: bool = False,
    build: bool = True,
) -> Job:
    """Open and check everything, cheapest first; nothing under the target's name is touched.

    Args:
        source: what is restored.
        target: where it goes.
        options: how.
        stack: closes all that is opened.
        rehearsal: make no file; the output lies in memory, and nothing can be restored into it.
        build: build an engine that is not there yet; if not, it is described, and restores nothing.
    """
    from deblurvid.stages.decode import describe, until_first_frame
    from deblurvid.stages.demux import video_stream
    from deblurvid.stages.encoding import choose_encoding, even_rate
    from deblurvid.stages.foretold import foretold_losses
    from deblurvid.stages.image_metadata import metadata_for
    from deblurvid.stages.landing import land, refuse_more_than_one
    from deblurvid.stages.losses import planned_losses, untold
    from deblurvid.stages.mux import open_output
    from deblurvid.stages.rehearsal import Rehearsal
    from deblurvid.stages.segments import open_encoder
    from deblurvid.stages.source import open_source
    from deblurvid.stages.tags import picture_tags
    from deblurvid.stages.target import check_target, muxer_of, refuse_unseekable
    from deblurvid.stages.trial import refuse_absent_hardware

    muxer = muxer_of(target, options.format)
    refuse_unseekable(source, target, muxer, options)
    check_target(source, target, overwrite=options.overwrite, one_image=options.one_image)
    opened = stack.enter_context(closing(open_source(source, options)))
    container = opened.container
    video = video_stream(container, source)
    plans, span, clock, timeline, damage, items = _opened_video(opened, video, muxer, options)
    head, first = until_first_frame(items, source, span)
    info = opened.counted(even_rate(describe(container, video, first, span), video, muxer), span)
    _check_fields(options, video, first)
    tags = picture_tags(video, first)
    conversion, choice = choose_encoding(opened, info, muxer, target, options)
    refuse_absent_hardware(choice)
    metadata, unfitting = metadata_for(opened.images, muxer, target, choice.pixel_format)
    if muxer == "avi":
        info, choice = _for_avi(opened, source, info, choice, options)
    losses = [
        *planned_losses(plans, choice, conversion, info),
        *unfitting,
        *untold(container, tags, muxer, target, described=metadata is not None),
        *foretold_losses(
            container,
            video,
            target,
            muxer,
            choice,
            tags=tags,
            first=first,
            info=info,
            span=span,
            conversion=conversion,
        ),
    ]
    _refuse_losses(losses, options)
    if muxer == "image2":
        refuse_more_than_one(target, info)
    engine = _engine_for(info, options, stack, build=build)
    progressive = partial(_progressive, options=options, video=video, first=first, info=info)

    def new_output() -> Output:
        return open_output(
            container,
            Rehearsal(target, muxer)
            if rehearsal
            else land(target, muxer, opened.first_number, one_image=options.one_image),
            muxer,
            plans,
            choice,
            first=first,
            info=info,
            span=span,
            conversion=conversion,
        )

    job = Job(
        options=options,
        source=opened,
        video=video,
        span=span,
        clock=clock,
        timeline=timeline,
        info=info,
        tags=tags,
        metadata=metadata,
        plans=plans,
        choice=choice,
        losses=losses,
        conversion=conversion,
        engine=engine,
        output=new_output(),
        open_output=new_output,
        open_encoder=partial(open_encoder, choice, muxer, source=video, first=first, info=info),
        damage=damage,
        progressive=progressive,
        items=progressive(itertools.chain(head, items)),
    )
    stack.callback(_discard_output, job)
    return job


def _discard_output(job: Job) -> None:
    """Of the output that the job has by then."""
    job.output.discard()


def _refuse_losses(losses: list[str], options: RunOptions) -> None:
    if options.strict and losses:
        raise UsageError(f"{losses[0]} (--strict makes this an error)")


def _check_fields(options: RunOptions, video: VideoStream, first: VideoFrame) -> None:
    """Refuse interlaced video, or what cannot be deinterlaced if that is asked for."""
    from deblurvid.stages.decode import refuse_interlaced
    from deblurvid.stages.deinterlace import check_deinterlace

    if options.deinterlace:
        check_deinterlace(first)
    else:
        refuse_interlaced(video, first)


def _progressive(
    items: Iterator[VideoFrame | AnyPacket],
    *,
    options: RunOptions,
    video: VideoStream,
    first: VideoFrame,
    info: VideoInfo,
) -> Iterator[VideoFrame | AnyPacket]:
    """What the decoder gives, deinterlaced if that is asked for."""
    from deblurvid.stages.deinterlace import deinterlace, field_parity

    if not options.deinterlace:
        return items
    return deinterlace(items, info, field_parity(video, first))


def _for_avi(
    opened: Source, source: Path, info: VideoInfo, choice: EncoderChoice, options: RunOptions
) -> tuple[VideoInfo, EncoderChoice]:
    """A constant rate, which images have by themselves, and no B-frames."""
    from deblurvid.stages.avi import fitted_to_avi, without_reordering

    if opened.images is not None:
        return info, without_reordering(choice)
    return fitted_to_avi(source, info, choice, options)


def _opened_video(
    opened: Source, video: VideoStream, muxer: str, options: RunOptions
) -> tuple[list[StreamPlan], Span, Clock, Timeline, Damage, Iterator[VideoFrame | AnyPacket]]:
    """What becomes of each stream, and the line from demux to decode."""
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.decode import decode
    from deblurvid.stages.demux import span_of
    from deblurvid.stages.streams import hidden_apart, kept_streams, plan_streams
    from deblurvid.stages.timeline import Timeline

    container = opened.container
    plans = plan_streams(container, video, muxer, cut=bool(options.start))
    span = span_of(container, video, options.start, options.duration, muxer=muxer)
    clock, timeline, damage = Clock(video), Timeline(video, kept_streams(plans)), Damage()
    packets = opened.packets(video, span, timeline, hidden_apart=hidden_apart(plans, muxer))
    items = decode(packets, video, span, clock, on_corrupt=options.on_corrupt, damage=damage)
    return plans, span, clock, timeline, damage, items


def _engine_for(info: VideoInfo, options: RunOptions, stack: ExitStack, *, build: bool) -> Engine:
    """The engine that the options name, make or hold; it fits the video."""
    from deblurvid.choose import fitting_engine

    return stack.enter_context(
        fitting_engine(
            options.engine,
            size=(info.width, info.height),
            picture=info.picture,
            device=options.device,
            precision=options.precision,
            on_build=options.on_build,
            build=build,
        )
    )
