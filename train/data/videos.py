"""Frames of video files: the sharp ones as photographs, or any run of consecutive ones.

A file is taken to be one camera's recording: frames are never averaged over more than one file, but
a cut inside a file is not noticed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.stream import Disposition

from train.synthesis.photos import Photo, photo_from_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from train.synthesis.light import Image8

EVERY = 12
"""Of so many consecutive frames the sharpest is a candidate: they show nearly the same view, so
that their scores can be compared."""
QUANTILE = 0.5
"""Candidates whose score is under this quantile of their video's candidates are left out."""
MEMORY = 1 << 30
"""Bytes of frames kept, all videos together; each has an equal share."""
_UNSPECIFIED = 2
_HDR_CURVES = (16, 18)
"""Transfer characteristics PQ and HLG (ITU-T H.273, table 3): codes that are not display codes."""
_STEP_BACK_SECONDS = 2


def read_sharp_frames(videos: Sequence[Path], least: int) -> list[Photo]:
    """Read the sharp frames of videos, in order, as photos of at least `least` pixels a side.

    Each video is decoded twice, one frame at a time: once to score its frames by the variance of
    the Laplacian of luma, once to keep. Of the candidates that are sharp enough (see `EVERY` and
    `QUANTILE`) as many are kept as its share of `MEMORY` holds, evenly spread over its length.

    Raises:
        ValueError: a file cannot be decoded, is HDR, or no video is large enough.
    """
    share = MEMORY // max(len(videos), 1)
    photos = []
    for path in videos:
        width, height = _frame_size(path)
        if min(width, height) >= least:
            chosen = _choose(_best_of_runs(path), max(share // (3 * width * height), 1))
            photos += _read_chosen(path, chosen)
    if not photos:
        raise ValueError(
            f"No frame of at least {least} x {least} pixels in {len(videos)} videos."
            " Give larger videos, or a recipe with smaller scenes."
        )
    return photos


def _best_of_runs(path: Path) -> list[tuple[int, float]]:
    """(number, score) of the sharpest of every `EVERY` frames."""
    best: list[tuple[int, float]] = []
    for number, frame in enumerate(_decode(path)):
        score = sharpness(frame)
        if number % EVERY == 0:
            best.append((number, score))
        elif score > best[-1][1]:
            best[-1] = (number, score)
    return best


def _choose(candidates: Sequence[tuple[int, float]], count: int) -> set[int]:
    threshold = np.quantile([score for _, score in candidates], QUANTILE)
    sharp = [number for number, score in candidates if score >= threshold]
    places = np.linspace(0, len(sharp) - 1, min(count, len(sharp))).round().astype(int)
    return {sharp[place] for place in places}


def _read_chosen(path: Path, numbers: set[int]) -> list[Photo]:
    return [
        photo_from_image(f"{path.name}:{number}", image_from_frame(frame))
        for number, frame in enumerate(_decode(path))
        if number in numbers
    ]


def sharpness(frame: VideoFrame) -> float:
    """Score a frame: variance of the Laplacian (3x3, 4 neighbours) of 8-bit luma."""
    luma = frame.to_ndarray(format="gray")
    return float(cv2.Laplacian(luma, cv2.CV_32F).var())


def image_from_frame(frame: VideoFrame) -> Image8:
    """Turn a frame into RGB codes (H, W, 3) by the matrix and range that it is tagged with.

    Untagged frames are taken as players take them: BT.709 from 720 rows on, else BT.601.

    Raises:
        ValueError: the frame is HDR (PQ or HLG).
    """
    if frame.color_trc in _HDR_CURVES:
        raise ValueError(
            "HDR video (PQ or HLG) holds no display codes. Convert it to SDR, or leave it out."
        )
    untagged = frame.colorspace == _UNSPECIFIED
    matrix = ("ITU709" if frame.height >= 720 else "ITU601") if untagged else None
    rgb = frame.reformat(format="rgb24", src_colorspace=matrix)
    return np.asarray(rgb.to_ndarray(), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrames:
    """All frames of a video, decoded when they are asked for; `averaging.Frames`."""

    path: Path
    stamps: tuple[int, ...]
    """Timestamps in the stream's ticks, rising."""

    def __len__(self) -> int:
        """How many."""
        return len(self.stamps)

    def read(self, first: int, count: int) -> Sequence[Image8]:
        """Decode frames from `first` on, beginning at a key frame before them.

        Raises:
            ValueError: the file does not give the frames that its packets announce.
        """
        wanted = self.stamps[first : first + count]
        # Some containers seek by decoding order and land behind the wanted frame: go further back.
        for back in (0, _STEP_BACK_SECONDS, None):
            found = self._decode_from(wanted, back)
            if len(found) == len(wanted):
                return [found[stamp] for stamp in wanted]
        raise ValueError(
            f"{self.path}: frames {first} to {first + count - 1} cannot be decoded. Repair the"
            " file, or leave it out."
        )

    def _decode_from(self, wanted: Sequence[int], back: int | None) -> dict[int, Image8]:
        """Decode the wanted frames that come after a seek, or with None from the beginning."""
        found: dict[int, Image8] = {}
        with _opened(self.path) as (container, stream):
            if back is not None:
                ticks = int(back / stream.time_base) if stream.time_base else 0
                container.seek(wanted[0] - ticks, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None:
                    continue
                if frame.pts in wanted:
                    found[frame.pts] = image_from_frame(frame)
                if frame.pts >= wanted[-1]:
                    break
        return found


def index_frames(path: Path, least: int) -> VideoFrames:
    """List a video's frames by its packets, without decoding; pictures of at least `least` a side.

    Raises:
        ValueError: the file is no video, too small, or its packets have no timestamps.
    """
    with _opened(path) as (container, stream):
        if min(stream.width, stream.height) < least:
            raise ValueError(
                f"{path} is {stream.width}x{stream.height}: a scene of {least} pixels a side does"
                " not fit. Leave it out, or give a recipe with smaller scenes."
            )
        packets = [(p.pts, p.is_discard) for p in container.demux(stream) if p.size]
    stamps = [pts for pts, discarded in packets if pts is not None and not discarded]
    if not stamps or any(pts is None for pts, _ in packets):
        raise ValueError(f"{path} has frames without timestamps. Put it into an mp4 or mkv file.")
    return VideoFrames(path=path, stamps=tuple(sorted(stamps)))


def _frame_size(path: Path) -> tuple[int, int]:
    with _opened(path) as (_, stream):
        return stream.width, stream.height


def _decode(path: Path) -> Iterator[VideoFrame]:
    with _opened(path) as (container, stream):
        yield from container.decode(stream)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its first video stream that is no cover picture."""
    try:
        with av.open(f"file:{path}") as container:
            streams = container.streams.video
            videos = [s for s in streams if not s.disposition & Disposition.attached_pic]
            if not videos:
                raise ValueError(f"{path} holds no video. Take it out of the folder.")
            yield container, videos[0]
    except av.FFmpegError as error:
        raise ValueError(f"{path} cannot be decoded ({error}). Take it out.") from error
