"""A thing that moves before the rest."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis import exposure, layers, paths
from train.synthesis.homography import shifted_views

SIZE = (96, 96)
STILL = shifted_views(np.zeros((9, 2)))
PAN = shifted_views(np.stack([np.arange(-4.0, 5.0), np.zeros(9)], 1))


def light(seed):
    return np.random.default_rng(seed).random((*SIZE, 3), np.float32)


def box(rows, columns):
    mask = np.zeros(SIZE, np.float32)
    mask[rows, columns] = 1
    return mask


def shaken(seed):
    return shifted_views(paths.shaken_path(np.random.default_rng(seed), 9.0))


def test_an_empty_mask_is_the_background_alone():
    """Nothing cut out, nothing seen."""
    layer = layers.layer_from_light(light(1), np.zeros(SIZE, np.float32))
    exposed = layers.expose_layers(light(0), layer, shaken(1), shaken(2))

    assert np.array_equal(exposed, exposure.expose_views(light(0), shaken(1)))
    assert np.array_equal(layers.composite(light(0), layer), light(0))


def test_a_full_mask_is_the_foreground_alone():
    """What covers all hides the background, moving or not."""
    layer = layers.layer_from_light(light(1), np.ones(SIZE, np.float32))
    exposed = layers.expose_layers(light(0), layer, STILL, shaken(2))

    assert exposed == pytest.approx(exposure.average_views(light(1), shaken(2)), abs=1e-5)
    assert np.array_equal(layers.composite(light(0), layer), light(1))


def test_a_thing_that_passes_leaves_the_rest_untouched():
    """Outside of what it sweeps, a still background stays to rounding; inside it does not."""
    layer = layers.layer_from_light(light(1), box(slice(40, 60), slice(30, 50)))
    exposed = layers.expose_layers(light(0), layer, STILL, PAN)
    swept = np.zeros(SIZE, bool)
    swept[40:60, 30 - 4 : 50 + 4] = True
    # the cubic between pixels reaches two further
    near = np.zeros(SIZE, bool)
    near[38:62, 24:56] = True

    assert exposed[~near] == pytest.approx(light(0)[~near], abs=1e-6)
    assert (np.abs(exposed - light(0)).max(2)[swept] > 1e-3).mean() > 0.95


def test_an_edge_shows_the_background_for_its_share_of_the_time():
    """A bright box of 20 pixels, moved over 9, covers a pixel for the ninths counted by hand."""
    bright = np.full((*SIZE, 3), 0.8, np.float32)
    layer = layers.layer_from_light(bright, box(slice(None), slice(30, 50)))
    exposed = layers.expose_layers(np.full((*SIZE, 3), 0.2, np.float32), layer, STILL, PAN)

    covered = np.zeros(96)
    for shift in range(-4, 5):
        covered[30 + shift : 50 + shift] += 1 / 9
    assert exposed[48, :, 0] == pytest.approx(0.2 + 0.6 * covered, abs=1e-5)


def test_both_layers_move_on_their_own():
    """A background that pans behind a thing at rest: its own blur outside, the thing's bits inside."""
    layer = layers.layer_from_light(light(1), box(slice(40, 60), slice(30, 50)))
    exposed = layers.expose_layers(light(0), layer, PAN, STILL)

    assert exposed[40:60, 30:50] == pytest.approx(light(1)[40:60, 30:50], abs=1e-5)
    panned = np.mean([light(0)[:, 48 + s] for s in range(-4, 5)], 0)
    assert exposed[:, 64] == pytest.approx(
        np.mean([light(0)[:, 64 + s] for s in range(-4, 5)], 0), abs=1e-4
    )
    assert np.abs(exposed[40:60, 48] - panned[40:60]).max() > 0.1


def test_masks_are_soft_things_of_many_sizes():
    """Opacity from 0 to 1, with a soft edge; from a fiftieth to a third of the inner picture."""
    areas = []
    for seed in range(40):
        mask = layers.draw_mask(np.random.default_rng(seed), 192, 32)
        areas.append(mask.sum() / 128**2)
        assert mask.min() >= 0
        assert mask.max() == pytest.approx(1, abs=1e-3)
        assert ((mask > 0.05) & (mask < 0.95)).any()

    assert 0.01 < min(areas) < 0.06
    assert 0.2 < max(areas) < 0.5
