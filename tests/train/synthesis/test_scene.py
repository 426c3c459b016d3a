"""Blurred and sharp pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from torch.utils.data import DataLoader

from train.colour import BT601_FULL, BT709, BT709_FULL
from train.data.samples import Samples
from train.recipe import SampleRecipe
from train.synthesis import scene as synthesis
from train.synthesis.compression import rounded_planes
from train.synthesis.photos import photo_from_image

PLAIN = synthesis.BlurRecipe(
    sharp_share=0, turned_share=0, noisy_share=0, jpeg_share=0, h264_share=0
)
ALL = synthesis.BlurRecipe(
    sharp_share=0.1,
    soft_share=0.3,
    defocused_share=0.3,
    homography_share=0.4,
    layered_share=0.4,
    saturated_share=0.5,
    dim_share=0.5,
    pattern_share=0.5,
    correlated_share=0.5,
    curve_share=0.5,
    jpeg_share=0.2,
    h264_share=0.2,
    h264_clip_share=0.4,
)
SMALL = SampleRecipe(crop=32, batch=3, scene=96, uses=2)


def source(photos, recipe, kind="planes"):
    return synthesis.SynthesisSource(photos=photos, recipe=recipe, kind=kind)


@pytest.mark.parametrize("kind", ["planes", "rgb"])
def test_a_sharp_pair_is_the_same_picture_twice(photos, kind):
    """What is sharp must stay to the bit, whatever noise and compression it carries."""
    recipe = synthesis.BlurRecipe(
        sharp_share=1.0, jpeg_share=0.3, h264_share=0.3, h264_clip_share=0.3
    )
    for number in range(8):
        scene = synthesis.make_scene(source(photos, recipe, kind), 1, number, 96)

        assert scene.length == 0
        assert [p.tolist() for p in scene.blurred] == [p.tolist() for p in scene.sharp]


@pytest.mark.parametrize("share", ["jpeg_share", "h264_share", "h264_clip_share"])
def test_compression_changes_a_picture_little(photos, share):
    """An encoder's picture is not the same and not another: 25 dB or more in luma."""
    recipe = replace(PLAIN, sharp_share=1.0)
    made = {
        value: synthesis.make_scene(source(photos, replace(recipe, **{share: value})), 4, 2, 96)
        for value in (0.0, 1.0)
    }
    before, after = (made[value].blurred[0].astype(float) for value in (0.0, 1.0))
    error = np.square(before - after).mean()

    assert 0 < error < 255**2 / 10**2.5


@pytest.mark.parametrize("share", ["h264_share", "jpeg_share", "curve_share", "noisy_share"])
def test_the_target_in_rgb_is_the_photograph_itself(photos, share):
    """To the bit, in one of eight orientations: no encoder and no curve touches it."""
    recipe = replace(PLAIN, **{share: 1.0})
    scene = synthesis.make_scene(source(photos, recipe, "rgb"), 3, 1, 64)
    sharp = scene.sharp[0].transpose(1, 2, 0)
    found = []
    for turns in range(4):
        for turned in (np.rot90(sharp, turns), np.rot90(sharp, turns)[:, ::-1]):
            for photo in photos:
                part = np.ascontiguousarray(turned).astype(np.float32)
                errors = cv2.matchTemplate(photo.image.astype(np.float32), part, cv2.TM_SQDIFF)
                top, left = np.unravel_index(np.argmin(errors), errors.shape)
                found.append(np.array_equal(photo.image[top : top + 64, left : left + 64], turned))

    assert any(found)
    assert not np.array_equal(scene.blurred, scene.sharp)


@pytest.mark.parametrize("share", ["h264_share", "jpeg_share"])
def test_the_target_in_planes_has_no_traces_of_an_encoder(photos, share):
    """The same scene, coded or not, has the same target; its input differs."""
    plain, coded = (
        synthesis.make_scene(source(photos, replace(PLAIN, **{share: value})), 3, 1, 64)
        for value in (0.0, 1.0)
    )

    assert not np.array_equal(plain.blurred[0], coded.blurred[0])
    assert [p.tolist() for p in plain.sharp] == [p.tolist() for p in coded.sharp]


def test_both_kinds_are_one_scene(photos):
    """Uncoded, the planes are those of the RGB picture, input and target alike."""
    for number in range(4):
        planes, rgb = (
            synthesis.make_scene(source(photos, PLAIN, kind), 2, number, 64)
            for kind in ("planes", "rgb")
        )
        for three, one in ((planes.blurred, rgb.blurred), (planes.sharp, rgb.sharp)):
            made = [
                rounded_planes(one[0].transpose(1, 2, 0), space)
                for space in (BT709, BT709_FULL, BT601_FULL)
            ]

            assert any(
                all(np.array_equal(a[0], b) for a, b in zip(three, other, strict=True))
                for other in made
            )


