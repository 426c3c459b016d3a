"""Views of a camera that turns and moves: homographies from output pixels to the sharp picture.

A pinhole camera of focal length f and principal point c looks straight at a plane at distance 1.
Rotated by R and moved by t it sees, at pixel p, what it saw at K (R + t m' / (1 - tz)) K^-1 p, where
K = [[f, 0, cx], [0, f, cy], [0, 0, 1]] and m' is the third row of R, the plane's normal as the
rotated camera has it: Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2nd
edition, section 13.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from train.synthesis.paths import extent

if TYPE_CHECKING:
    from train.synthesis.light import Light
    from train.synthesis.paths import Path

Views = NDArray[np.float64]
"""(T, 3, 3): homographies at equal times of an exposure, lower right 1.
A view that is moved alone is [[1, 0, x], [0, 1, y], [0, 0, 1]]."""
Points = NDArray[np.float64]
"""(n, 2): x and y in pixels."""
Size = tuple[int, int]
"""Width and height in pixels."""

SPACING = 0.75
"""Pixels from one averaged view to the next, on average over the longest way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinhole:
    """A camera's optics, in pixels of the picture at hand."""

    focal: float
    centre: tuple[float, float]
    """Principal point; it may lie outside where the picture is a part of the camera's."""

    def views(self, turns: NDArray[np.float64], moves: NDArray[np.float64]) -> Views:
        """Turn rotation vectors (T, 3) in radians and moves (T, 3) in distances into (T, 3, 3).

        x points right, y down, z forward: turning about x tilts, about y pans, about z rolls.
        """
        rotation = _rotations(turns)
        normal = rotation[:, 2] / (1 - moves[:, 2:])
        plane = rotation + moves[:, :, None] * normal[:, None, :]
        (cx, cy), f = self.centre, self.focal
        matrix = np.array([[f, 0, cx], [0, f, cy], [0, 0, 1]])
        views = matrix @ plane @ np.linalg.inv(matrix)
        return np.asarray(views / views[:, 2:, 2:])


def _rotations(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rodrigues' formula: (T, 3) rotation vectors to (T, 3, 3)."""
    angle = np.linalg.norm(turns, axis=1)[:, None, None]
    x, y, z = turns.T
    none = np.zeros_like(x)
    cross = np.moveaxis(np.array([[none, -z, y], [z, none, -x], [-y, x, none]]), 2, 0)
    # sin(a) / a and (1 - cos(a)) / a^2, both finite at 0
    first, second = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2
    return np.asarray(np.eye(3) + first * cross + second * (cross @ cross))


def shifted_views(path: Path) -> Views:
    """Turn a path (T, 2) into views that are moved alone."""
    views = np.tile(np.eye(3), (len(path), 1, 1))
    views[:, :2, 2] = path
    return views


def rolled_views(path: Path, angles: NDArray[np.float64], size: Size) -> Views:
    """Turn a path (T, 2) and angles (T,) in radians about the picture's middle into views."""
    c, s = np.cos(angles), np.sin(angles)
    middle = (np.array(size) - 1) / 2
    views = shifted_views(path)
    views[:, :2, :2] = np.moveaxis(np.array([[c, -s], [s, c]]), 2, 0)
    views[:, :2, 2] += middle - views[:, :2, :2] @ middle
    return views


def moved_alone(views: Views) -> Path | None:
    """Give the path (T, 2) of views that are moved alone, None for others."""
    return views[:, :2, 2] if np.array_equal(shifted_views(views[:, :2, 2]), views) else None


def seen_at(views: Views, points: Points) -> NDArray[np.float64]:
    """Where views look for output pixels (n, 2): (T, n, 2)."""
    homogeneous = np.hstack([points, np.ones((len(points), 1))])
    seen = np.einsum("tij,nj->tni", views, homogeneous)
    return np.asarray(seen[..., :2] / seen[..., 2:])


def views_extent(views: Views, points: Points) -> float:
    """Length in pixels of the longest way that any of `points` goes; see `paths.extent`."""
    return max(extent(way) for way in np.moveaxis(seen_at(views, points), 1, 0))


def landmarks(size: Size, margin: int = 0) -> Points:
    """The four corners and the middle of a picture, without its margin: (5, 2)."""
    (right, bottom), near = (np.array(size) - 1 - margin).tolist(), margin
    middle = ((right + near) / 2, (bottom + near) / 2)
    return np.array([(near, near), (right, near), (near, bottom), (right, bottom), middle], float)


def thinned(views: Views, size: Size) -> Views:
    """Take as few views as lie SPACING pixels apart on the longest way of a corner, at most T.

    Each stands for an equal share of the time and is that share's mean, so the mean is kept.
    """
    steps = np.diff(seen_at(views, landmarks(size)), axis=0)
    way = float(np.hypot(steps[..., 0], steps[..., 1]).sum(0).max(initial=0))
    return mean_views(views, min(int(np.ceil(way / SPACING)) + 1, len(views)))


def mean_views(views: Views, count: int) -> Views:
    """Part the time of T views into `count` equal shares; give the mean of each: (count, 3, 3)."""
    total = np.vstack([np.zeros(9), np.cumsum(views.reshape(-1, 9), 0)])
    at = np.linspace(0, len(views), count + 1)
    sums = np.stack([np.interp(at, np.arange(len(total)), column) for column in total.T], 1)
    return np.asarray(np.diff(sums, axis=0).reshape(count, 3, 3) * (count / len(views)))


def view(light: Light, matrix: NDArray[np.float64]) -> Light:
    """See light (H, W, C) through one homography: cubic between pixels, mirrored outside."""
    size = (light.shape[1], light.shape[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(light, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    )
