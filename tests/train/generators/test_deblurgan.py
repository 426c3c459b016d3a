"""The RGB generator: its size, its layers, what it takes and what it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from train.generators.deblurgan import DeblurganArchitecture, DeblurganGenerator


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


TINY = DeblurganArchitecture(norm="instance", up="resize", blocks=2, width=4, dropout=0)
ALL = [
    replace(TINY, norm=norm, up=up)
    for norm in ("batch", "instance")
    for up in ("resize", "transposed")
]


def lively(architecture):
    """Make a generator with a last convolution and statistics that are not those of the start."""
    generator = DeblurganGenerator(architecture)
    for name, values in generator.state_dict().items():
        if values.is_floating_point():
            torch.nn.init.normal_(values, std=0.05 if name.startswith("tail") else 0.3)
        if name.endswith("running_var"):
            values.abs_().add_(0.5)
    return generator.eval()


@pytest.mark.parametrize(
    ("norm", "up", "norm_weights"), [("batch", "resize", 2), ("instance", "transposed", 0)]
)
def test_it_has_the_parameters_of_the_paper(norm, up, norm_weights):
    """11.38 M as counted of the paper's network, 11.4 M as printed, within 0.5 %."""
    generator = DeblurganGenerator(DeblurganArchitecture(norm=norm, up=up, dropout=0.5))
    count = sum(p.numel() for p in generator.parameters())

    channels = 64 + 128 + 256 + 9 * 2 * 256 + 128 + 64
    kernels = 2 * 49 * 3 * 64 + 2 * 9 * (64 * 128 + 128 * 256) + 9 * 2 * 9 * 256**2
    assert count == kernels + 3 + norm_weights * channels
    assert count == pytest.approx(11.38e6, rel=0.005)
    assert count == pytest.approx(11.4e6, rel=0.005)


@pytest.mark.parametrize(("up", "gigamacs"), [("resize", 56.8), ("transposed", 49.6)])
def test_it_costs_what_the_two_codes_cost(up, gigamacs):
    """Multiply-adds of a picture of 256 x 256, counted of the Keras code and of the paper's."""
    architecture = DeblurganArchitecture(norm="batch", up=up, dropout=0)

    assert architecture.count_flop(256, 256) == pytest.approx(2e9 * gigamacs, rel=0.002)


@pytest.mark.parametrize("architecture", ALL)
def test_flops_are_those_of_the_convolutions(architecture):
    """Counting each convolution as it runs gives the same sum; sides are padded to 4."""
    generator, counted = DeblurganGenerator(architecture).eval(), 0

    def count(conv, inputs, output):
        nonlocal counted
        given = inputs[0] if isinstance(conv, torch.nn.ConvTranspose2d) else output
        counted += 2 * given.numel() * conv.weight[0].numel()

    for module in generator.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.register_forward_hook(count)
    generator(torch.rand(1, 3, 16, 12))

    assert counted == architecture.count_flop(13, 11)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("architecture", ALL)
def test_a_new_generator_changes_nothing(architecture, training):
    """The residual of fresh weights is zero to the bit, so training starts from the input."""
    generator = DeblurganGenerator(replace(architecture, dropout=0.5)).train(training)
    (residual,) = generator(torch.rand(2, 3, 16, 24))

    assert residual.shape == (2, 3, 16, 24)
    assert residual.abs().max() == 0


