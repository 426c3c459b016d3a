"""What a finished file will not say of its source, found out before work begins.

The first frame is encoded into a file in memory as the run would do it, and read back as the check
of the finished file does. So container and encoder tell themselves what they hold.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame

from deblurvid.stages.encode import add_encoder
from deblurvid.stages.ffmpeg import PICTURES_ONLY
from deblurvid.stages.muxer_options import muxer_options
from deblurvid.stages.readback import read_open
from deblurvid.stages.reformat import reformat
from deblurvid.stages.streams import chapters_within, fresh_tags
from deblurvid.stages.tags import lost_tags, lost_texts

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.demux import Span
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.reformat import Conversion


def foretold_losses(  # noqa: PLR0913 - each is a value of its own, as for `mux.open_output`
    source: InputContainer,
    video: VideoStream,
    target: Path,
    muxer: str,
    choice: EncoderChoice,
    *,
    tags: dict[str, str],
    first: VideoFrame,
    info: VideoInfo,
    span: Span,
    conversion: Conversion | None,
) -> list[str]:
    """Tags of the picture and of the file, and chapters, that the target will not keep; in sentences.

    Args:
        source: open; not read from.
        video: its stream that is restored.
        target: what is written.
        muxer: FFmpeg's name of its format; for one that holds only pictures see `losses.untold`.
        choice: how the video is encoded.
        tags: what the source says of its picture; see `stages.tags`.
        first: a decoded frame.
        info: the video.
        span: what of it is worked on.
        conversion: what frames are converted to before they are encoded.
    """
    if muxer in PICTURES_ONLY or not (tags or fresh_tags(source.metadata) or source.chapters()):
        return []
    memory = BytesIO()
    try:
        options = muxer_options(muxer, info, target, piped=True, tags=source.metadata)
        with av.open(memory, "w", format=muxer, container_options=options) as file:
            stream = add_encoder(file, choice, source=video, first=first, info=info)
            if conversion is not None:
                conversion.tag(stream.codec_context)
            file.metadata.update(fresh_tags(source.metadata))
            file.set_chapters(chapters_within(source, span))
            for frame in reformat(iter([first]), conversion):
                assert isinstance(frame, VideoFrame)  # noqa: S101 - for the type checker
                frame.pict_type = 0
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        memory.seek(0)
        with av.open(memory, "r", format=muxer) as again:
            written = read_open(again, full=False)
    except (FFmpegError, ValueError):
        return []  # opening the output says in words what is wrong; the finished file is checked too
    lost = [*lost_tags(tags, written.picture or {}), *lost_texts(source, span, written)]
    return [f"the output does not keep {what}" for what in lost]
