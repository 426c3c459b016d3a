"""A few seconds of a video, restored to see what becomes of it and what the whole would take."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from fractions import Fraction
from math import floor
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from deblurvid.errors import UsageError
from deblurvid.events import Comparing, Finished, FrameDone, Notice, Sampled, Started
from deblurvid.job import open_job
from deblurvid.judge.alone import warm_up
from deblurvid.judge.compare.asked import Asked
from deblurvid.judge.compare.page import page_steps
from deblurvid.options import RunOptions
from deblurvid.pipeline import deblur_video

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from deblurvid.events import Event
    from deblurvid.frames import VideoInfo
    from deblurvid.job import Job
    from deblurvid.stages.motion import Motion


def sample_video(
    source: str | Path, target: str | Path, *, seconds: Fraction | float, **options: Any
) -> Generator[Event, None, None]:
    """Restore `seconds` of the busiest part of a video, and say what the whole would take.

    Where something moves blur is worst, the gain greatest, and the most bits are needed. The page
    that shows the sample beside the source lies beside the target, under its name with .html.

    Args:
        source: a local video file.
        target: where the sample goes.
        seconds: how long it is; a shorter video is restored as a whole.
        **options: fields of `deblurvid.options.RunOptions`; `start` and `duration` choose the whole.

    Yields:
        What `deblur_video` does of the sample, then Comparing and Sampled.

    Raises:
        UsageError: what cannot be sampled, such as a pipe; or the page exists, or is the source.
        DeblurvidError: as `deblur_video` and `judge.compare.compare_page`.
    """
    source, target, whole = Path(source), Path(target), RunOptions(**options)
    page = target.with_suffix(".html")
    _check(source, target, page, whole, seconds)
    with ExitStack() as stack:
        job = open_job(source, target, whole, stack, rehearsal=True)
        if job.source.images is not None:
            raise UsageError(f"{source}: these are images; use --duration to restore some of them")
        part, where = _busiest_part(source, whole, job.info, Fraction(seconds))
        _warm_up(job)
        job.output.discard()  # two encoders at once would take twice the memory
        settings = options | part
        events = deblur_video(source, target, **settings | {"engine": job.engine})
        finished = yield from _said(events, where)
        count = _frames_of_whole(source, job, part, finished.frames)
        sampled = _sampled(page, Fraction(part["start"] or 0), finished, count)
        yield from _write_page(source, target, sampled, settings, engine=str(job.engine.spec))
        yield sampled


def _check(
    source: Path, target: Path, page: Path, options: RunOptions, seconds: Fraction | float
) -> None:
    from deblurvid.stages.pipes import is_pipe
    from deblurvid.stages.target import muxer_of

    if seconds <= 0:
        raise UsageError(f"sample is {float(seconds)} s; it must be above 0")
    if options.resumable:
        raise UsageError("a sample is soon done again; leave --resumable out")
    for path in (source, target):
        if is_pipe(path):
            raise UsageError(
                f"{path}: a sample is taken from a file and written to one, not a pipe"
            )
    if muxer_of(target, options.format) == "image2":
        raise UsageError(f"{target}: a sample is a video; use an output such as .mp4 or .mkv")
    _check_page(source, target, page)
    if page.exists() and not options.overwrite:
        raise UsageError(f"{page}: exists already, and the comparison goes there; use -y")


def _check_page(source: Path, target: Path, page: Path) -> None:
    """Refuse a page that would replace the source or the sample, by whatever name or link."""
    for path, what in ((source, "the source"), (target, "the sample itself")):
        there = page.exists() and path.exists()
        if os.path.realpath(page) == os.path.realpath(path) or (there and page.samefile(path)):
            raise UsageError(
                f"{page}: the comparison goes there, and it is the same file as {path}, {what}; "
                "give -o another name"
            )


def _busiest_part(
    source: Path, whole: RunOptions, info: VideoInfo, seconds: Fraction
) -> tuple[dict[str, Any], str]:
    """Where the sample lies, as fields of RunOptions; and in words how it was found."""
    from deblurvid.stages.motion import motion_along

    begin, length = Fraction(whole.start or 0), _length(whole, info)
    if length is not None and length <= seconds:
        return {"start": whole.start, "duration": whole.duration}, "the sample is all there is"
    found = motion_along(source, whole, length)
    if not found:
        return {
            "start": begin,
            "duration": seconds,
        }, "there are no two frames to compare: the sample is the beginning"
    exact = busiest(found, seconds, begin=begin, length=length)
    # What is said, to the millisecond, is where it is: `compare --start` finds the same frame.
    start = max(begin, Fraction(floor(exact * 1000), 1000))
    within = [m.change for m in found if start <= m.seconds < start + seconds]
    usual = median(m.change for m in found)
    return {"start": start, "duration": seconds}, (
        f"the sample is {float(seconds):g} s from {float(start):.3f} s on, where most moves: by "
        f"{fmean(within):.1f} of 255 from frame to frame, {usual:.1f} at half of {len(found)} places"
    )


def busiest(
    found: Sequence[Motion], seconds: Fraction, *, begin: Fraction, length: Fraction | None
) -> Fraction:
    """Where to begin so that most moves, on average over the places within.

    Args:
        found: at least one.
        seconds: length of the sample.
        begin: of the whole, in seconds.
        length: of the whole; None where it is not known.
    """
    latest = found[-1].seconds if length is None else begin + length - seconds

    def start_at(place: Motion) -> Fraction:
        """With the place in the middle, but within the whole."""
        return max(begin, min(place.seconds - seconds / 2, latest))

    def moved_from(start: Fraction) -> float:
        within = [m.change for m in found if start <= m.seconds < start + seconds]
        return fmean(within) if within else 0.0

    return max(map(start_at, found), key=moved_from)


def _length(options: RunOptions, info: VideoInfo) -> Fraction | None:
    """Seconds of the whole, as far as that is known."""
    left = None if info.duration is None else info.duration - Fraction(options.start or 0)
    ends = [Fraction(end) for end in (left, options.duration) if end is not None]
    return min(ends) if left is not None else None


def _warm_up(job: Job) -> None:
    """Let the engine restore the first picture, so that what that takes is not in the figures."""
    from deblurvid.stages.unpack import Picture, unpack

    pictures = unpack(job.items, job.info)
    warm_up(job, next(item for item in pictures if isinstance(item, Picture)))


def _said(events: Generator[Event, None, None], where: str) -> Generator[Event, None, Finished]:
    """Hand on the events of the sample, and where it lies; gives the last."""
    finished = None
    with closing(events):
        for event in events:
            yield event
            if isinstance(event, Started):
                yield Notice(text=where)
            if isinstance(event, Finished):
                finished = event
    assert finished is not None  # noqa: S101 - a run that does not finish raises
    return finished


def _frames_of_whole(source: Path, job: Job, part: dict[str, Any], sampled: int) -> int | None:
    """How many frames a run of the whole would give; None where only decoding tells.

    Not by the frame rate, which is a mean: where frames come unevenly they come oftenest where most
    moves, and that is where the sample lies.
    """
    from deblurvid.stages.probe import count_frames

    if (part["start"], part["duration"]) == (job.options.start, job.options.duration):
        return sampled
    if job.video.frames and not job.span.cuts:
        return int(job.video.frames)
    return count_frames(source, job.options)


def _sampled(page: Path, start: Fraction, finished: Finished, whole_frames: int | None) -> Sampled:
    """What the whole would take at the sample's pace."""
    times = None if whole_frames is None else whole_frames / finished.frames
    return Sampled(
        page=page,
        start=float(start),
        frames=finished.frames,
        fps=finished.frames / finished.seconds,
        whole_frames=whole_frames,
        whole_seconds=None if times is None else finished.seconds * times,
        whole_bytes=None if times is None else round(finished.size_bytes * times),
    )