def test_the_kernel_method_leaves_a_ramp_of_codes():
    """Linear in codes, centred, and not stretched to 0..255: what rises evenly stays."""
    ramp = np.tile(np.arange(5, 229, dtype=np.uint8)[None, :, None], (224, 1, 3))
    recipe = replace(PLAIN, method="kernel", short_share=0.0, middle=20.0)
    for number in range(6):
        scene = synthesis.make_scene(
            source([photo_from_image("ramp", ramp)], recipe, "rgb"), 1, number, 128
        )

        assert scene.length > 19
        assert np.abs(scene.blurred[0].astype(int) - scene.sharp[0]).max() <= 1


def test_a_camera_averages_light_and_the_kernel_method_codes():
    """Black and white dots: light's mean of a half is code 188, that of codes is 127.5."""
    dots = np.kron(np.indices((56, 56)).sum(0) % 2, np.ones((4, 4)))[..., None] * np.full(3, 255)
    photo = photo_from_image("dots", dots.astype(np.uint8))
    means = {}
    for method in ("kernel", "camera"):
        recipe = replace(PLAIN, method=method, short_share=0.0, middle=22.0)
        means[method] = [
            synthesis.make_scene(source([photo], recipe, "rgb"), 1, number, 128).blurred[0].mean()
            for number in range(6)
        ]

    assert means["kernel"] == pytest.approx([127.5] * 6, abs=1)
    assert min(means["camera"]) > 150
    assert max(means["camera"]) < 190


@pytest.mark.parametrize(
    "changes", [{}, {"homography_share": 1.0}, {"layered_share": 1.0}, {"h264_clip_share": 1.0}]
)
def test_lengths_stay_within_the_recipe(photos, changes):
    """No exposure is longer than `longest`, and its picture is not its target."""
    recipe = replace(PLAIN, short_share=0.0, middle=12.0, longest=15.0, **changes)
    for number in range(4):
        scene = synthesis.make_scene(source(photos, recipe), 6, number, 64)

        assert 0 < scene.length < 15.2
        assert not np.array_equal(scene.blurred[0], scene.sharp[0])


def test_samples_do_not_depend_on_who_makes_them_and_when(photos):
    """Batches of a step: equal whether made alone, backwards, or by two processes."""
    steps = [0, 17, 33]

    def batches(**how: Any) -> list[Any]:
        loader = DataLoader(Samples(source(photos, ALL), SMALL, 9), batch_size=None, **how)
        return [[plane.tolist() for plane in batch] for batch in loader]

    alone = batches(sampler=steps)
    assert batches(sampler=steps[::-1])[::-1] == alone
    assert batches(sampler=steps, num_workers=2) == alone


def test_crops_have_the_shapes_of_420(photos):
    """Y is N x 1 x S x S, chroma half of it, as 8-bit codes."""
    batch = Samples(source(photos, ALL), SMALL, 9)[0]

    assert [tuple(p.shape) for p in batch] == [(3, 1, 32, 32), (3, 1, 16, 16), (3, 1, 16, 16)] * 2
    assert {str(p.dtype) for p in batch} == {"torch.uint8"}


def test_crops_in_rgb_have_three_channels(photos):
    """N x 3 x S x S, blurred and sharp."""
    batch = Samples(source(photos, ALL, "rgb"), SMALL, 9)[0]

    assert [tuple(p.shape) for p in batch] == [(3, 3, 32, 32)] * 2


def test_a_soft_scene_is_soft_on_both_sides(photos):
    """Softening belongs to the view: target and input lose detail, and a sharp pair stays one."""
    plain, soft = (
        synthesis.make_scene(
            source(photos, replace(PLAIN, sharp_share=1.0, soft_share=share)), 1, 3, 64
        )
        for share in (0.0, 1.0)
    )

    assert np.array_equal(soft.blurred[0], soft.sharp[0])
    detail = [np.abs(np.diff(scene.sharp[0].astype(int), axis=1)).mean() for scene in (plain, soft)]
    assert detail[1] < detail[0]


def test_a_small_photo_is_refused(photos):
    """The error names the photo, its size and what a scene takes."""
    with pytest.raises(
        ValueError, match="0 has 256 x 224 pixels, a scene with its margin takes 264"
    ):
        synthesis.make_scene(source(photos[:1], PLAIN), 0, 0, 200)
