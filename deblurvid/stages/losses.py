"""What a target will not keep, as far as that is known before work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.stages.ffmpeg import PICTURES_ONLY
from deblurvid.stages.pipes import is_pipe
from deblurvid.stages.streams import fresh_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.reformat import Conversion
    from deblurvid.stages.streams import StreamPlan

ALPHA_MODE = "alpha_mode"
"""Matroska's tag of VP8 and VP9 with transparency beside the picture, which FFmpeg does not decode."""


def planned_losses(
    plans: list[StreamPlan], choice: EncoderChoice, conversion: Conversion | None, info: VideoInfo
) -> list[str]:
    """Streams that are left out or converted, and samples that the encoder does not hold."""
    losses = [plan.loss for plan in plans if plan.loss]
    losses += choice.losses
    if conversion and (converted := conversion.remark(info)):
        losses.append(converted)
    video = next(plan.stream for plan in plans if plan.fate == "restore")
    if video.metadata.get(ALPHA_MODE) == "1":
        losses.append(
            f"transparency is left out, because FFmpeg's decoder of {info.codec} has none"
        )
    return losses


def untold(
    container: InputContainer, tags: dict[str, str], muxer: str, target: Path, *, described: bool
) -> Iterator[str]:
    """What is not said of a picture or a file where there are only pictures.

    Args:
        container: the source.
        tags: what the source says of its picture; see `stages.tags`.
        muxer: the target's format.
        target: where it is written.
        described: it gets the EXIF of the source, which tells of rotation.
    """
    if muxer not in PICTURES_ONLY:
        return
    if muxer == "image2":  # frames are converted to the colour that images have
        told = {name for name in tags if name != "rotation" or described}
    else:
        told = {"colour range"} if muxer == "yuv4mpegpipe" else set()
        told |= {"sample aspect ratio"} if is_pipe(target) and told else set()
    for name, value in tags.items():
        if name not in told:
            what = name if value == "present" else f"{name} {value}"
            yield f"the output does not keep {what}"
    if container.chapters() or len(fresh_tags(container.metadata)):
        yield f"{PICTURES_ONLY[muxer]} holds no chapters and no tags of the file"
