"""One video from file to file: opens everything, joins the stages, keeps the promises.

See `deblurvid.stages` for the line that `_run` follows.
"""

from __future__ import annotations

import itertools
import time
from array import array
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.errors import UsageError, VerificationError
from deblurvid.events import Event, Finished, FrameDone, Notice, Segment, Started
from deblurvid.frames import Damage, Faults
from deblurvid.options import RunOptions
from deblurvid.prefetch import Waits, prefetch
from deblurvid.remarks import after_the_last_frame, copied_pictures, lead_in, without_loss
from deblurvid.resuming import (
    already_finished,
    begin_journal,
    beginning_notices,
    check_resumable,
    restore_resumably,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.backends.base import Engine
    from deblurvid.frames import VideoInfo
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.demux import Span
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.journal import Journal
    from deblurvid.stages.mux import Output
    from deblurvid.stages.streams import StreamPlan
    from deblurvid.stages.timeline import Timeline
    from deblurvid.stages.watchdog import WatchedFifo

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
    source: InputContainer
    video: VideoStream
    span: Span
    clock: Clock
    timeline: Timeline
    info: VideoInfo
    tags: dict[str, str]
    """What the source says of its picture; see `stages.tags`."""
    plans: list[StreamPlan]
    choice: EncoderChoice
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
    fifo: WatchedFifo | None
    """What the source is read by, if it is one."""
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


def _run(source: Path, target: Path, options: RunOptions) -> Generator[Event, None, None]:
    with ExitStack() as stack:
        job, journal = _open(source, target, options, stack)
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
            resumed_frames=0 if journal is None else journal.frames,
        )
        for text in [*losses, *copied_pictures(job), *lead_in(job)]:
            yield Notice(text=text)
        if journal is None:
            yield from _restore(job, began)
            yield from _finish(job, began)
        elif journal.is_placed:
            yield from already_finished(job, journal)
        else:
            resumed = journal.frames
            yield from beginning_notices(job, journal)
            yield from restore_resumably(job, journal, source, partial(_line, job), began)
            yield from _finish(job, began, journal, resumed)


def _open(
    source: Path, target: Path, options: RunOptions, stack: ExitStack
) -> tuple[Job, Journal | None]:
    """Open and check everything, the journal last."""
    if not options.resumable:
        return open_job(source, target, options, stack), None
    from deblurvid.stages.journal import is_placed

    check_resumable(source, target, options)
    # What a run made that was killed before it could say so is there, and is no other's file.
    overwrite = options.overwrite or is_placed(target)
    job = open_job(source, target, replace(options, overwrite=overwrite), stack)
    return job, begin_journal(job, source, target, anew=options.overwrite, stack=stack)


def open_job(source: Path, target: Path, options: RunOptions, stack: ExitStack) -> Job:
    """Open and check everything, cheapest first; nothing under the target's name is touched."""
    from deblurvid.stages.avi import fitted_to_avi
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.decode import decode, describe, until_first_frame
    from deblurvid.stages.demux import demux, span_of, video_stream, without_hidden
    from deblurvid.stages.encoders import choose_encoder
    from deblurvid.stages.ffmpeg import NON_NEGATIVE_MUXERS
    from deblurvid.stages.mux import check_target, muxer_of, open_output
    from deblurvid.stages.segments import open_encoder
    from deblurvid.stages.streams import copied_sound, plan_streams
    from deblurvid.stages.tags import picture_tags
    from deblurvid.stages.timeline import Timeline
    from deblurvid.stages.trial import refuse_absent_hardware

    muxer = muxer_of(target)
    check_target(source, target, overwrite=options.overwrite)
    container, fifo = _open_source(source, options, stack)
    video = video_stream(container, source)
    plans = plan_streams(container, video, muxer, cut=bool(options.start))
    span = span_of(container, video, options.start, options.duration, muxer=muxer)
    clock, timeline = Clock(video), Timeline(video)
    damage = Damage()
    packets = demux(container, video, span, timeline)
    if muxer in NON_NEGATIVE_MUXERS:
        packets = without_hidden(packets, copied_sound(plans))
    packets = clock.noting(packets)
    items = decode(packets, video, span, clock, on_corrupt=options.on_corrupt, damage=damage)
    head, first = until_first_frame(items, source, span)
    info = describe(container, video, first, span)
    _check_fields(options, video, first)
    tags = picture_tags(video, first)
    choice = choose_encoder(info, muxer, codec=options.codec, options=dict(options.encoder_options))
    refuse_absent_hardware(choice)
    if muxer == "avi":
        info, choice = fitted_to_avi(source, info, choice, options)
    engine = _engine_for(info, options, stack)
    progressive = partial(_progressive, options=options, video=video, first=first, info=info)
    new_output = partial(
        open_output, container, target, plans, choice, first=first, info=info, span=span
    )
    job = Job(
        options=options,
        source=container,
        video=video,
        span=span,
        clock=clock,
        timeline=timeline,
        info=info,
        tags=tags,
        plans=plans,
        choice=choice,
        engine=engine,
        output=new_output(),
        open_output=new_output,
        open_encoder=partial(open_encoder, choice, muxer, source=video, first=first, info=info),
        damage=damage,
        progressive=progressive,
        items=progressive(itertools.chain(head, items)),
        fifo=fifo,
    )
    stack.callback(_discard_output, job)
    return job


