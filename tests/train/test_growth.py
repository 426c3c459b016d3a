"""Larger networks that begin as smaller ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.train.loop.recipes import PLANES, take_steps
from train.checkpoint import init_run, save_run, start_run
from train.generators.planes import PlanesArchitecture, PlanesGenerator
from train.generators.spectrum import BINS, CODE
from train.growth import check_growth, grown

SMALL = PlanesArchitecture(widths=(16, 32, 48), encoder_blocks=(1, 1, 2), decoder_blocks=(1, 1))
LARGE = PlanesArchitecture(widths=(32, 48, 80), encoder_blocks=(2, 1, 3), decoder_blocks=(1, 2))


def _picture():
    torch.manual_seed(1)
    return [torch.rand(1, 1, side, side, dtype=torch.float64) for side in (64, 32, 32)]


def _trained(architecture):
    """A network none of whose weights is zero."""
    torch.manual_seed(2)
    network = PlanesGenerator(architecture).double()
    for parameter in network.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return network


def _assert_same(small, network):
    """Both give the same residuals, which are not nothing."""
    with torch.no_grad():
        expected, given = small(*_picture()), network(*_picture())
    assert max(plane.abs().max() for plane in expected) > 0.1
    for one, other in zip(expected, given, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (SMALL, LARGE),
        (SMALL, replace(SMALL, widths=(16, 64, 48))),
        (SMALL, replace(SMALL, encoder_blocks=(3, 1, 2))),
        (SMALL, replace(LARGE, spectrum=True)),
        (replace(SMALL, spectrum=True), replace(LARGE, spectrum=True)),
    ],
    ids=["all", "wider", "deeper", "a new spectrum", "spectrum and all"],
)
def test_a_grown_network_computes_what_the_small_one_does(small, large):
    """Both give the same residuals, in 64 bits but for the order of sums."""
    small, network = _trained(small), PlanesGenerator(large).double()
    begin = grown(dict(network.named_parameters()), dict(small.named_parameters()))
    network.load_state_dict(begin)

    _assert_same(small, network)


def test_a_spectrum_that_heard_no_windows_around_grows():
    """Of weights as `base` was begun from: all that is new begins at nothing."""
    architecture = replace(SMALL, spectrum=True)
    whole, before = _trained(architecture), {}
    for name, parameter in whole.named_parameters():
        if name.startswith("spectrum.third"):
            torch.nn.init.zeros_(parameter)
            continue
        inputs = None
        if name == "spectrum.first.weight":
            inputs = 2 * BINS
        elif name.endswith(("gate.weight", "teacher.weight")):
            inputs = CODE // 2
        if inputs is not None:
            torch.nn.init.zeros_(parameter[:, inputs:])
        before[name] = parameter.detach()[:, :inputs] if parameter.ndim > 1 else parameter.detach()
    network = PlanesGenerator(architecture).double()
    network.load_state_dict(grown(dict(network.named_parameters()), before))

    _assert_same(whole, network)


def _grown_and_moved(large):
    """A network grown from `SMALL` after two steps of training, and what it began as."""
    small, network = _trained(SMALL), PlanesGenerator(large).double()
    begin = grown(dict(network.named_parameters()), dict(small.named_parameters()))
    network.load_state_dict(begin)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        sum(plane.square().mean() for plane in network(*_picture())).backward()
        optimiser.step()
    return network, begin


def test_all_that_is_new_learns():
    """After two steps nothing new is what it was: no gradient is shut off, no two channels alike."""
    network, begin = _grown_and_moved(LARGE)

    for name, parameter in network.named_parameters():
        moved = (parameter != begin[name]).reshape(len(parameter), -1).any(1)
        assert moved.float().mean() > 0.5, name
    rows = network.encoder[0][1].second.weight.flatten(1)
    assert torch.linalg.matrix_rank(rows) == len(rows)


def test_a_new_spectrum_learns():
    """It moves from the second step on: the first opens the gates. Its teacher has a loss of its own."""
    network, begin = _grown_and_moved(replace(LARGE, spectrum=True))

    for name, parameter in network.named_parameters():
        if "gate" in name or (name.startswith("spectrum.") and "teacher" not in name):
            assert (parameter != begin[name]).any(), name


def test_a_run_of_a_larger_network_begins_from_a_smaller_ones_checkpoint(photos, tmp_path):
    """It restores as the average of the other does, and its average begins there too."""
    other = start_run(PLANES, 1)
    take_steps(other, photos, 2)
    save_run(other, tmp_path / "small.safetensors")
    large = replace(PLANES.architecture, widths=(32, 48))
    run = init_run(replace(PLANES, architecture=large), 3, tmp_path / "small.safetensors")

    restored = PlanesGenerator(PLANES.architecture)
    restored.load_state_dict(other.average)
    picture = [plane.float() for plane in _picture()]
    for one, other_plane in zip(restored(*picture), run.generator(*picture), strict=True):
        assert torch.allclose(one, other_plane, atol=1e-6)
    for name, parameter in run.generator.named_parameters():
        assert torch.equal(parameter, run.average[name])


@pytest.mark.parametrize(
    "large",
    [
        replace(SMALL, widths=(16, 16, 48)),
        replace(LARGE, fold=2),
        replace(LARGE, block="gated"),
        replace(SMALL, widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,)),
        replace(LARGE, decoder_blocks=(1, 0)),
    ],
    ids=["narrower", "fold", "block", "levels", "blocks"],
)
def test_what_cannot_grow_is_refused(large):
    """The error shows both architectures."""
    with pytest.raises(ValueError, match=r"widths=\(16, 32, 48\).*cannot begin a run of"):
        check_growth(SMALL, large)


def test_a_spectrum_cannot_be_dropped():
    """What the gates made of the blocks would be lost."""
    with pytest.raises(ValueError, match="cannot begin a run of"):
        check_growth(replace(SMALL, spectrum=True), LARGE)
