"""What gathers while the shutter is open."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.synthesis import exposure, paths
from train.synthesis.homography import Pinhole, shifted_views


def texture(seed=0, size=(160, 160)):
    light = np.random.default_rng(seed).random((*size, 3), np.float32)
    return cv2.GaussianBlur(light, (0, 0), 1.5) * 4 - 1.5


def psnr(first, second):
    return -10 * np.log10(np.square(first.astype(float) - second).mean())


def test_correlation_is_the_sum_over_the_kernel():
    """At every pixel, on a rectangle, with mirrored borders: the sum written out in loops."""
    rng = np.random.default_rng(0)
    light, kernel = rng.random((7, 11, 3), np.float32), rng.random((5, 5), np.float32)
    padded = np.pad(light, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    expected = np.zeros_like(light)
    for row in range(7):
        for column in range(11):
            for dy in range(5):
                for dx in range(5):
                    expected[row, column] += kernel[dy, dx] * padded[row + dy, column + dx]

    assert exposure.blur_same(light, kernel) == pytest.approx(expected, rel=1e-5)


def test_views_that_are_moved_alone_are_the_paths_kernel():
    """Averaged one by one they give what the kernel gives: 50 dB and more within the border."""
    light = texture()
    path = paths.straight_path(np.random.default_rng(1), 14.0)
    views = exposure.average_views(light, shifted_views(path))
    kernel = exposure.expose_views(light, shifted_views(path))

    inner = slice(20, -20)
    assert psnr(views[inner, inner], kernel[inner, inner]) > 50
    assert psnr(views[inner, inner], light[inner, inner]) < 40


def test_turning_leaves_a_radial_pattern():
    """Rings about the middle look the same from any angle; lines do not."""
    rows, columns = np.indices((161, 161)) - 80
    rings = 0.5 + 0.4 * np.cos(np.hypot(rows, columns) / 3)
    lines = 0.5 + 0.4 * np.cos(rows / 3)
    light = np.dstack([rings, rings, lines]).astype(np.float32)
    turned = exposure.expose(light, np.zeros((48, 2)), 0.2)

    inner = slice(35, -35)
    error = np.abs(turned - light)[inner, inner].max((0, 1))
    assert error[0] < 0.01
    assert error[2] > 0.1


@pytest.mark.parametrize("kind", ["path", "kernel", "turn", "homography"])
def test_every_exposure_keeps_the_light(kind):
    """An even picture stays even, and a texture keeps its mean within a few thousandths."""
    rng = np.random.default_rng(4)
    path = paths.straight_path(rng, 12.0)
    camera = Pinhole(focal=1000.0, centre=(80.0, 20.0))

    def exposed(light):
        if kind == "homography":
            turns = np.column_stack([path / 1000, path[:, 0] / 200])
            return exposure.expose_views(light, camera.views(turns, np.zeros((48, 3))))
        if kind == "turn":
            return exposure.expose(light, path, 0.02)
        return exposure.expose_views(
            light, shifted_views(path), "kernel" if kind == "kernel" else "camera"
        )

    even = np.full((64, 64, 3), 0.3, np.float32)
    light = texture()
    inner = slice(16, -16)
    assert exposed(even) == pytest.approx(even, abs=1e-5)
    assert exposed(light)[inner, inner].mean() == pytest.approx(
        light[inner, inner].mean(), abs=4e-3
    )


def test_an_exposure_by_homographies_is_the_mean_of_warped_pictures():
    """Against a plain mean of all 48 views, warped one by one."""
    light = texture(3)
    turns = np.zeros((48, 3))
    turns[:, 2] = np.linspace(-0.02, 0.02, 48)
    turns[:, 1] = np.linspace(-0.004, 0.004, 48)
    views = Pinhole(focal=1000.0, centre=(40.0, 60.0)).views(turns, np.zeros((48, 3)))
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    expected = np.mean([cv2.warpPerspective(light, v, (160, 160), flags=flags) for v in views], 0)

    inner = slice(16, -16)
    blurred = exposure.expose_views(light, views)
    assert psnr(blurred[inner, inner], expected[inner, inner]) > 45
    assert psnr(light[inner, inner], expected[inner, inner]) < 38


@pytest.mark.parametrize("turn", [0.0, 0.01])
def test_an_exposure_is_the_mean_of_its_views(turn):
    """A ramp of light, moved along a centred path, is the same ramp."""
    rows, columns = np.indices((81, 81))
    light = np.stack([rows, columns, rows + columns], 2).astype(np.float32) / np.float32(200)
    path = paths.shaken_path(np.random.default_rng(1), 15.0)
    blurred = exposure.expose(light, path, turn)

    inner = slice(20, -20)
    assert blurred[inner, inner] == pytest.approx(light[inner, inner], abs=2e-3)


def test_a_step_blurred_by_a_steady_pan_is_a_ramp():
    """A box of n pixels over a step rises by 1/n a pixel: light is averaged linearly."""
    light = np.zeros((41, 41, 3), np.float32)
    light[:, 21:] = 1
    pan = np.stack([np.arange(-4.0, 5.0), np.zeros(9)], 1)
    row = exposure.expose(light, pan, 0.0)[20, :, 0]

    assert row[17:26] == pytest.approx(np.arange(1, 10) / 9, abs=1e-5)


def test_blur_keeps_the_light():
    """The mean light of a picture that wraps around is what it was."""
    light = np.random.default_rng(0).random((64, 64, 3), np.float32)
    tiled = np.tile(light, (3, 3, 1))
    blurred = exposure.expose(tiled, paths.straight_path(np.random.default_rng(2), 20.0), 0.0)

    assert blurred[64:128, 64:128].mean() == pytest.approx(light.mean(), abs=1e-4)
