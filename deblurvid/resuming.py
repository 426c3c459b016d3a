"""A run that goes on where it was interrupted: through a journal of segments, then as any other."""

from __future__ import annotations

import os
import platform
from array import array
from contextlib import ExitStack, closing
from dataclasses import replace
from fractions import Fraction
from importlib import metadata
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from deblurvid.errors import InputError, UsageError
from deblurvid.events import Finished, Notice
from deblurvid.frames import Damage, Faults
from deblurvid.job import open_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame

    from deblurvid.events import Event
    from deblurvid.job import Job
    from deblurvid.options import RunOptions
    from deblurvid.stages.journal import Journal, Record
    from deblurvid.stages.packets import PacketWriter
    from deblurvid.stages.resume import Reading

    Line = Callable[[Iterator[VideoFrame], ExitStack], Iterator[VideoFrame]]

COMPUTING = ("deblurvid", "av", "numpy", "onnx", "openvino", "tensorrt", "tensorrt-rtx", "pycuda")
"""Packages whose versions may decide a picture."""

FINISHED_BEFORE = "an earlier run had finished it and was killed while it tidied up"


def check_resumable(source: Path, target: Path, options: RunOptions) -> None:
    """Refuse what cannot be taken up again.

    Raises:
        UsageError: the source cannot be read twice, the target is not joined from segments, or
            nothing tells what the engine computes.
    """
    from deblurvid.stages.ffmpeg import PICTURES_ONLY
    from deblurvid.stages.pipes import is_pipe
    from deblurvid.stages.target import muxer_of

    if not source.exists() and not is_pipe(source):
        return  # a missing one is told as in any run
    if not source.is_file():
        raise UsageError(f"{source}: --resumable needs one file, which can be read again")
    muxer = muxer_of(target, options.format)
    if muxer == "avi" or muxer in PICTURES_ONLY or is_pipe(target):
        raise UsageError(f"{target}: --resumable does not write {muxer} there; use .mkv or .mp4")
    if not isinstance(options.engine, str):
        raise UsageError(
            "resumable needs an engine's name or file: another does not tell its weights"
        )


def open_resumable_job(
    source: Path,
    target: Path,
    options: RunOptions,
    stack: ExitStack,
    *,
    rehearsal: bool = False,
    build: bool = True,
) -> Job:
    """As `open_job`, for a run that can be taken up again."""
    from deblurvid.stages.journal import is_placed

    check_resumable(source, target, options)
    # What a run made that was killed before it could say so is there, and is no other's file.
    overwrite = options.overwrite or is_placed(target)
    options = replace(options, overwrite=overwrite)
    job = open_job(source, target, options, stack, rehearsal=rehearsal, build=build)
    if job.source.images is not None:
        raise UsageError(f"{source}: --resumable needs one file, and these are images")
    return job


def begin_journal(job: Job, source: Path, target: Path, *, anew: bool, stack: ExitStack) -> Journal:
    """Open the journal of a job, whose output has been opened as a test, and let that go."""
    from deblurvid.stages.journal import open_journal

    fingerprint = fingerprint_of(job, source)
    # Two encoders at once would take twice the memory.
    job.output.discard()
    journal = open_journal(target, fingerprint, anew=anew)
    stack.callback(journal.leave)
    return journal


