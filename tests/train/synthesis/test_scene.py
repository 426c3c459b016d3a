"""Blurred and sharp pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from train.data.samples import SampleRecipe, Samples
from train.synthesis import paths
from train.synthesis import scene as synthesis

PLAIN = synthesis.BlurRecipe(
    sharp_share=0, turned_share=0, noisy_share=0, jpeg_share=0, h264_share=0
)


def source(photos, recipe):
    return synthesis.SynthesisSource(photos=photos, recipe=recipe, kind="planes")


SMALL = SampleRecipe(crop=32, batch=3, scene=96, uses=2)


@pytest.mark.parametrize("turn", [0.0, 0.01])
def test_an_exposure_is_the_mean_of_its_views(turn):
    """A ramp of light, moved along a centred path, is the same ramp."""
    rows, columns = np.indices((81, 81))
    light = np.stack([rows, columns, rows + columns], 2).astype(np.float32) / np.float32(200)
    path = paths.shaken_path(np.random.default_rng(1), 15.0)
    blurred = synthesis.expose(light, path, turn)

    inner = slice(20, -20)
    assert blurred[inner, inner] == pytest.approx(light[inner, inner], abs=2e-3)


def test_a_step_blurred_by_a_steady_pan_is_a_ramp():
    """A box of n pixels over a step rises by 1/n a pixel: light is averaged linearly."""
    light = np.zeros((41, 41, 3), np.float32)
    light[:, 21:] = 1
    pan = np.stack([np.arange(-4.0, 5.0), np.zeros(9)], 1)
    row = synthesis.expose(light, pan, 0.0)[20, :, 0]

    assert row[17:26] == pytest.approx(np.arange(1, 10) / 9, abs=1e-5)


def test_blur_keeps_the_light(photos):
    """The mean light of a picture that wraps around is what it was."""
    light = np.random.default_rng(0).random((64, 64, 3), np.float32)
    tiled = np.tile(light, (3, 3, 1))
    blurred = synthesis.expose(tiled, paths.straight_path(np.random.default_rng(2), 20.0), 0.0)

    assert blurred[64:128, 64:128].mean() == pytest.approx(light.mean(), abs=1e-4)


def test_lengths_follow_the_stated_distribution():
    """Of 20000 draws, the shares of sharp, short and long are the recipe's within a hundredth."""
    rng = np.random.default_rng(0)
    recipe = synthesis.BlurRecipe(
        sharp_share=0.1, short_share=0.3, shortest=2, middle=8, longest=20
    )
    lengths = np.array([synthesis.draw_length(rng, recipe) for _ in range(20000)])

    assert (lengths == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert ((lengths >= 2) & (lengths < 8)).mean() == pytest.approx(0.27, abs=0.01)
    assert lengths[lengths >= 8].mean() == pytest.approx(14, abs=0.1)
    assert lengths.max() <= 20


def test_noise_has_the_variance_of_its_light():
    """Where it is four times as bright, shot noise deviates about twice as far."""
    rng = np.random.default_rng(5)
    light = np.full((200, 200, 3), 0.2, np.float32)
    light[:, 100:] = 0.8
    noise = synthesis.add_noise(rng, light) - light

    assert noise[:, 100:].std() / noise[:, :100].std() == pytest.approx(2, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=1e-3)


def test_a_sharp_pair_is_the_same_picture_twice(photos):
    """What is sharp must stay to the bit, whatever noise and compression it carries."""
    recipe = synthesis.BlurRecipe(sharp_share=1.0, jpeg_share=0.5, h264_share=0.5)
    scene = synthesis.make_scene(source(photos, recipe), 1, 1, 96)

    assert scene.length == 0
    assert [p.tolist() for p in scene.blurred] == [p.tolist() for p in scene.sharp]


@pytest.mark.parametrize("share", ["jpeg_share", "h264_share"])
def test_compression_changes_a_picture_little(photos, share):
    """An encoder's picture is not the same and not another: 25 dB or more in luma."""
    made = {
        value: synthesis.make_scene(source(photos, replace(PLAIN, **{share: value})), 4, 2, 96)
        for value in (0.0, 1.0)
    }
    before, after = (made[value].blurred[0].astype(float) for value in (0.0, 1.0))
    error = np.square(before - after).mean()

    assert 0 < error < 255**2 / 10**2.5


def test_samples_do_not_depend_on_who_makes_them_and_when(photos):
    """Batches of a step: equal whether made alone, backwards, or by two processes."""
    steps = [0, 5, 17, 33]

    def batches(**how: Any) -> list[Any]:
        loader = DataLoader(
            Samples(source(photos, synthesis.BlurRecipe()), SMALL, 9), batch_size=None, **how
        )
        return [[plane.tolist() for plane in batch] for batch in loader]

    alone = batches(sampler=steps)
    assert batches(sampler=steps[::-1])[::-1] == alone
    assert batches(sampler=steps, num_workers=2) == alone


def test_crops_have_the_shapes_of_420(photos):
    """Y is N x 1 x S x S, chroma half of it, as 8-bit codes."""
    batch = Samples(source(photos, PLAIN), SMALL, 9)[0]

    assert [tuple(p.shape) for p in batch] == [(3, 1, 32, 32), (3, 1, 16, 16), (3, 1, 16, 16)] * 2
    assert {str(p.dtype) for p in batch} == {"torch.uint8"}


def test_a_share_beyond_one_is_refused():
    """The error names the field and the value."""
    with pytest.raises(ValueError, match=r"sharp_share = 1\.5 is no share"):
        synthesis.BlurRecipe(sharp_share=1.5)


def test_a_soft_scene_is_soft_on_both_sides(photos):
    """Softening belongs to the view: target and input lose detail alike, and a sharp pair stays one."""
    how = {"noisy_share": 0, "jpeg_share": 0, "h264_share": 0, "sharp_share": 1.0}
    plain, soft = (
        synthesis.make_scene(
            source(photos, synthesis.BlurRecipe(soft_share=share, **how)), 1, 3, 64
        )
        for share in (0.0, 1.0)
    )

    assert np.array_equal(soft.blurred[0], soft.sharp[0])
    detail = [np.abs(np.diff(scene.sharp[0].astype(int), axis=1)).mean() for scene in (plain, soft)]
    assert detail[1] < detail[0]