def _write_page(
    source: Path, target: Path, sampled: Sampled, settings: dict[str, Any], *, engine: str
) -> Generator[Event, None, None]:
    """Show the sample beside the same part of the source, encoded in the same way."""
    with TemporaryDirectory(prefix="deblurvid-sample-") as folder:
        before = Path(folder) / f"{source.stem}{target.suffix}"
        alone: dict[str, Any] = {"engine": "identity", "device": "cpu", "precision": "auto"}
        alone |= {"strict": False, "verify": "off"}
        with closing(deblur_video(source, before, **settings | alone)) as events:
            for event in events:
                if isinstance(event, FrameDone):
                    share = min(1.0, event.index / sampled.frames)
                    yield Comparing(target=sampled.page, share=share / 2)
        where = f"{sampled.start:.3f} s"
        facts = {
            "source": source.name,
            "from": where,
            "frames": str(sampled.frames),
            "engine": engine,
            "frames a second": f"{sampled.fps:.1f}",
        }
        if sampled.whole_seconds is not None and sampled.whole_bytes is not None:
            facts["the whole would take"] = f"{sampled.whole_seconds:.0f} s"
            facts["and become"] = f"{sampled.whole_bytes / 1e6:.1f} MB, mostly less"
        asked = Asked(
            first=before,
            second=target,
            first_is=f"{source.name}: excerpt from {where} on, encoded like the result",
            times_from=f"{where} of {source.name}",
            overwrite=bool(settings.get("overwrite")),
        )
        for share in page_steps(asked, sampled.page, facts=facts):
            yield Comparing(target=sampled.page, share=(1 + share) / 2)
