"""The network: what it takes, what it gives, what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from train.generators.planes import PlanesArchitecture, PlanesGenerator

PLAIN = PlanesArchitecture(fold=4, widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))
SPECTRAL = replace(PLAIN, spectrum=True)


@pytest.mark.parametrize(
    "architecture",
    [
        PLAIN,
        PlanesArchitecture(
            fold=2, widths=(16, 16, 32), encoder_blocks=(1, 0, 2), decoder_blocks=(0, 1)
        ),
        SPECTRAL,
    ],
)
class TestEveryArchitecture:
    """Laws that hold whatever the shape of the U."""

    def test_a_new_generator_changes_nothing(self, architecture, random_planes):
        """The residual of fresh weights is zero to the bit, so training starts from the input."""
        with torch.no_grad():
            residual = PlanesGenerator(architecture)(*random_planes(64, 96))

        assert [float(p.abs().max()) for p in residual] == [0, 0, 0]

    def test_residuals_have_the_shapes_of_the_planes(self, architecture, random_planes):
        """The smallest picture is one cell of `multiple_of`; sides may differ."""
        side = architecture.multiple_of
        for height, width in ((side, side), (side, 3 * side)):
            fed = random_planes(height, width)
            given = PlanesGenerator(architecture)(*fed)
            assert [p.shape for p in given] == [p.shape for p in fed]

    def test_flops_are_those_of_the_convolutions(self, architecture, random_planes):
        """Torch's own counter of operations gives the same sum."""
        side = architecture.multiple_of
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            PlanesGenerator(architecture)(*random_planes(4 * side, 3 * side))

        counted = counter.get_total_flops()
        assert counted == architecture.count_flop(4 * side - 1, 2 * side + 1)


def _speaking(architecture):
    """A generator none of whose parameters is zero."""
    torch.manual_seed(0)
    generator = PlanesGenerator(architecture).requires_grad_(requires_grad=False)
    for name, parameter in generator.named_parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.1 if "gate" in name else 0.01)
    return generator


@pytest.mark.parametrize("architecture", [PLAIN, SPECTRAL], ids=["plain", "spectral"])
def test_a_picture_moved_by_the_multiple_gives_its_residual_moved(architecture, random_planes):
    """Far from the borders the network is the same everywhere: there is no sum over the picture."""
    step = architecture.multiple_of
    generator, side = _speaking(architecture), 36 * step
    y, u, v = random_planes(side, side)
    moved = [torch.roll(p, (step // s, step // s), (2, 3)) for p, s in ((y, 1), (u, 2), (v, 2))]
    here, there = generator(y, u, v)[0], generator(*moved)[0]

    inner = slice(side // 2 - 8, side // 2 + 8)
    expected = torch.roll(here, (step, step), (2, 3))[..., inner, inner]
    assert torch.allclose(expected, there[..., inner, inner], atol=1e-6)
    assert expected.abs().max() > 1e-3


def test_the_blur_that_is_told_gates_the_blocks(random_planes):
    """Stripes of the same height, but of other distances around, change what a pixel gets."""
    generator = _speaking(SPECTRAL)
    y, u, v = random_planes(128, 128)
    far = y.clone()
    far[..., :64, :] = 0.5 + 0.5 * (torch.arange(128) // 4 % 2)
    here, there = generator(y, u, v)[0], generator(far, u, v)[0]
    plain = _speaking(PLAIN)
    without = [plain(luma, u, v)[0][..., 110:, :] for luma in (y, far)]

    assert torch.equal(*without)
    assert (here - there)[..., 110:, :].abs().max() > 1e-4


def test_widths_that_tensor_cores_do_not_like_are_refused():
    """The error names the field and the value."""
    with pytest.raises(ValueError, match=r"widths \(24, 48\) must be multiples of 16"):
        PlanesArchitecture(widths=(24, 48), encoder_blocks=(1, 1), decoder_blocks=(1,))


def test_cells_wider_than_the_windows_distance_are_refused():
    """Gates are only ever made finer; the error says how wide the cells are."""
    with pytest.raises(ValueError, match="deepest cells are 64 pixels wide"):
        PlanesArchitecture(
            widths=(16,) * 5, encoder_blocks=(1,) * 5, decoder_blocks=(1,) * 4, spectrum=True
        )
