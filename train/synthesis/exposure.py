"""What gathers on a sensor while its shutter is open: the mean of all views, in linear light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.synthesis import paths
from train.synthesis.homography import Views, moved_alone, rolled_views, thinned, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from train.synthesis.blur_recipe import Method
    from train.synthesis.light import Light
    from train.synthesis.paths import Kernel, Path

    KernelMaker = Callable[[Path], Kernel]


def kernel_maker(method: Method) -> KernelMaker:
    """How a method spreads the points of a path over pixels. See [Two methods]."""
    return paths.bilinear_kernel_from_path if method == "kernel" else paths.kernel_from_path


def blur_same(light: Light, kernel: Kernel) -> Light:
    """Correlate (H, W, C) with an odd kernel, at the same size: out(p) = sum k(d) light(p + d).

    That is the convolution ('same') with the kernel turned by 180 degrees, the trace that a point
    leaves. Beyond the border the picture is mirrored.
    """
    return np.asarray(cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101))


def expose(light: Light, path: Path, turn: float = 0.0) -> Light:
    """Expose linear light while the camera follows `path` and turns evenly by `turn` radians."""
    angles = np.linspace(-0.5, 0.5, len(path)) * turn
    return expose_views(light, rolled_views(path, angles, (light.shape[1], light.shape[0])))


def expose_views(light: Light, views: Views, method: Method = "camera") -> Light:
    """Expose linear light (H, W, C) while the camera sees one view after the other.

    Where views are moved alone every pixel sees the same path, and one correlation does it.
    """
    path = moved_alone(views)
    if path is None:
        return average_views(light, views)
    return blur_same(light, kernel_maker(method)(path))


def average_views(light: Light, views: Views) -> Light:
    """Average the views of linear light, as few of them as their motion allows."""
    chosen = thinned(views, (light.shape[1], light.shape[0]))
    total = np.zeros_like(light)
    for matrix in chosen:
        total += view(light, matrix)
    return np.asarray(total / np.float32(len(chosen)))
