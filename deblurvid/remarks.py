"""What a run has to say of its video, beside errors and progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deblurvid.pipeline import Job


def copied_pictures(job: Job) -> list[str]:
    """Only one video stream is restored."""
    from deblurvid.stages.mux import kind_of

    return [
        f"{plan} is copied as it is: only the first video is restored"
        for plan in job.plans
        if plan.fate == "copy" and kind_of(plan.stream) == "video"
    ]


def after_the_last_frame(job: Job) -> list[str]:
    """What is known once all frames have passed."""
    texts = []
    if job.clock.mended:
        texts.append(f"{job.clock.mended} frames had no rising timestamp and were given one")
    if _is_cut_off(job):
        texts.append(
            f"the source says that it has {job.info.frame_count} frames, but only "
            f"{len(job.stamps)} could be read: it may be cut off"
        )
    if job.invalid:
        texts.append(
            f"{len(job.invalid)} frames held NaN or Inf in {sum(job.invalid)} samples, which kept "
            "the source's value"
        )
    return texts


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
    if job.video.frames:
        return len(job.stamps) < job.video.frames
    return bool(tagged_duration(job.video)) and len(job.stamps) + 2 < (info.frame_count or 0)
