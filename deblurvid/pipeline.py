"""One video from file to file: opens everything, joins the stages, keeps the promises.

See `deblurvid.stages` for the line that `_run` follows.
"""

from __future__ import annotations

import itertools
import time
from array import array
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.errors import UsageError, VerificationError
from deblurvid.events import Event, Finished, FrameDone, Notice, Segment, Started, Verified
from deblurvid.frames import Damage, Faults
from deblurvid.options import RunOptions
from deblurvid.prefetch import Waits, prefetch
from deblurvid.remarks import (
    after_the_last_frame,
    before_the_first_frame,
    lead_in,
    without_loss,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.backends.base import Engine
    from deblurvid.frames import VideoInfo
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.demux import Span
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.mux import Output
    from deblurvid.stages.reformat import Conversion
    from deblurvid.stages.source import Source
    from deblurvid.stages.streams import StreamPlan
    from deblurvid.stages.timeline import Timeline

QUEUE_CAPACITY = 4
"""Values that may wait at each boundary: enough to even out, 1.4 MB each at 720p."""


def deblur_video(
    source: str | Path, target: str | Path, **options: Any
) -> Generator[Event, None, None]:
    """Restore a video file; yields what happens, and prints nothing.

    The work is done while the events are taken, so take them all:

        for event in deblur_video("in.mp4", "out.mp4", strength=0.8):
            ...

    Args:
        source: a local video file.
        target: where the restored video goes; its suffix says in which container.
        **options: fields of `deblurvid.options.RunOptions`.

    Yields:
        Started, then FrameDone for each frame and Notices, at last Finished.

    Raises:
        DeblurvidError: see `deblurvid.errors`. Before Started nothing has been written; in any
            case no file stands under the target's name that was not there before.
        TypeError: an option that `deblurvid.options.RunOptions` does not have.
    """
    return _run(Path(source), Path(target), RunOptions(**options))


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
    plans: list[StreamPlan]
    choice: EncoderChoice
    conversion: Conversion | None
    engine: Engine
    output: Output
    items: Iterator[VideoFrame | AnyPacket]
    """All that the decoder gives, deinterlaced if asked for, its first frame included."""
    decoded: Waits = field(default_factory=Waits)
    restored: Waits = field(default_factory=Waits)
    stamps: array[int] = field(default_factory=lambda: array("q"))
    faults: Faults = field(default_factory=Faults)
    """Pictures that the generator failed on."""
    damage: Damage
    """What was wrong with the source's frames."""

    def busy_seconds(self, elapsed: float) -> dict[Segment, float]:
        """How long each segment did not stand still, of `elapsed` seconds."""
        return {
            "decode": elapsed - self.decoded.producer,
            "engine": elapsed - self.decoded.consumer - self.restored.producer,
            "encode": elapsed - self.restored.consumer,
        }


def _run(source: Path, target: Path, options: RunOptions) -> Generator[Event, None, None]:
    with ExitStack() as stack:
        job = open_job(source, target, options, stack)
        losses = [plan.loss for plan in job.plans if plan.loss]
        losses += job.choice.losses
        if options.strict and losses:
            raise UsageError(f"{losses[0]} (--strict makes this an error)")
        began = time.perf_counter()
        yield Started(
            source=source,
            target=target,
            info=job.info,
            engine=str(job.engine.spec),
            encoder=str(job.choice),
            frame_count=job.info.frame_count,
        )
        for text in [*losses, *before_the_first_frame(job), *lead_in(job)]:
            yield Notice(text=text)
        yield from _restore(job, began)
        yield from _finish(job, began)


def open_job(source: Path, target: Path, options: RunOptions, stack: ExitStack) -> Job:
    """Open and check everything, cheapest first; nothing under the target's name is touched."""
    from deblurvid.stages.decode import describe, until_first_frame
    from deblurvid.stages.demux import video_stream
    from deblurvid.stages.encoding import choose_encoding, even_rate
    from deblurvid.stages.landing import land
    from deblurvid.stages.mux import check_target, muxer_of, open_output, refuse_unseekable
    from deblurvid.stages.source import open_source
    from deblurvid.stages.tags import picture_tags
    from deblurvid.stages.trial import refuse_absent_hardware

    muxer = muxer_of(target, options.format)
    refuse_unseekable(source, target, muxer, options)
    check_target(source, target, overwrite=options.overwrite)
    opened = stack.enter_context(closing(open_source(source, options)))
    container = opened.container
    video = video_stream(container, source)
    plans, span, clock, timeline, damage, items = _opened_video(opened, source, muxer, options)
    head, first = until_first_frame(items, source, span)
    info = even_rate(describe(container, video, first, span), video, muxer)
    info = opened.counted(info, span)
    _check_fields(options, video, first)
    tags = picture_tags(video, first)
    conversion, choice = choose_encoding(opened, info, muxer, target, options)
    refuse_absent_hardware(choice)
    if muxer == "avi":
        info, choice = _for_avi(opened, source, info, choice, options)
    engine = _engine_for(info, options, stack)
    output = open_output(
        container,
        land(target, opened.first_number),
        muxer,
        plans,
        choice,
        first=first,
        info=info,
        span=span,
        conversion=conversion,
    )
    stack.callback(output.discard)
    return Job(
        options=options,
        source=opened,
        video=video,
        span=span,
        clock=clock,
        timeline=timeline,
        info=info,
        tags=tags,
        plans=plans,
        choice=choice,
        conversion=conversion,
        engine=engine,
        output=output,
        damage=damage,
        items=_progressive(itertools.chain(head, items), options, video, first, info),
    )


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
    opened: Source, source: Path, muxer: str, options: RunOptions
) -> tuple[list[StreamPlan], Span, Clock, Timeline, Damage, Iterator[VideoFrame | AnyPacket]]:
    """What becomes of each stream, and the line from demux to decode."""
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.decode import decode
    from deblurvid.stages.demux import span_of, video_stream, without_hidden
    from deblurvid.stages.ffmpeg import NON_NEGATIVE_MUXERS
    from deblurvid.stages.streams import copied_sound, plan_streams
    from deblurvid.stages.timeline import Timeline

    container = opened.container
    video = video_stream(container, source)
    plans = plan_streams(container, video, muxer, cut=bool(options.start))
    span = span_of(container, video, options.start, options.duration, muxer=muxer)
    clock, timeline, damage = Clock(video), Timeline(video), Damage()
    packets = opened.packets(video, span, timeline)
    if muxer in NON_NEGATIVE_MUXERS:
        packets = without_hidden(packets, copied_sound(plans))
    packets = clock.noting(packets)
    items = decode(packets, video, span, clock, on_corrupt=options.on_corrupt, damage=damage)
    return plans, span, clock, timeline, damage, items