def _open_source(
    source: Path, options: RunOptions, stack: ExitStack
) -> tuple[InputContainer, WatchedFifo | None]:
    from deblurvid.stages.demux import open_input
    from deblurvid.stages.watchdog import watched

    fifo = watched(source, options.stall_timeout)
    if fifo is not None:
        stack.callback(fifo.close)
    return stack.enter_context(open_input(source, fifo)), fifo


def _discard_output(job: Job) -> None:
    """Of the output that the job has by then."""
    job.output.discard()


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
    from deblurvid.stages.encode import encode
    from deblurvid.stages.mux import mux

    with ExitStack() as stack:
        frames = _line(job, job.items, stack)
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
                yield job.frame_done(done, job.output.size_bytes, began)
        if job.fifo is not None:
            job.fifo.check()
        job.output.close()


def _line(job: Job, items: Iterator[Any], stack: ExitStack) -> Iterator[Any]:
    """Decoded items to restored ones, in threads that end with the stack."""
    from deblurvid.stages.deblur import deblur
    from deblurvid.stages.pack import pack
    from deblurvid.stages.unpack import unpack

    def threaded(items: Iterator[Any], waits: Waits, name: str) -> Iterator[Any]:
        ahead = prefetch(items, capacity=QUEUE_CAPACITY, waits=waits, name=name)
        stack.callback(ahead.close)
        return ahead

    pictures = threaded(unpack(items, job.info), job.decoded, "decode")
    restored = threaded(
        deblur(pictures, job.engine, strength=job.options.strength, faults=job.faults),
        job.restored,
        "engine",
    )
    if job.fifo is not None:
        stack.callback(job.fifo.leave)  # before the threads are waited for: one may wait for bytes
    return pack(restored, job.info, job.choice.pixel_format)


def _finish(
    job: Job, began: float, journal: Journal | None = None, resumed: int = 0
) -> Iterator[Event]:
    """Check the closed file and give it its name; then the journal has served.

    `resumed` frames were there when the run began.
    """
    from deblurvid.stages.tags import lost_tags, lost_texts
    from deblurvid.stages.verify import verify

    busy = job.busy_seconds(time.perf_counter() - began)
    texts = after_the_last_frame(job)
    if job.options.verify != "off":
        full = job.options.verify == "full"
        written = verify(job.output, job.stamps, job.info.time_base, full=full)
        lost = [
            *lost_tags(job.tags, written.picture or {}),
            *lost_texts(job.source, job.span, written),
            *written.lost_words,
        ]
        texts += [f"the output does not keep {what}" for what in lost]
        if written.shift:  # nothing is lost, so strict has nothing against it
            yield Notice(
                text=f"all streams begin {float(written.shift):.3f} s later together, because the "
                "container cannot hold the source's negative times"
            )
    for text in without_loss(job):
        yield Notice(text=text)
    for text in texts:
        if job.options.strict:
            raise VerificationError(f"{text} (--strict makes this an error)")
        yield Notice(text=text)
    if journal is not None:
        journal.place(job.output.part)
    job.output.move_into_place(overwrite=job.options.overwrite)
    if journal is not None:
        journal.remove()
    yield Finished(
        target=job.output.target,
        frames=len(job.stamps),
        seconds=time.perf_counter() - began,
        size_bytes=job.output.target.stat().st_size,
        corrupt_frames=len(job.damage.corrupt),
        undecodable_packets=len(job.damage.undecodable),
        invalid_frames=len(job.faults.invalid),
        flat_frames=len(job.faults.flat),
        busy_seconds=busy,
        verified=job.options.verify,
        resumed_frames=resumed,
    )
