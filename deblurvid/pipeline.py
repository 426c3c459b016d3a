"""One video from file to file: joins the stages, and keeps the promises.

See `deblurvid.stages` for the line that `_run` follows.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.errors import VerificationError
from deblurvid.events import Event, Finished, Notice, Started, Verified
from deblurvid.job import open_job
from deblurvid.options import RunOptions
from deblurvid.prefetch import Waits, prefetch
from deblurvid.remarks import after_the_last_frame, before_the_first_frame, without_loss
from deblurvid.resuming import (
    already_finished,
    begin_journal,
    beginning_notices,
    open_resumable_job,
    restore_resumably,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from deblurvid.job import Job
    from deblurvid.stages.journal import Journal

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
        source: a local video file, a template or folder of images, or `-` and other pipes.
        target: where the restored video goes; its suffix says in which container, or `format`.
        **options: fields of `deblurvid.options.RunOptions`.

    Yields:
        Started, then FrameDone for each frame and Notices, at last Finished.

    Raises:
        DeblurvidError: see `deblurvid.errors`. No file stands under the target's name that was not
            there before; what has gone into a pipe cannot be taken back, and `resumable` keeps its
            journal.
        TypeError: an option that `deblurvid.options.RunOptions` does not have.
    """
    return _run(Path(source), Path(target), RunOptions(**options))


def _run(source: Path, target: Path, options: RunOptions) -> Generator[Event, None, None]:
    with ExitStack() as stack:
        job, journal = _open(source, target, options, stack)
        began = time.perf_counter()
        yield Started(
            source=source,
            target=target,
            info=job.info,
            engine=job.engine.spec.words,
            generator=job.engine.spec.generator,
            device=job.engine.spec.device,
            precision=job.engine.spec.precision,
            engine_remark=job.engine.spec.remark,
            encoder=str(job.choice),
            frame_count=job.info.frame_count,
            duration=job.span.lasts(job.info.duration),
            resumed_frames=0 if journal is None else journal.frames,
        )
        for text in before_the_first_frame(job):
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
    job = open_resumable_job(source, target, options, stack)
    return job, begin_journal(job, source, target, anew=options.overwrite, stack=stack)


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
        job.output.close()


def _line(job: Job, items: Iterator[Any], stack: ExitStack) -> Iterator[Any]:
    """Decoded items to restored ones, in threads that end with the stack."""
    from deblurvid.stages.deblur import deblur
    from deblurvid.stages.pack import pack
    from deblurvid.stages.reformat import reformat
    from deblurvid.stages.unpack import unpack

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

    pictures = threaded(unpack(items, job.info), job.decoded, "decode")
    restored = threaded(
        deblur(pictures, job.engine, strength=job.options.strength, faults=job.faults),
        job.restored,
        "engine",
    )
    packed = job.info.pixel_format if job.conversion else job.choice.pixel_format
    return reformat(pack(restored, job.info, packed), job.conversion)


def _finish(
    job: Job, began: float, journal: Journal | None = None, resumed: int = 0
) -> Iterator[Event]:
    """Check the closed output and give it its name; then the journal has served.

    `resumed` frames were there when the run began.
    """
    from deblurvid.stages.image_metadata import describe

    busy = job.busy_seconds(time.perf_counter() - began)
    if job.metadata is not None:
        describe(job.output.landing, job.metadata)
    texts = after_the_last_frame(job)
    verified: Verified = "off"
    if job.options.verify != "off":
        verified, lost = yield from _check(job)
        texts += lost
    for text in without_loss(job):
        yield Notice(text=text)
    for text in texts:
        if job.options.strict:
            raise VerificationError(f"{text} (--strict makes this an error)")
        yield Notice(text=text)
    if journal is not None:
        journal.place(job.output.part)
    for text in job.output.move_into_place(overwrite=job.options.overwrite):
        yield Notice(text=text)
    if journal is not None:
        journal.remove()
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
        resumed_frames=resumed,
    )


def _check(job: Job) -> Generator[Event, None, tuple[Verified, list[str]]]:
    """Look at what was written; gives how, and what of the source it does not keep, in words."""
    from deblurvid.stages.check import check

    found = check(
        job.output,
        stamps=job.stamps,
        info=job.info,
        tags=job.tags,
        metadata=job.metadata,
        source=job.source.container,
        span=job.span,
        full=job.options.verify == "full",
    )
    if found.shift:  # nothing is lost, so strict has nothing against it
        yield Notice(
            text=f"all streams begin {float(found.shift):.3f} s later together, because the "
            "container cannot hold the source's negative times"
        )
    lost = [f"the output does not keep {what}" for what in found.lost]
    return found.how, [text for text in lost if text not in job.losses]