def fingerprint_of(job: Job, source: Path) -> dict[str, Any]:
    """Everything that decides what the encoded frames are, by words that a message can use."""
    from deblurvid.choose import engine_sha256, opened_generator
    from deblurvid.stages.journal import SEGMENT_FRAMES
    from deblurvid.stages.manifest import source_identity
    from deblurvid.stages.segments import header_of

    options, info = job.options, job.info
    assert isinstance(options.engine, str)  # noqa: S101 - check_resumable saw to that
    try:
        source_facts = source_identity(source)
    except OSError as exc:
        raise InputError(f"{source}: {exc.strerror}") from exc
    return source_facts | {
        "the engine": str(replace(job.engine.spec, remark="")),
        "the generator": engine_sha256(opened_generator(options.engine, job.engine.spec)),
        "strength": options.strength,
        "start": str(job.span.start),
        "end": str(job.span.end),
        "how it is read": f"{options.input_format} {options.frame_rate}",
        "the picture": f"{info.width}x{info.height} {info.pixel_format} {info.colour} {info.hdr}",
        "the encoder": job.choice.codec,
        "options of the encoder": str(list(job.choice.options.items())),
        "the encoder's header": header_of(job.output.video).hex(),
        "the encoder's pixels": str(job.choice.pixel_format),
        "corrupt frames": options.on_corrupt,
        "deinterlacing": options.deinterlace,
        "the container": job.output.container.format.name,
        "frames of a segment": SEGMENT_FRAMES,
        "software": ", ".join(_versions()),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def _versions() -> Iterator[str]:
    for name in COMPUTING:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue


def beginning_notices(job: Job, journal: Journal) -> Iterator[Event]:
    """What there is to say of the journal before the first frame."""
    if journal.remark:
        yield Notice(text=journal.remark)
    if journal.frames:
        total = f" of {job.info.frame_count}" if job.info.frame_count else ""
        yield Notice(text=f"continuing at frame {journal.frames}{total}")


def already_finished(job: Job, journal: Journal) -> Iterator[Event]:
    """End a run whose output an earlier one had finished, without the time to tidy up."""
    frames, faults = journal.frames, _faults(journal)
    damage = _damage(journal.records[-1])
    journal.remove()
    yield Notice(text=FINISHED_BEFORE)
    yield Finished(
        target=job.output.target,
        frames=frames,
        seconds=0.0,
        size_bytes=job.output.target.stat().st_size,
        invalid_frames=len(faults.invalid),
        flat_frames=len(faults.flat),
        corrupt_frames=len(damage.corrupt),
        undecodable_packets=len(damage.undecodable),
        busy_seconds=job.busy_seconds(0.0),
        verified=job.options.verify,
        resumed_frames=frames,
    )


def restore_resumably(
    job: Job, journal: Journal, source: Path, line: Line, began: float
) -> Iterator[Event]:
    """Restore the frames that the journal lacks, then write the output from its segments."""
    if not journal.ended:
        with ExitStack() as stack:
            yield from _record(job, journal, source, line, began, stack)
    job.faults, job.damage = _faults(journal), _damage(journal.records[-1])
    job.clock.mended = journal.records[-1].clock_mended
    _join(job, journal, source)


def _record(
    job: Job, journal: Journal, source: Path, line: Line, began: float, stack: ExitStack
) -> Iterator[Event]:
    from deblurvid.stages.journal import SEGMENT_FRAMES
    from deblurvid.stages.resume import read_on, witness
    from deblurvid.stages.segments import encode_segment

    before = done = journal.frames
    # Not `job.items`: their first frame is asked for its side data whenever an encoder is opened,
    # and would have lost it by then.
    reading = read_on(job, source, journal.records[-1] if before else None, before, stack)
    pictures: dict[int, str] = {}
    decoded = witness(reading.frames, job.info, first=before, every=SEGMENT_FRAMES, seen=pictures)
    frames = line(decoded, stack)
    size_bytes = sum(record.size_bytes for record in journal.records)
    for first in frames:
        segment = chain([first], islice(frames, SEGMENT_FRAMES - 1))
        begun = done
        with journal.segment(job.info.time_base) as writer:
            with job.open_encoder() as stream:
                for packet in encode_segment(segment, stream, writer, journal.header):
                    done += 1
                    size_bytes += packet.size
                    yield job.frame_done(done, size_bytes, began)
            record = _finished(job, writer, range(begun, done), before, reading, pictures)
        journal.keep(record)


def _finished(
    job: Job,
    writer: PacketWriter,
    numbers: range,
    before: int,
    reading: Reading,
    pictures: dict[int, str],
) -> Record:
    """The record of a segment whose frames have these numbers; `before` of them are not our own."""
    from deblurvid.stages.journal import Record
    from deblurvid.stages.segments import delay_of

    faults = job.faults  # counted from the first frame of this process
    return Record(
        file=writer.path.name,
        sha256=writer.finish(),
        size_bytes=writer.size_bytes,
        frames=len(numbers),
        first_pts=min(writer.pts),
        last_pts=max(writer.pts),
        delay=delay_of(writer.pts),
        mended=reading.mended,
        picture_sha256=pictures.pop(numbers[-1], None),
        invalid={
            str(n + before): v for n, v in list(faults.invalid.items()) if n + before in numbers
        },
        flat=[n + before for n in list(faults.flat) if n + before in numbers],
        clock_mended=reading.clock.mended,
        corrupt=list(reading.damage.corrupt),
        undecodable=[str(seconds or "") for seconds in reading.damage.undecodable],
        interlaced=list(reading.damage.interlaced),
        retagged=list(reading.damage.retagged),
    )


def _faults(journal: Journal) -> Faults:
    """Those of all segments, by the number of the frame in the whole."""
    faults = Faults()
    for record in journal.records:
        faults.invalid.update({int(number): count for number, count in record.invalid.items()})
        faults.flat.extend(record.flat)
    return faults


def _damage(last: Record) -> Damage:
    """What was wrong with the source's frames until the end."""
    return Damage(
        corrupt=array("q", last.corrupt),
        undecodable=[Fraction(text) if text else None for text in last.undecodable],
        interlaced=list(last.interlaced),
        retagged=array("q", last.retagged),
    )


def _join(job: Job, journal: Journal, source: Path) -> None:
    """Write the output: the segments' packets, and the other streams' as they are in the source."""
    from deblurvid.stages.convert import convert
    from deblurvid.stages.demux import video_stream
    from deblurvid.stages.mux import mux
    from deblurvid.stages.segments import join, merge
    from deblurvid.stages.source import open_source
    from deblurvid.stages.streams import hidden_apart, kept_streams
    from deblurvid.stages.timeline import Timeline

    job.output = job.open_output()
    with closing(open_source(source, job.options)) as again:
        index = job.video.index
        again_video = video_stream(again.container, source)
        job.timeline = Timeline(again_video, kept_streams(job.plans))
        packets = again.packets(
            again_video,
            job.span,
            job.timeline,
            hidden_apart=hidden_apart(job.plans, job.output.container.format.name),
        )
        others = (packet for packet in packets if packet.stream_index != index)
        with closing(others):
            video = join(journal, job.output.video, job.info.time_base, job.stamps)
            for _ in mux(convert(merge(video, others), job.output), job.output):
                pass
    job.output.close()
