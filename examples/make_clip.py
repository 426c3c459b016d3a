"""Makes the example clip: a hand-held pan over a photograph, blurred frame by frame as a camera blurs.

    python examples/make_clip.py PHOTO OUT.mp4 [--sharp SHARP.mp4]

Light and exposure are the trainer's own (`train.synthesis.light`, `train.synthesis.exposure`): the camera moves while
the shutter is open, the sum is taken in linear light, the sensor adds noise, then curve, rounding
and encoder follow. `--sharp` also writes each frame as it looks at the middle of its exposure,
without blur and noise, for measuring what a restoration gains. Needs `pip install .[train]`; run it
from the repository's root. The same photo gives the same samples each time.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from train.colour import BT709
from train.synthesis.compression import rounded_planes
from train.synthesis.exposure import expose
from train.synthesis.light import image_from_light, light_from_image
from train.synthesis.paths import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from numpy.typing import NDArray

    from train.synthesis.light import Light

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_SECOND = 24
FRAMES = 84
SHUTTER = 0.75
"""Part of the frame's time during which the shutter is open."""
CANVAS_WIDTH = 2560
"""The photo is shrunk to this width first: sharp at every pixel, and wider than the picture."""
MARGIN = 32
"""Pixels rendered around each frame, so that the blur invents no border."""
SHOT_NOISE, READ_NOISE = 8e-5, 2e-7
"""Variance of the sensor's noise: a unit of light, and in the dark."""
SAMPLES_PER_SECOND = 48_000
STEP_SECONDS = 0.56
"""Whoever holds the camera walks: one step takes this long."""
SEED = 20


