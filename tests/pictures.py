"""Pictures as engines take and give them."""

import numpy as np

from deblurvid.frames import ColourTags, PictureFormat, Planes

TAGS = ColourTags(matrix="bt709", full_range=False)


def random_planes(picture: PictureFormat, seed: int, size: tuple[int, int]) -> Planes:
    """Codes all over the range, the same for the same seed."""
    rng = np.random.default_rng(seed)
    samples = []
    for height, width in picture.plane_sizes(*size):
        codes = rng.integers(0, 2**picture.depth, (height, width), dtype=np.uint16)
        parts = [codes & 255, codes >> 8][: picture.bytes_per_sample]
        samples.append(np.stack(parts).astype(np.uint8))
    return Planes(tuple(samples), TAGS)


def same(a: Planes, b: Planes) -> bool:
    """Whether all samples are equal."""
    return all(np.array_equal(x, y) for x, y in zip(a.samples, b.samples, strict=True))
