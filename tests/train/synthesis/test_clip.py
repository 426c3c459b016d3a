"""Consecutive frames of one camera."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.clip import make_clip
from train.synthesis.light import image_from_light, light_from_image

PLAIN: Any = {"turned_share": 0, "noisy_share": 0, "jpeg_share": 0, "h264_share": 0}
MOVING = BlurRecipe(sharp_share=0, short_share=0, middle=10, longest=16, **PLAIN)
SIZE = (96, 64)


@pytest.fixture(scope="module")
def photo():
    """A texture without any direction, soft enough to be moved by parts of a pixel."""
    noise = np.random.default_rng(0).random((240, 320, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip((soft - 0.5) * 1000 + 128, 0, 255).astype(np.uint8)


def clip_of(photo, recipe, seed=0, frames=4):
    return make_clip(photo, recipe, np.random.default_rng(seed), frames=frames, size=SIZE)


def test_frames_have_the_size_asked_for(photo):
    """As many as asked for, blurred and sharp, as RGB codes."""
    clip = clip_of(photo, MOVING)

    assert {f.shape for f in (*clip.blurred, *clip.sharp)} == {(64, 96, 3)}
    assert {f.dtype for f in (*clip.blurred, *clip.sharp)} == {np.dtype(np.uint8)}
    assert (len(clip.blurred), len(clip.sharp), len(clip.exposures)) == (4, 4, 4)


def test_sharp_frames_move_as_the_exposures_centroids(photo):
    """Phase correlation of two sharp frames measures the way from centroid to centroid."""
    recipe = BlurRecipe(
        sharp_share=0, short_share=0, shortest=2, middle=4, longest=6, shutter=1.0, **PLAIN
    )
    clip = clip_of(photo, recipe)
    grey = [frame.mean(2) for frame in clip.sharp]
    for before, after in ((0, 1), (2, 3)):
        moved, _ = cv2.phaseCorrelate(
            grey[before], grey[after], cv2.createHanningWindow(SIZE, cv2.CV_64F)
        )
        centroids = clip.exposures[after].mean(0) - clip.exposures[before].mean(0)

        # a camera that goes right sees its picture go left
        assert -np.array(moved) == pytest.approx(centroids, abs=0.25)
        assert np.abs(centroids).max() > 1


def test_blurred_frames_are_means_of_what_the_path_sees(photo):
    """Against pictures cut from the photograph one by one, averaged as light: 40 dB."""
    clip = clip_of(photo, MOVING)
    light = light_from_image(photo)
    for frame, path in zip(clip.blurred, clip.exposures, strict=True):
        views = []
        for x, y in path:
            matrix = np.array([[1, 0, x - (SIZE[0] - 1) / 2], [0, 1, y - (SIZE[1] - 1) / 2]])
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            views.append(cv2.warpAffine(light, matrix, SIZE, flags=flags))
        expected = image_from_light(np.mean(views, 0)).astype(float)

        assert 10 * np.log10(255**2 / np.square(frame - expected).mean()) > 40


def test_a_camera_at_rest_takes_equal_pictures(photo):
    """Without noise all frames are one; input and target are equal to the bit, noise or not."""
    still = clip_of(photo, BlurRecipe(sharp_share=1, **PLAIN))
    noisy = clip_of(photo, BlurRecipe(sharp_share=1, noisy_share=1, h264_clip_share=0.5), seed=1)

    assert all(np.array_equal(frame, still.sharp[0]) for frame in still.blurred)
    for blurred, sharp in zip(noisy.blurred, noisy.sharp, strict=True):
        assert np.array_equal(blurred, sharp)
    assert not np.array_equal(noisy.sharp[0], noisy.sharp[1])


def test_a_path_turns_back_inside_the_photograph(photo):
    """Of 40 frames none comes nearer to the edge than the margin, and steps stay as long as before."""
    clip = clip_of(photo, MOVING, frames=40)
    low = np.array([(96 - 1) / 2, (64 - 1) / 2]) + MOVING.margin
    high = np.array([320 - 1, 240 - 1]) - low
    points = clip.exposures.reshape(-1, 2)

    assert (points >= low - 1e-9).all()
    assert (points <= high + 1e-9).all()
    assert np.abs(np.diff(clip.exposures, axis=1)).max() <= 16
    way = np.abs(np.diff(clip.exposures.mean(1), axis=0)).sum(0)
    assert (way > high - low).any()


def test_a_clip_of_kernels_blurs_codes(photo):
    """Method kernel keeps the mean code, which light does not."""
    recipe = BlurRecipe(
        method="kernel", sharp_share=0, short_share=0, middle=14, longest=16, **PLAIN
    )
    clip = clip_of(photo, recipe)

    for blurred, sharp in zip(clip.blurred, clip.sharp, strict=True):
        assert blurred.astype(float).mean() == pytest.approx(sharp.astype(float).mean(), abs=2)
        assert blurred.std() < 0.8 * sharp.std()


@pytest.mark.parametrize(
    ("size", "message"),
    [((242, 160), "242 x 160 does not fit a photograph of 320 x 240"), ((95, 64), "even sides")],
)
def test_a_photograph_too_small_is_refused(photo, size, message):
    """The error names both sizes and what a clip takes."""
    with pytest.raises(ValueError, match=message):
        make_clip(photo, MOVING, np.random.default_rng(0), frames=2, size=size)


def test_equal_seeds_make_equal_clips(photo):
    """Noise and encoder included."""
    recipe = BlurRecipe(h264_share=0.5, jpeg_share=0.5)
    first, second, other = (clip_of(photo, recipe, seed=s, frames=2) for s in (5, 5, 6))

    assert [f.tolist() for f in first.blurred] == [f.tolist() for f in second.blurred]
    assert [f.tolist() for f in first.blurred] != [f.tolist() for f in other.blurred]
