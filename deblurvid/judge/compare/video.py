"""Two clips -> one video that shows both at the same moment."""

from __future__ import annotations

import itertools
from array import array
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deblurvid.frames import Damage
from deblurvid.judge.compare.labels import label, margin, remarks
from deblurvid.judge.compare.writing import check_targets
from deblurvid.options import RunOptions
from deblurvid.stages.avi import fitted_to_avi, frames_from_zero, packets_from_zero
from deblurvid.stages.check import check
from deblurvid.stages.clip import check_alike, common_seconds, lengths_remark, light_remark, look_at
from deblurvid.stages.clock import Clock
from deblurvid.stages.compose import Composer, Plan, composed, period_of, whole_chroma
from deblurvid.stages.convert import convert
from deblurvid.stages.decode import decode, until_first_frame
from deblurvid.stages.demux import span_of, video_stream, without_hidden
from deblurvid.stages.encode import encode
from deblurvid.stages.encoding import choose_encoding, even_rate
from deblurvid.stages.ffmpeg import WRITABLE_FORMATS
from deblurvid.stages.landing import land
from deblurvid.stages.losses import planned_losses
from deblurvid.stages.mux import mux, open_output
from deblurvid.stages.reformat import reformat
from deblurvid.stages.source import open_source
from deblurvid.stages.streams import hidden_apart, kept_streams, plan_streams
from deblurvid.stages.tags import picture_tags
from deblurvid.stages.timeline import Timeline
from deblurvid.stages.trial import refuse_absent_hardware

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.judge.compare.asked import Asked
    from deblurvid.stages.clip import Clip
    from deblurvid.stages.compose import Mark
    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.mux import Output
    from deblurvid.stages.source import Source
    from deblurvid.stages.streams import StreamPlan


@dataclass(slots=True, kw_only=True)
class _Kept:
    """The second clip, open: its sound, subtitles, chapters, tags and times are kept."""

    source: Source
    video: VideoStream
    plans: list[StreamPlan]
    span: Span
    items: Iterator[VideoFrame | AnyPacket]
    """Decoded frames, and the packets of all other streams."""


def compare_video(
    asked: Asked,
    target: Path,
    *,
    codec: str | None = None,
    encoder_options: dict[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
    watch: Callable[[float], None] = lambda _: None,
) -> None:
    """Write a video of both clips, with the second one's sound, times and tags.

    Args:
        asked: which clips, and how they are shown.
        target: the file; its suffix says in which container.
        codec: FFmpeg's name of an encoder; None for one that plays everywhere.
        encoder_options: FFmpeg's options of it.
        say: told what is not as one might expect.
        watch: told the share that is done.

    Raises:
        DeblurvidError: see `deblurvid.errors`.
    """
    options = RunOptions(codec=codec, encoder_options=encoder_options or {})
    muxer = WRITABLE_FORMATS[target.suffix.lower()]
    check_targets(asked, target)
    clips = look_at(asked.first, asked.start), look_at(asked.second)
    check_alike(*clips)
    with ExitStack() as stack:
        kept = _kept(clips, muxer, options, say, stack)
        for remark in filter(None, (light_remark(*clips), *remarks(asked.labels))):
            say(remark)
        plan = _plan(asked, clips, say)
        info = replace(clips[1].info, width=plan.size[0], height=plan.size[1])
        info = even_rate(info, kept.video, muxer)
        conversion, choice = choose_encoding(kept.source, info, muxer, target, options)
        refuse_absent_hardware(choice)
        if muxer == "avi":
            info, choice = fitted_to_avi(asked.second, info, choice, options)
        plan = replace(plan, pixel_format=info.pixel_format if conversion else choice.pixel_format)
        for text in planned_losses(kept.plans, choice, conversion, info):
            say(text)
        frames = composed(kept.items, clips, kept.span, Composer(plan, _marks(asked, plan)))
        head, first = until_first_frame(frames, asked.second, kept.span)
        output = open_output(
            kept.source.container,
            land(target, muxer),
            muxer,
            kept.plans,
            choice,
            first=first,
            info=info,
            span=kept.span,
            conversion=conversion,
        )
        stack.callback(output.discard)
        stamps = _written(reformat(itertools.chain(head, frames), conversion), output, clips, watch)
        tags = picture_tags(kept.video, first)
        found = check(
            output,
            stamps=stamps,
            info=info,
            tags=tags,
            metadata=None,
            source=kept.source.container,
            span=kept.span,
            full=False,
        )
        for what in found.lost:
            say(f"the output does not keep {what}")
        output.move_into_place(overwrite=asked.overwrite)


def _kept(
    clips: tuple[Clip, Clip],
    muxer: str,
    options: RunOptions,
    say: Callable[[str], None],
    stack: ExitStack,
) -> _Kept:
    """Open the second clip, cut to what both last."""
    first, second = clips
    source = stack.enter_context(closing(open_source(second.path, options)))
    video = video_stream(source.container, second.path)
    plans = plan_streams(source.container, video, muxer)
    span = span_of(source.container, video, None, None, muxer=muxer)
    if remark := lengths_remark(first, second):
        say(remark)
        span = replace(span, end=second.origin - span.origin + common_seconds(first, second))
    clock, timeline = Clock(video), Timeline(video, kept_streams(plans))
    packets = without_hidden(source.packets(video, span, timeline), hidden_apart(plans, muxer))
    items = decode(clock.noting(packets), video, span, clock, on_corrupt="keep", damage=Damage())
    return _Kept(source=source, video=video, plans=plans, span=span, items=items)


def _plan(asked: Asked, clips: tuple[Clip, Clip], say: Callable[[str], None]) -> Plan:
    first, second = clips
    width, height = second.size
    wanted = (0, 0, width, height) if asked.crop is None else asked.crop.within(second.size)
    part = whole_chroma(wanted, second)
    if part != wanted:
        say(
            f"{part[2]}x{part[3]}+{part[0]}+{part[1]} of the pictures is shown: "
            f"{second.info.pixel_format} has one sample of colour for several pixels"
        )
    return Plan(
        layout=asked.layout,
        part=part,
        zoom=asked.zoom,
        pixel_format=second.info.pixel_format,
        colour=second.info.colour,
        period=period_of(common_seconds(first, second)),
    )


def _marks(asked: Asked, plan: Plan) -> tuple[Mark, ...]:
    """The labels: the first one's at the left above, the second one's at the right of its part."""
    marks = []
    for number, text in enumerate(asked.labels):
        grey = label(text, plan.pane)
        if grey is None:
            continue
        left = top = margin(plan.pane)
        if number and asked.layout == "stack":
            top += plan.pane[1]
        elif number:
            left = plan.size[0] - left - grey.shape[1]
        marks.append((grey, left - left % 2, top - top % 2))
    return tuple(marks)


def _written(
    frames: Iterator[VideoFrame | AnyPacket],
    output: Output,
    clips: tuple[Clip, Clip],
    watch: Callable[[float], None],
) -> array[int]:
    """Encode and write all, and close; gives the timestamps of the frames."""
    stamps = array("q")
    in_avi = output.container.format.name == "avi"
    packets = encode(frames_from_zero(frames) if in_avi else frames, output.video, stamps)
    packets = convert(packets, output)
    done = 0
    for packet in mux(packets_from_zero(packets) if in_avi else packets, output):
        if packet.stream is output.video:
            done += 1
            watch(min(1.0, done / clips[1].frames))
    output.close()
    return stamps
