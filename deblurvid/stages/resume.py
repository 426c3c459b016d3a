"""Reading a source on behind a frame that is known, decoded exactly as if it had been read through."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import Damage
from deblurvid.stages.clock import Clock
from deblurvid.stages.decode import decode
from deblurvid.stages.demux import video_stream
from deblurvid.stages.journal import journal_folder
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.source import open_source
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from av.video.frame import VideoFrame

    from deblurvid.frames import VideoInfo
    from deblurvid.job import Job
    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.journal import Record


@dataclass(frozen=True, slots=True)
class Reading:
    """Frames that are decoded, and what is noted of them on the way."""

    frames: Iterator[VideoFrame]
    clock: Clock
    timeline: Timeline
    _damage: Damage
    _before: int = 0
    """Frames that were there before this reading began to count."""

    @property
    def damage(self) -> Damage:
        """What was wrong with frames, by their number in the whole."""
        here, damage = self._damage, Damage(undecodable=list(self._damage.undecodable))
        damage.corrupt.extend(number + self._before for number in list(here.corrupt))
        damage.retagged.extend(number + self._before for number in list(here.retagged))
        damage.interlaced.extend(number + self._before for number in list(here.interlaced))
        return damage

    @property
    def mended(self) -> int:
        """How often what was read was not as it should be."""
        damage = self.damage
        noted = len(damage.corrupt) + len(damage.undecodable) + len(damage.interlaced)
        return self.clock.mended + self.timeline.joints + noted + len(damage.retagged)


def read_on(job: Job, source: Path, last: Record | None, done: int, stack: ExitStack) -> Reading:
    """The frames behind the last one of `last`, or all frames.

    The search begins at a key frame before that frame, and it must be found there with the picture
    that it had. A search that does not find it (a codec whose key frames are none) gives way to
    reading from the beginning, as does one that fields were made into with the help of the frame
    before. So does anything that the place of a frame does not tell alone: timestamps that were
    filled in, damage.

    Args:
        job: what is read, and how.
        source: the file.
        last: the segment that ends with the known frame; None for the beginning.
        done: how many frames there are up to it.
        stack: closes the file.

    Raises:
        InputError: the frame is not there, although the file has not changed.
    """
    searched = last is not None and not last.mended
    for through in (False, True) if searched else (True,):
        opened = stack.enter_context(closing(open_source(source, job.options)))
        video = video_stream(opened.container, source)
        clock, timeline, damage = Clock(video), Timeline(video), Damage()
        start = job.span if through or last is None else _span_from(last.last_pts, job)
        items = decode(
            opened.packets(video, start, timeline),
            video,
            job.span,
            clock,
            on_corrupt=job.options.on_corrupt,
            damage=damage,
        )
        frames = only_frames(job.progressive(items))
        if last is None:
            return Reading(frames, clock, timeline, damage)
        count = _reached(frames, last, job.info, done if through else None)
        if count and through:
            return Reading(frames, clock, timeline, damage)
        if count:
            _forget(damage, last.last_pts * job.info.time_base + job.span.shift)
            return Reading(frames, clock, timeline, damage, done - count)
        opened.close()
    raise InputError(
        f"{source}: frame {done - 1} is not decoded as it was before the interruption; "
        f"delete {journal_folder(job.output.target)} to begin anew"
    )


def _forget(damage: Damage, until: Fraction) -> None:
    """Leave what came up to a time out: a search begins amid pictures that lack others."""
    for frames in (damage.corrupt, damage.retagged, damage.interlaced):
        del frames[:]
    damage.undecodable[:] = [at for at in damage.undecodable if at is None or at > until]


def _span_from(pts: int, job: Job) -> Span:
    """The span's rest from a frame on, for searching only."""
    seconds = pts * job.info.time_base + job.span.shift
    return replace(job.span, start=max(Fraction(0), seconds - job.span.origin))


def _reached(frames: Iterator[VideoFrame], last: Record, info: VideoInfo, done: int | None) -> int:
    """Take frames up to the known one, which is the `done`th or has its timestamp.

    Returns:
        How many were taken; 0 if the known one is not among them, or is another.
    """
    try:
        for number, frame in enumerate(frames, 1):
            assert frame.pts is not None  # noqa: S101 - decode fills it in
            if frame.pts >= last.last_pts if done is None else number == done:
                found = frame.pts, picture_sha256(frame, info)
                return number if found == (last.last_pts, last.picture_sha256) else 0
    except InputError:  # amid pictures that lack others, with --on-corrupt fail
        if done is not None:
            raise
    return 0


def only_frames(items: Iterable[VideoFrame | AnyPacket]) -> Iterator[VideoFrame]:
    """Leave out the packets of other streams."""
    return (item for item in items if not isinstance(item, Packet))


def witness(
    frames: Iterable[VideoFrame], info: VideoInfo, *, first: int, every: int, seen: dict[int, str]
) -> Iterator[VideoFrame]:
    """Note the picture of every `every`th frame in `seen`; frames are counted from `first`."""
    for number, frame in enumerate(frames, first):
        if (number + 1) % every == 0:
            seen[number] = picture_sha256(frame, info)
        yield frame


def picture_sha256(frame: VideoFrame, info: VideoInfo) -> str:
    """SHA-256 of the samples of a frame that fits `info`."""
    digest = hashlib.sha256()
    if (frame.width, frame.height, frame.format.name) == (
        info.width,
        info.height,
        info.pixel_format,
    ):
        for rows in LAYOUTS[info.pixel_format].rows(frame):
            digest.update(rows.tobytes())
    return digest.hexdigest()