def by_hand(generator, rgb):
    """Work the paper's network out with functions, from the generator's weights in order."""
    architecture = generator.architecture
    values = iter(generator.state_dict().values())

    def norm(x):
        if architecture.norm == "instance":
            mean = x.mean((2, 3), keepdim=True)
            return (x - mean) / ((x - mean).square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
        factor, offset, mean, var, _ = (next(values).view(1, -1, 1, 1) for _ in range(5))
        return (x - mean) / (var + 1e-5).sqrt() * factor + offset

    def conv(x, pad, mode="reflect", **options):
        return functional.conv2d(functional.pad(x, (pad,) * 4, mode=mode), next(values), **options)

    def up(x):
        if architecture.up == "resize":
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
            return conv(x, 1, "constant")
        weight = next(values)
        # The gradient of a convolution of stride 2 with the same weights.
        aim = torch.zeros(1, weight.shape[1], 2 * x.shape[2], 2 * x.shape[3], requires_grad=True)
        down = functional.conv2d(aim, weight, stride=2, padding=1)
        return torch.autograd.grad(down, aim, x)[0]

    x = functional.relu(norm(conv(2 * rgb - 1, 3)))
    for _ in range(2):
        x = functional.relu(norm(conv(x, 1, "constant", stride=2)))
    for _ in range(architecture.blocks):
        x = x + norm(conv(functional.relu(norm(conv(x, 1))), 1))
    for _ in range(2):
        x = functional.relu(norm(up(x)))
    x = functional.pad(x, (3,) * 4, mode="reflect")
    x = torch.tanh(functional.conv2d(x, next(values), next(values)))
    assert next(values, None) is None
    return x / 2


@pytest.mark.parametrize("architecture", ALL)
def test_its_layers_are_those_of_the_paper(architecture):
    """The same weights in functions written out give the same; a block has two convolutions."""
    generator, rgb = lively(architecture), torch.rand(1, 3, 20, 16)
    with torch.no_grad():
        (given,) = generator(rgb)
    expected = by_hand(generator, rgb)

    assert (given - expected).abs().max() < 1e-5
    assert given.std() > 0.05


def test_the_residual_is_tanh_in_units_of_half_the_range():
    """On [-1, 1] the network adds tanh(f); in [0, 1] that is at most a half, and is reached."""
    generator = DeblurganGenerator(TINY).eval()
    torch.nn.init.constant_(generator.tail.bias, 50)
    (residual,) = generator(torch.rand(1, 3, 8, 8))

    assert (residual == 0.5).all()


@pytest.mark.parametrize("training", [False, True])
def test_instance_norm_judges_each_picture_alone(training):
    """Without running statistics, a picture's residual is the same in any company and mode."""
    generator, rgb = lively(TINY), torch.rand(3, 3, 16, 16)
    with torch.no_grad():
        alone = generator(rgb[:1])[0]
        among = generator.train(training)(rgb)[0][:1]

    assert torch.allclose(among, alone, atol=1e-5)


def test_batch_norm_takes_the_batch_in_training_and_running_statistics_after_it():
    """In training the others of a batch matter; in evaluation they do not."""
    generator, rgb = lively(replace(TINY, norm="batch")), torch.rand(3, 3, 16, 16)
    with torch.no_grad():
        alone, among = generator(rgb[:1])[0], generator(rgb)[0][:1]
        generator.train()
        trained = generator(rgb)[0][:1]
        other = generator(torch.cat([rgb[:1], rgb[1:] * 0.3]))[0][:1]

    assert torch.allclose(among, alone, atol=1e-5)
    assert (trained - other).abs().max() > 1e-3
    assert (trained - alone).abs().max() > 1e-3


def test_dropout_is_for_training_only():
    """Two passes differ in training and agree in evaluation."""
    generator, rgb = lively(replace(TINY, dropout=0.5)), torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        first, second = generator(rgb)[0], generator(rgb)[0]
        generator.train()
        third, fourth = generator(rgb)[0], generator(rgb)[0]

    assert torch.equal(first, second)
    assert (third - fourth).abs().max() > 1e-3


def test_convolutions_begin_as_the_originals():
    """Normal with deviation 0.02, all but the last."""
    generator = DeblurganGenerator(replace(TINY, width=16, up="transposed"))
    weights = [p.detach() for name, p in generator.named_parameters() if name.startswith("layers")]

    assert len(weights) == 1 + 2 + 2 * 2 + 2
    for weight in weights:
        assert weight.std().item() == pytest.approx(0.02, rel=0.06)
        assert abs(weight.mean().item()) < 0.001


@pytest.mark.parametrize("size", [(18, 16), (16, 18), (4, 16), (16, 4)])
def test_sizes_it_cannot_take_are_refused(size):
    """Both sides multiples of 4 and at least 8; the message gives width x height."""
    with pytest.raises(ValueError, match=f"The picture is {size[1]} x {size[0]}; both sides"):
        DeblurganGenerator(TINY)(torch.rand(1, 3, *size))


def test_the_smallest_picture_is_8_pixels():
    """Reflection by one pixel works on the 2 x 2 at a quarter of it."""
    assert lively(TINY)(torch.rand(1, 3, 8, 8))[0].shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    ("field", "value"), [("blocks", 0), ("width", 0), ("dropout", 1.0), ("dropout", -0.1)]
)
def test_shapes_that_are_no_network_are_refused(field, value):
    """The error names field and value."""
    with pytest.raises(ValueError, match=f"{field} = {value}"):
        replace(TINY, **{field: value})


def test_it_says_what_it_takes():
    """The house interface of a generator."""
    assert (TINY.kind, TINY.picture, TINY.multiple_of) == ("deblurgan", "rgb", 4)
