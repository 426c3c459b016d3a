"""What was written against what was to be written, as far as its place lets one look."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from av.error import FFmpegError

from deblurvid.errors import InputError, VerificationError
from deblurvid.stages.demux import Span
from deblurvid.stages.ffmpeg import PICTURES_ONLY
from deblurvid.stages.image_metadata import lost_metadata
from deblurvid.stages.images import ImageSequence, image_packets, open_images
from deblurvid.stages.landing import Images, Pipe
from deblurvid.stages.raw import frame_bytes
from deblurvid.stages.tags import lost_tags, lost_texts
from deblurvid.stages.verify import verify
from deblurvid.stages.y4m import LONGEST_HEADER, MARK

if TYPE_CHECKING:
    from array import array

    from av.container import InputContainer

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.image_blocks import ImageMetadata
    from deblurvid.stages.mux import Output

Depth = Literal["fast", "full", "counted", "decoded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the check of an output that is complete has found."""

    how: Depth
    """counted: only how much was written, for it cannot be read again, or holds no times; decoded:
    also read again."""
    lost: list[str]
    """What of the source it does not keep, each in words."""
    shift: Fraction = Fraction(0)
    """See `stages.verify.verify`."""


def check(  # noqa: PLR0913 - each is a value of its own
    output: Output,
    *,
    stamps: array[int],
    info: VideoInfo,
    tags: dict[str, str],
    metadata: ImageMetadata | None,
    source: InputContainer,
    span: Span,
    full: bool,
) -> Findings:
    """Check a closed output before it gets its name.

    Args:
        output: closed.
        stamps: timestamp of every frame that was encoded, in ticks of `info`.
        info: the source's video.
        tags: what the source says of its picture; see `stages.tags`.
        metadata: what the one image that was written says of itself.
        source: open; its chapters and tags are compared.
        span: what of it was worked on.
        full: also decode every frame, where it can be read again.

    Raises:
        VerificationError: something is missing or moved.
    """
    if isinstance(output.landing, Images):
        _check_images(output.landing, len(stamps), full=full)
        lost = [] if metadata is None else lost_metadata(output.landing, metadata)
        return Findings(how="decoded" if full else "counted", lost=lost)
    muxer = output.container.format.name
    if muxer in PICTURES_ONLY or isinstance(output.landing, Pipe):
        _check_amount(output, muxer, len(stamps), info)
        return Findings(how="counted", lost=[])
    written = verify(output, stamps, info.time_base, full=full)
    lost = [
        *lost_tags(tags, written.picture or {}),
        *lost_texts(source, span, written),
        *written.lost_words,
    ]
    return Findings(how="full" if full else "fast", lost=lost, shift=written.shift)


def _check_amount(output: Output, muxer: str, frames: int, info: VideoInfo) -> None:
    """The frames that were encoded, and their bytes where every frame has as many."""
    packets = output.restored.packets
    if packets != frames:
        raise VerificationError(
            f"{frames} frames went in, {packets} came out: the encoder left some out"
        )
    if muxer not in ("rawvideo", "yuv4mpegpipe"):
        return
    frame = frame_bytes(info.pixel_format, info.width, info.height)
    size = output.landing.size_bytes
    if muxer == "rawvideo":
        header, complete = 0, size == frames * frame
    else:
        header = size - frames * (frame + MARK)
        complete = 0 < header <= LONGEST_HEADER
    if not complete:
        raise VerificationError(f"{size} bytes were written, which are no {frames} frames")


def _check_images(landing: Images, frames: int, *, full: bool) -> None:
    files = landing.written()
    if len(files) != frames or any(not file.stat().st_size for file in files):
        raise VerificationError(f"{frames} frames went in, {len(files)} images were written")
    if not full:
        return
    sequence = ImageSequence(name=landing.target, files=tuple(files))
    try:
        with open_images(sequence, Fraction(25)) as container:
            video = container.streams.video[0]
            context = video.codec_context
            packets = (*image_packets(sequence, video, Span()), None)
            decoded = [frame for packet in packets for frame in context.decode(packet)]
    except (FFmpegError, InputError) as exc:
        raise VerificationError(f"the images cannot be read back: {exc}") from exc
    whole = sum(not frame.is_corrupt for frame in decoded)
    if whole != frames:
        raise VerificationError(f"{frames} frames went in, {whole} decode without an error")
