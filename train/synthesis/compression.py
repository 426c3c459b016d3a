"""What a camera's encoder does to a picture: JPEG and H.264, there and back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from train.synthesis.light import Image8

Plane8 = NDArray[np.uint8]


def through_jpeg(image: Image8, quality: int) -> Image8:
    """Encode RGB codes as JPEG (4:2:0, OpenCV's default) at `quality` 1..100 and decode them."""
    encoded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def through_h264(planes: tuple[Plane8, ...], crf: int) -> tuple[Plane8, ...]:
    """Encode Y, U, V codes as one H.264 picture at `crf`, by one thread, and decode it."""
    height, width = planes[0].shape
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.thread_count = Fraction(25), 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(crf)}
    stacked = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(
        height * 3 // 2, width
    )
    frame = av.VideoFrame.from_ndarray(stacked, format="yuv420p")
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [
        f
        for packet in [*encoder.encode(frame), *encoder.encode(None)]
        for f in decoder.decode(packet)
    ]
    decoded: Plane8 = np.asarray([*frames, *decoder.decode(None)][0].to_ndarray(), np.uint8)
    luma, chroma = decoded[:height], decoded[height:].reshape(2, height // 2, width // 2)
    return luma, chroma[0], chroma[1]