def _engine_for(info: VideoInfo, options: RunOptions, stack: ExitStack) -> Engine:
    """The engine that the options name, opened for the video, or the one that they hold."""
    from deblurvid.choose import open_engine

    size = (info.width, info.height)
    if isinstance(options.engine, str):
        return stack.enter_context(
            open_engine(
                options.engine,
                size=size,
                picture=info.picture,
                device=options.device,
                precision=options.precision,
                on_build=options.on_build,
            )
        )
    spec = options.engine.spec
    if (spec.width, spec.height, spec.picture) != (*size, info.picture):
        raise UsageError(
            f"the engine is open for {spec.width}x{spec.height} {spec.picture}, but the video is "
            f"{info.width}x{info.height} {info.picture}"
        )
    return options.engine


def _restore(job: Job, began: float) -> Iterator[Event]:
    """Run the line: demux -> decode -> unpack -> deblur -> pack -> encode -> mux."""
    from deblurvid.stages.avi import frames_from_zero, packets_from_zero
    from deblurvid.stages.convert import convert
    from deblurvid.stages.deblur import deblur
    from deblurvid.stages.encode import encode
    from deblurvid.stages.mux import mux
    from deblurvid.stages.pack import pack
    from deblurvid.stages.reformat import reformat
    from deblurvid.stages.unpack import unpack

    with ExitStack() as stack:

        def threaded(items: Iterator[Any], waits: Waits, name: str) -> Iterator[Any]:
            ahead = prefetch(
                items,
                capacity=QUEUE_CAPACITY,
                waits=waits,
                name=name,
                leave=job.source.leave,  # or a decoder would wait for a pipe, and all for it
            )
            stack.callback(ahead.close)
            return ahead

        pictures = threaded(unpack(job.items, job.info), job.decoded, "decode")
        restored = threaded(
            deblur(
                pictures,
                job.engine,
                strength=job.options.strength,
                faults=job.faults,
            ),
            job.restored,
            "engine",
        )
        packed = job.info.pixel_format if job.conversion else job.choice.pixel_format
        frames = reformat(pack(restored, job.info, packed), job.conversion)
        in_avi = job.output.container.format.name == "avi"
        if in_avi:
            frames = frames_from_zero(frames)
        packets = convert(encode(frames, job.output.video, job.stamps), job.output)
        if in_avi:
            packets = packets_from_zero(packets)
        done = 0
        for packet in mux(packets, job.output):
            if packet.stream is job.output.video:
                done += 1
                busy = job.busy_seconds(time.perf_counter() - began)
                yield FrameDone(
                    index=done,
                    size_bytes=job.output.size_bytes,
                    bottleneck=max(busy, key=lambda segment: busy[segment]),
                )
        job.output.close()


def _finish(job: Job, began: float) -> Iterator[Event]:
    """Check the closed file and give it its name."""
    from deblurvid.stages.check import check

    busy = job.busy_seconds(time.perf_counter() - began)
    texts = after_the_last_frame(job)
    verified: Verified = "off"
    if job.options.verify != "off":
        found = check(
            job.output,
            stamps=job.stamps,
            info=job.info,
            tags=job.tags,
            source=job.source.container,
            span=job.span,
            full=job.options.verify == "full",
        )
        verified = found.how
        texts += [f"the output does not keep {what}" for what in found.lost]
        if found.shift:  # nothing is lost, so strict has nothing against it
            yield Notice(
                text=f"all streams begin {float(found.shift):.3f} s later together, because the "
                "container cannot hold the source's negative times"
            )
    for text in without_loss(job):
        yield Notice(text=text)
    for text in texts:
        if job.options.strict:
            raise VerificationError(f"{text} (--strict makes this an error)")
        yield Notice(text=text)
    for text in job.output.move_into_place(overwrite=job.options.overwrite):
        yield Notice(text=text)
    yield Finished(
        target=job.output.target,
        frames=len(job.stamps),
        seconds=time.perf_counter() - began,
        size_bytes=job.output.landing.size_bytes,
        corrupt_frames=len(job.damage.corrupt),
        undecodable_packets=len(job.damage.undecodable),
        invalid_frames=len(job.faults.invalid),
        flat_frames=len(job.faults.flat),
        busy_seconds=busy,
        verified=verified,
    )
