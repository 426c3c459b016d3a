"""What a run has to say of its video, beside errors and progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.job import Job

MOST_SPANS = 10
"""Runs of frames that a remark names; it counts the others."""


def before_the_first_frame(job: Job) -> list[str]:
    """What is known of source and target alone: first what is lost, which `strict` refuses."""
    texts = [*job.losses, *copied_pictures(job)]
    if job.source.images and (gaps := job.source.images.remark()):
        texts.append(gaps)
    return [*texts, *lead_in(job), *_of_a_journal(job)]


def _of_a_journal(job: Job) -> list[str]:
    """One that nobody will take up lies there for ever."""
    from deblurvid.stages.journal import journal_folder

    folder = journal_folder(job.output.target)
    if job.options.resumable or not folder.is_dir():
        return []
    text = (
        f"{folder} holds frames of an interrupted run, which only --resumable goes on with; delete "
        "the folder if they are not wanted"
    )
    return [text]


def copied_pictures(job: Job) -> list[str]:
    """Only one video stream is restored."""
    from deblurvid.stages.tracks import kind_of

    return [
        f"{plan} is copied as it is: only the first video is restored"
        for plan in job.plans
        if plan.fate == "copy" and kind_of(plan.stream) == "video"
    ]


def lead_in(job: Job) -> list[str]:
    """A start that is moved although nothing is cut."""
    if not job.span.from_zero:
        return []
    muxer = job.output.container.format.name
    begin = f"{float(job.span.origin):.3f} s"
    return [f"all streams begin {begin} earlier together: {muxer} would show nothing until then"]


def after_the_last_frame(job: Job) -> list[str]:
    """What is known once all frames have passed."""
    from deblurvid.stages.ffmpeg import PICTURES_ONLY
    from deblurvid.stages.y4m import ends_inside_a_frame

    texts = []
    if (name := PICTURES_ONLY.get(job.output.container.format.name)) and not _is_regular(job):
        texts.append(
            f"{name} holds no times: its frames follow each other evenly, and the source's do not"
        )
    if job.span.end is None and ends_inside_a_frame(job.source, job.info):
        texts.append("the source ends inside a frame, which is left out: it is cut off")
    if job.clock.mended:
        texts.append(f"{job.clock.mended} frames had no rising timestamp and were given one")
    if job.timeline.mended:
        texts.append(
            f"{job.timeline.mended} packets of copied streams had no rising timestamp and were "
            "given one"
        )
    if job.timeline.joints:
        texts.append(
            f"the timestamps start again {job.timeline.joints} times, as in joined recordings: "
            "each was moved behind the one before"
        )
    texts += [
        f"{made.undecodable} packets of stream {index} did not decode and are missing"
        for index, made in job.output.converters.items()
        if made.undecodable
    ]
    texts += [*_of_hidden_pictures(job), *_of_damage(job)]
    if _is_cut_off(job):
        texts.append(
            f"the source says that it has {job.info.frame_count} frames, but only "
            f"{len(job.stamps)} could be read: it may be cut off"
        )
    if invalid := job.faults.invalid:
        texts.append(
            f"{numbered(list(invalid))}: the generator gave NaN or Inf for {sum(invalid.values())} "
            "samples, which kept the source's value"
        )
    if job.faults.flat:
        texts.append(
            f"{numbered(job.faults.flat)}: the generator gave one flat colour, so the source was "
            "kept"
        )
    return texts


def without_loss(job: Job) -> list[str]:
    """What is known once all frames have passed, and strict has nothing against."""
    from deblurvid.stages.deinterlace import FIELD_PARITY

    texts = [
        f"nothing of stream {index} ({track.kind}) lies within what is shown: it is left out"
        for index, track in job.output.tracks.items()
        if track.kind in ("audio", "subtitle") and not track.packets
    ]
    said = job.damage.interlaced or job.video.codec_context.field_order in FIELD_PARITY
    if job.options.deinterlace and not said:
        texts.append("nothing says that the video is interlaced; it was deinterlaced as asked")
    return texts


def _of_hidden_pictures(job: Job) -> list[str]:
    """Those that follow need them, and where there are no edit lists nothing can hide them."""
    from deblurvid.stages.ffmpeg import NON_NEGATIVE_MUXERS

    muxer = job.output.container.format.name
    return [
        f"stream {index} (video) begins with {track.hidden} pictures that the source's edit list "
        f"hides, for {muxer} has no edit lists"
        for index, track in job.output.tracks.items()
        if track.hidden
        and track.kind == "video"
        and track is not job.output.restored
        and muxer in NON_NEGATIVE_MUXERS
    ]


def _of_damage(job: Job) -> list[str]:
    """What was wrong with the source's frames."""
    damage, texts = job.damage, []
    if damage.corrupt:
        fate = "left out" if job.options.on_corrupt == "drop" else "restored as they decode"
        texts.append(f"{numbered(damage.corrupt)} of the source: corrupt, {fate}")
    if damage.undecodable:
        known = sorted(seconds for seconds in damage.undecodable if seconds is not None)
        where = f", the first near {float(known[0]):.3f} s" if known else ""
        count = len(damage.undecodable)
        packets = "1 packet" if count == 1 else f"{count} packets"
        texts.append(f"{packets} of the video could not be decoded{where}")
    if damage.retagged:
        texts.append(
            f"{numbered(damage.retagged)}: tagged with another colour than the first frame, whose "
            "tags the whole output carries"
        )
    return texts


def _is_regular(job: Job) -> bool:
    """Whether every frame is within half a frame of where its number at the frame rate puts it."""
    rate = job.info.frame_rate
    if rate is None:
        return False
    step = 1 / (rate * job.info.time_base)
    first = job.stamps[0] if job.stamps else 0
    return all(abs(stamp - first - at * step) <= step / 2 for at, stamp in enumerate(job.stamps))


def numbered(frames: Sequence[int]) -> str:
    """Which frames, counted from 0: [3] -> 'frame 3', [3, 4, 5, 9] -> '4 frames (3-5, 9)'."""
    if len(frames) == 1:
        return f"frame {frames[0]}"
    spans: list[list[int]] = []
    for frame in frames:
        if spans and frame == spans[-1][1] + 1:
            spans[-1][1] = frame
        else:
            spans.append([frame, frame])
    words = [f"{first}-{last}" if last > first else f"{first}" for first, last in spans]
    more = "" if len(words) <= MOST_SPANS else f", and {len(words) - MOST_SPANS} more"
    return f"{len(frames)} frames ({', '.join(words[:MOST_SPANS])}{more})"


def _is_cut_off(job: Job) -> bool:
    """Whether frames are missing at the end.

    Both their number and the time they last must be short: an edit list hides frames but shortens
    the time too, and a last frame of a varying rate may stand for long.
    """
    from deblurvid.stages.decode import tagged_duration

    info = job.info
    if job.span.cuts or not info.duration or not info.frame_rate:
        return False
    lasted = (job.stamps[-1] - job.stamps[0]) * info.time_base + 2 / info.frame_rate
    if lasted >= info.duration:
        return False
    came = len(job.stamps) + len(job.damage.undecodable)
    if job.options.on_corrupt == "drop":
        came += len(job.damage.corrupt)
    if job.video.frames:
        return came < job.video.frames
    return bool(tagged_duration(job.video)) and came + 2 < (info.frame_count or 0)
