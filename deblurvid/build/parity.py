"""What a plan gives against what the same graph gives in float32 on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.errors import UsageError
from deblurvid.frames import ColourTags, Planes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from deblurvid.backends.base import Engine, Restored
    from deblurvid.build.request import Profile, Size
    from deblurvid.frames import PictureFormat

FLOOR_DB = 50.0
"""PSNR of the restored pictures from which a precision counts as passed: an error of 0.8 codes at
8 bits."""
CHECKED_SIZE = (384, 256)
"""Compared at this size where the profile holds it: float32 on a CPU takes long."""
_TAGS = ColourTags(matrix="bt709", full_range=False)
_NO_ERROR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far restored pictures lie from those of float32."""

    pictures: int
    psnr_db: float
    """Over all samples of all pictures, peak 2^depth - 1; 120 where all are the same."""
    largest_error: int
    """In codes."""
    invalid: int
    """Residual samples that were NaN or Inf."""

    @property
    def passed(self) -> bool:
        """Whether the precision can be used."""
        return self.psnr_db >= FLOOR_DB and not self.invalid

    def __str__(self) -> str:
        words = f"{self.psnr_db:.1f} dB to float32 over {self.pictures} pictures"
        words += f", largest error {self.largest_error} codes"
        return f"{words}, {self.invalid} invalid samples" if self.invalid else words


def measure(engine: Engine, reference: Engine, pictures: Iterable[Planes]) -> Parity:
    """Restore `pictures` by both engines and compare.

    Args:
        engine: the one that is judged.
        reference: computes in float32; of the same size and format.
        pictures: at least one.

    Raises:
        EngineError: one of them failed.
    """
    depth = engine.spec.picture.depth
    count = samples = invalid = largest = 0
    squares = 0.0
    for picture in pictures:
        judged, wanted = _restored(engine, picture), _restored(reference, picture)
        count += 1
        invalid += judged.invalid
        for ours, theirs in zip(judged.planes.samples, wanted.planes.samples, strict=True):
            error = _codes(ours) - _codes(theirs)
            samples += error.size
            squares += float(np.square(error, dtype=np.float64).sum())
            largest = max(largest, int(np.abs(error).max()))
    mean = squares / samples / (2**depth - 1) ** 2
    return Parity(
        pictures=count,
        psnr_db=round(-10 * float(np.log10(mean + _NO_ERROR)), 2),
        largest_error=largest,
        invalid=invalid,
    )


def _restored(engine: Engine, picture: Planes) -> Restored:
    engine.submit(picture, strength=1.0)
    return engine.collect()


def _codes(samples: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Code values [height, width] of a plane as `Planes` has it."""
    low, *high = samples.astype(np.int64)
    return np.asarray(low + 256 * high[0] if high else low)


def size_to_check(profile: Profile) -> Size:
    """CHECKED_SIZE, or what of the profile is nearest to it."""
    width, height = (
        min(max(side, low), high)
        for side, low, high in zip(CHECKED_SIZE, profile.smallest, profile.largest, strict=True)
    )
    return width, height


def cut_to(planes: Planes, picture: PictureFormat, size: Size) -> Planes:
    """The middle of a picture, width and height of `size`.

    Raises:
        UsageError: the picture is smaller.
    """
    height, width = planes.samples[0].shape[1:]
    if width < size[0] or height < size[1]:
        raise UsageError(
            f"pictures of {width}x{height} are too small to compare by; {size[0]}x{size[1]} and "
            "more are needed"
        )
    left, top = (width - size[0]) // 4 * 2, (height - size[1]) // 4 * 2  # even, for chroma
    parts = []
    for samples, sides, whole in zip(
        planes.samples, picture.plane_sizes(*size), picture.plane_sizes(2, 2), strict=True
    ):
        y, x = top * whole[0] // 2, left * whole[1] // 2
        parts.append(np.ascontiguousarray(samples[:, y : y + sides[0], x : x + sides[1]]))
    return Planes(tuple(parts), planes.colour)


def specimens(size: Size, picture: PictureFormat) -> list[Planes]:
    """Pictures to compare by: one with a photograph's spectrum, noise, stripes; the same each time.

    Stripes of black and white, one pixel wide, drive activations higher than any photograph does.
    """
    rng = np.random.default_rng(11)
    kinds: list[tuple[NDArray[np.float64], ...]] = [(), (), ()]
    for height, width in picture.plane_sizes(*size):
        stripes = np.broadcast_to(np.arange(width) % 2, (height, width)).astype(np.float64)
        made = (_natural(rng, height, width), rng.random((height, width)), stripes)
        kinds = [(*kind, plane) for kind, plane in zip(kinds, made, strict=True)]
    dtype, top = (np.uint16 if picture.bytes_per_sample == 2 else np.uint8), 2**picture.depth - 1
    return [
        Planes.from_codes((np.rint(plane * top).astype(dtype) for plane in kind), _TAGS)
        for kind in kinds
    ]


def _natural(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """[height, width] in [0, 1] whose amplitudes fall with frequency as those of photographs do.

    1 / f: D. J. Field, "Relations between the statistics of natural images and the response
    properties of cortical cells", JOSA A 4 (1987).
    """
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / frequency
    plane = np.fft.irfft2(spectrum, s=(height, width))
    return np.asarray(np.clip(0.5 + 0.2 * plane / plane.std(), 0, 1))