def camera(seconds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the camera looks: x and y (T, 2) in pixels from the canvas' centre, roll (T,) in radians.

    A pan that starts late and comes to rest, steps, and a hand's tremor that comes and goes.
    """
    end = FRAMES / FRAMES_PER_SECOND
    way = np.clip((seconds - 0.8) / 1.7, 0, 1)
    pan = 6 * way**5 - 15 * way**4 + 10 * way**3
    unrest = 0.3 + 0.7 * np.exp(-(((seconds - 0.64 * end) / (0.28 * end)) ** 2))
    step = 2 * np.pi / STEP_SECONDS
    x = 110 - 340 * pan + unrest * (_tremor(seconds, 1, 21) + 9 * np.sin(step / 2 * seconds))
    y = (
        -95
        - 25 * pan
        + unrest * (_tremor(seconds, 2, 17) + 12 * np.abs(np.sin(step / 2 * seconds)))
    )
    roll = np.deg2rad(unrest * (0.035 * _tremor(seconds, 3, 9) - 0.3))
    return np.stack([x, y], 1), roll


def _tremor(seconds: NDArray[np.float64], stream: int, size: float) -> NDArray[np.float64]:
    """Smooth unrest of about `size` at its largest: eight swings of 1.3 to 9 Hz, falling with frequency."""
    rng = np.random.default_rng([SEED, stream])
    hertz = np.geomspace(1.3, 9, 8) * rng.uniform(0.9, 1.1, 8)
    swings = np.sin(2 * np.pi * (hertz * seconds[:, None] + rng.uniform(size=8))) / hertz  # (T, 8)
    return np.asarray(size * swings.sum(1))


def frames_from_photo(photo: Path) -> Iterator[tuple[Light, Light]]:
    """Yield each frame, exposed and sharp, as linear light (HEIGHT, WIDTH, 3)."""
    canvas = _canvas(photo)
    for number in range(FRAMES):
        opens = number / FRAMES_PER_SECOND
        times = opens + np.linspace(0, SHUTTER / FRAMES_PER_SECOND, POINTS)
        path, roll = camera(times)
        sharp = _view(canvas, path.mean(0), float(roll.mean()))
        exposed = expose(sharp, path - path.mean(0), float(roll[-1] - roll[0]))
        inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        yield exposed[inner], sharp[inner]


def _canvas(photo: Path) -> Light:
    image = cv2.imread(str(photo), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise SystemExit(f"{photo}: not a readable picture")
    height = round(image.shape[0] * CANVAS_WIDTH / image.shape[1])
    light = light_from_image(image)
    return np.asarray(cv2.resize(light, (CANVAS_WIDTH, height), interpolation=cv2.INTER_AREA))


def _view(canvas: Light, shift: NDArray[np.float64], roll: float) -> Light:
    """The canvas about its centre plus `shift`, turned by `roll`, with MARGIN on every side."""
    size = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    c, s = np.cos(roll), np.sin(roll)
    turn = np.array([[c, -s], [s, c]])
    centre = (np.array(canvas.shape[1::-1]) - 1) / 2 + shift
    matrix = np.hstack([turn, (centre - turn @ (np.array(size) - 1) / 2)[:, None]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(canvas, matrix, size, flags=flags))


def noisy(rng: np.random.Generator, light: Light) -> Light:
    """Add a sensor's noise, as `train.synthesis.noise.with_noise` does, of the same strength in every frame."""
    deviation = np.sqrt(np.maximum(light, 0) * np.float32(SHOT_NOISE) + np.float32(READ_NOISE))
    return light + deviation * rng.standard_normal(light.shape, dtype=np.float32)


def sound() -> NDArray[np.float32]:
    """Wind and footsteps: (1, samples) within -1 and 1."""
    rng = np.random.default_rng([SEED, 9])
    seconds = np.arange(FRAMES * SAMPLES_PER_SECOND // FRAMES_PER_SECOND) / SAMPLES_PER_SECOND
    noise = rng.standard_normal(seconds.size)
    hertz = np.fft.rfftfreq(seconds.size, 1 / SAMPLES_PER_SECOND)
    spectrum = np.fft.rfft(noise)
    wind = np.fft.irfft(spectrum / (1 + (hertz / 350) ** 2), seconds.size)
    wind *= 0.03 / wind.std() * (1 + 0.5 * np.sin(2 * np.pi * 0.4 * seconds))
    gravel = np.fft.irfft(spectrum * np.exp(-(((hertz - 900) / 600) ** 2)), seconds.size)
    since = seconds % STEP_SECONDS
    steps = 0.12 * np.exp(-since / 0.05) * (gravel / gravel.std())
    steps += 0.25 * np.exp(-since / 0.04) * np.sin(2 * np.pi * 70 * since)
    return np.clip(wind + steps, -1, 1)[None].astype(np.float32)


def write(frames: Iterator[Light], target: Path, *, crf: int, samples: NDArray[np.float32]) -> None:
    """Encode frames and sound: H.264 in 4:2:0 with BT.709 limited tags, and AAC."""
    with av.open(str(target), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream(
            "libx264", rate=FRAMES_PER_SECOND, options={"crf": str(crf), "preset": "slower"}
        )
        context = video.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.color_range = 1  # limited
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        audio = container.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="mono")
        audio.bit_rate = 64_000
        _write_sound(container, audio, samples)
        for number, light in enumerate(frames):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, codes in zip(
                frame.planes, rounded_planes(image_from_light(light), BT709), strict=True
            ):
                rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                rows[:, : plane.width] = codes
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


def _write_sound(
    container: OutputContainer, audio: AudioStream, samples: NDArray[np.float32]
) -> None:
    for start in range(0, samples.shape[1], 1024):
        piece = np.ascontiguousarray(samples[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLES_PER_SECOND, start
        frame.time_base = Fraction(1, SAMPLES_PER_SECOND)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def main() -> None:
    """Read the command line and write the clip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photo", type=Path, help="a sharp photograph, at least 2560 pixels wide")
    parser.add_argument("out", type=Path, help="the clip to write, .mp4")
    parser.add_argument("--sharp", type=Path, help="also write the clip without blur and noise")
    parser.add_argument("--crf", type=int, default=19, help="x264's quality of the clip")
    choice = parser.parse_args()
    rng = np.random.default_rng([SEED, 0])
    clip = (noisy(rng, exposed) for exposed, _ in frames_from_photo(choice.photo))
    write(clip, choice.out, crf=choice.crf, samples=sound())
    print(f"{choice.out}: {choice.out.stat().st_size} bytes")
    if choice.sharp:
        sharp = (view for _, view in frames_from_photo(choice.photo))
        write(sharp, choice.sharp, crf=4, samples=sound())


if __name__ == "__main__":
    main()
