"""The network: what it takes, what it gives, what it costs."""

from __future__ import annotations

import pytest
import torch

from train.generators.planes import PlanesArchitecture, PlanesGenerator


@pytest.mark.parametrize(
    "architecture",
    [
        PlanesArchitecture(fold=4, widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,)),
        PlanesArchitecture(
            fold=2, widths=(16, 16, 32), encoder_blocks=(1, 0, 2), decoder_blocks=(0, 1)
        ),
    ],
)
class TestEveryArchitecture:
    """Laws that hold whatever the shape of the U."""

    def test_a_new_generator_changes_nothing(self, architecture, random_planes):
        """The residual of fresh weights is zero to the bit, so training starts from the input."""
        with torch.no_grad():
            residual = PlanesGenerator(architecture)(*random_planes(64, 48))

        assert [float(p.abs().max()) for p in residual] == [0, 0, 0]

    def test_residuals_have_the_shapes_of_the_planes(self, architecture, random_planes):
        """The smallest picture is one cell of `multiple_of`; sides may differ."""
        side = architecture.multiple_of
        for height, width in ((side, side), (side, 3 * side)):
            fed = random_planes(height, width)
            given = PlanesGenerator(architecture)(*fed)
            assert [p.shape for p in given] == [p.shape for p in fed]

    def test_flops_are_those_of_the_convolutions(self, architecture, random_planes):
        """Counting each convolution by its output and weights gives the same sum."""
        generator, counted = PlanesGenerator(architecture), 0

        def count(conv, _inputs, output):
            nonlocal counted
            counted += 2 * output.numel() * conv.weight[0].numel()

        for module in generator.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(count)
        side = architecture.multiple_of
        generator(*random_planes(4 * side, 3 * side))

        assert counted == architecture.count_flop(4 * side - 1, 2 * side + 1)


def test_a_picture_moved_by_the_multiple_gives_its_residual_moved(tiny_generator, random_planes):
    """Far from the borders the network is the same everywhere: there is no sum over the picture."""
    side = 16 * tiny_generator.architecture.multiple_of
    y, u, v = random_planes(side, side)
    step = tiny_generator.architecture.multiple_of
    moved = [torch.roll(p, (step // s, step // s), (2, 3)) for p, s in ((y, 1), (u, 2), (v, 2))]
    here, there = tiny_generator(y, u, v)[0], tiny_generator(*moved)[0]

    inner = slice(side // 2 - 8, side // 2 + 8)
    expected = torch.roll(here, (step, step), (2, 3))[..., inner, inner]
    assert torch.allclose(expected, there[..., inner, inner], atol=1e-6)
    assert expected.abs().max() > 1e-3


def test_widths_that_tensor_cores_do_not_like_are_refused():
    """The error names the field and the value."""
    with pytest.raises(ValueError, match=r"widths \(24, 48\) must be multiples of 16"):
        PlanesArchitecture(widths=(24, 48), encoder_blocks=(1, 1), decoder_blocks=(1,))
