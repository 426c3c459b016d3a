"""How a camera moves while its shutter is open: paths in pixels, and the blur kernels they leave.

A path is (T, 2) float64, (x, y) in pixels at T equal times of the exposure, its mean at the origin:
the sharp picture that belongs to it is the view at the exposure's centroid, and a centred path says
so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
Kernel = NDArray[np.float32]

POINTS = 48
"""Times per exposure: at 24 px of blur, neighbours lie half a pixel apart."""


def extent(path: Path) -> float:
    """Length of a path in pixels: the larger side of its bounding box."""
    return float(np.ptp(path, axis=0).max())


def centred(path: Path, length: float) -> Path:
    """Scale a path to `length` pixels (see `extent`) and put its centroid at the origin."""
    return np.asarray((path - path.mean(0)) * (length / max(extent(path), 1e-9)))


def resampled(path: Path, points: int) -> Path:
    """Walk the same way in the same time with another number of points, linear between them."""
    at = np.linspace(0, len(path) - 1, points)
    return np.stack([np.interp(at, np.arange(len(path)), side) for side in path.T], 1)


def straight_path(rng: np.random.Generator, length: float, points: int = POINTS) -> Path:
    """Draw a pan: one direction, with some change of speed and a slight bend."""
    t = np.linspace(-0.5, 0.5, points)
    along = t + rng.uniform(-0.5, 0.5) * t**2
    across = rng.uniform(-0.35, 0.35) * t**2
    angle = rng.uniform(0, np.pi)
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    return centred(np.stack([x, y], 1), length)


def shaken_path(rng: np.random.Generator, length: float, points: int = POINTS) -> Path:
    """Draw a hand's tremor: a velocity with inertia, pulled back to the centre, at times struck.

    After the random-motion model of Boracchi and Foi, "Modeling the performance of image
    restoration from motion blur", IEEE TIP 21(8), 2012: inertia, Gaussian perturbation, centripetal
    pull, impulses that throw the velocity nearly about.
    """
    inertia, pull = rng.uniform(0.7, 0.97), rng.uniform(0.0, 0.08)
    jerk, strike = rng.uniform(0.1, 0.6), rng.uniform(0.0, 0.06)
    velocity = _turned(np.array([1.0, 0.0]), rng.uniform(0, 2 * np.pi))
    position = np.zeros(2)
    path = [position]
    for _ in range(points - 1):
        velocity = inertia * velocity + jerk * rng.normal(size=2) - pull * position
        if rng.random() < strike:
            velocity = 1.5 * _turned(velocity, np.pi + rng.uniform(-0.5, 0.5))
        position = position + velocity
        path.append(position)
    return centred(np.array(path), length)


def _turned(vector: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]])


def kernel_from_path(path: Path) -> Kernel:
    """Turn a path into an odd square kernel, sum 1, whose centre pixel is the path's origin.

    Each point is spread over 4x4 pixels by the cubic of Keys (a = -1/2), so that correlating with
    the kernel equals the mean of views interpolated by that cubic: a bilinear spread would blur once
    more. The cubic's lobes make some weights slightly negative.
    """
    base = np.floor(path).astype(np.int64)
    weights = _keys((path - base).reshape(-1)).reshape(len(path), 2, 4)
    return _splat(base - 1, weights)


def bilinear_kernel_from_path(path: Path) -> Kernel:
    """Turn a path into such a kernel without negative weights: each point spread over 2x2 pixels.

    That is how data sets of convolved pictures make theirs; it blurs by a fraction of a pixel more.
    """
    base = np.floor(path).astype(np.int64)
    fraction = path - base
    return _splat(base, np.stack([1 - fraction, fraction], 2))


def _splat(first: NDArray[np.int64], weights: NDArray[np.float64]) -> Kernel:
    """Sum up points: `first` (T, 2) pixel of each, x and y, `weights` (T, 2, n) from there on."""
    count = weights.shape[2]
    reach = max(int(-first.min()), int(first.max()) + count - 1, 0)
    columns, rows = np.moveaxis(first[:, :, None] + np.arange(count) + reach, 1, 0)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    spread = weights[:, 1, :, None] * weights[:, 0, None, :]
    np.add.at(kernel, (rows[:, :, None], columns[:, None, :]), spread)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _keys(fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the pixels at -1, 0, 1, 2 for a point at `fraction` in [0, 1): (T,) -> (T, 4)."""
    distance = np.abs(fraction[:, None] - np.arange(-1, 3))
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance <= 1, near, far)
