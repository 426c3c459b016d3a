"""The critics, layer by layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from train.critics import CriticRecipe, DenseCritic, PatchCritic, make_critic


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


TABLE = [
    # layer, filters, stride, inputs, side of the output
    ("convolution", 64, 2, 3, 128),
    ("convolution", 64, 2, 64, 64),
    ("convolution", 128, 2, 64, 32),
    ("convolution", 256, 2, 128, 16),
    ("convolution", 512, 1, 256, 16),
    ("convolution", 1, 1, 512, 16),
    ("dense", 1024, 1, 256, 1),
    ("dense", 1, 1, 1024, 1),
]


@pytest.mark.parametrize(("number", "row"), list(enumerate(TABLE)))
def test_the_dense_critic_is_the_table(number, row):
    """Row by row; the last convolution takes 512 channels, whatever a printed table said."""
    rows = DenseCritic("batch", "linear").rows()
    given = rows[number]

    assert len(rows) == len(TABLE)
    assert (given.layer, given.filters, given.stride, given.inputs, given.side) == row


def test_what_runs_is_what_the_table_says():
    """Each layer's output, as it runs, has the row's channels and side, and 4x4 kernels."""
    critic, seen = DenseCritic("batch", "linear"), []
    for module in critic.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda m, _, out: seen.append((m, tuple(out.shape))))
    with torch.no_grad():
        critic(torch.rand(2, 3, 256, 256))

    expected = [(2, f, s, s) if layer == "convolution" else (2, f) for layer, f, _, _, s in TABLE]
    assert [shape for _, shape in seen] == expected
    assert {m.kernel_size for m, _ in seen if isinstance(m, nn.Conv2d)} == {(4, 4)}


@pytest.mark.parametrize(("norm", "norm_weights"), [("batch", 2), ("instance", 0), ("none", 1)])
def test_the_dense_critic_has_the_tables_parameters(norm, norm_weights):
    """Kernels, dense layers, and for each normed channel two weights, none, or its bias."""
    critic = DenseCritic(norm, "linear")
    kernels = 16 * (3 * 64 + 64 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512)
    dense = 256 * 1024 + 1024 + 1024 + 1
    normed = 64 + 128 + 256 + 512

    count = sum(p.numel() for p in critic.parameters())

    assert count == kernels + dense + 64 + 1 + norm_weights * normed


def test_the_dense_critic_by_hand():
    """Functions written out give the same scores.

    TensorFlow's 'same' padding, LeakyReLU 0.2, batch norm on the second to the fifth, the sixth
    bare, tanh between the dense layers.
    """
    critic, rgb = DenseCritic("batch", "linear").train(), torch.rand(2, 3, 256, 256) * 2 - 1
    values = iter(critic.parameters())
    x = rgb
    with torch.no_grad():
        for number, (_, filters, stride, *_) in enumerate(TABLE[:6]):
            # 'same': the output has ceil(side / stride) places; what is missing is padded, the odd
            # pixel after.
            side = x.shape[-1]
            total = (-(-side // stride) - 1) * stride + 4 - side
            before, after = total // 2, total - total // 2
            x = functional.pad(x, (before, after, before, after))
            bare = number in (0, 5)
            x = functional.conv2d(x, next(values), next(values) if bare else None, stride)
            if not bare:
                mean = x.mean((0, 2, 3), keepdim=True)
                var = x.var((0, 2, 3), correction=0, keepdim=True)
                factor, offset = (next(values).view(1, filters, 1, 1) for _ in range(2))
                x = (x - mean) / (var + 1e-5).sqrt() * factor + offset
            if number < 5:
                x = torch.where(x > 0, x, 0.2 * x)
        x = torch.tanh(x.reshape(2, 256) @ next(values).T + next(values))
        expected = x @ next(values).T + next(values)

        assert (critic(rgb) - expected).abs().max() < 1e-5
    assert expected.std() > 1e-3


@pytest.mark.parametrize("size", [(128, 256), (256, 512), (255, 255)])
def test_the_dense_critic_takes_one_size(size):
    """Its dense layers are tied to the places of 256 x 256."""
    with pytest.raises(ValueError, match=f"256 x 256 pixels, not {size[1]} x {size[0]}"):
        DenseCritic("none", "linear")(torch.rand(1, 3, *size))


def test_a_patch_is_70_pixels():
    """The gradient of one score reaches exactly 70 x 70 pixels."""
    critic, rgb = PatchCritic("none", "linear"), torch.rand(1, 3, 256, 256, requires_grad=True)
    scores = critic(rgb)
    scores[0, 0, 15, 12].backward()
    reached = (rgb.grad.abs().sum((0, 1)) > 0).nonzero()
    (top, left), (bottom, right) = reached.min(0).values.tolist(), reached.max(0).values.tolist()

    assert scores.shape == (1, 1, 30, 30)
    assert (bottom - top + 1, right - left + 1) == (70, 70)
    # Three strides of 2: the next score looks 8 pixels on.
    assert top - left == 8 * (15 - 12)


def test_the_patch_critic_has_the_parameters_known_of_it():
    """2.765 M, as CycleGAN's code prints of the same network."""
    count = sum(p.numel() for p in PatchCritic("batch", "linear").parameters())

    assert count == pytest.approx(2.765e6, abs=1e3)


def test_the_patch_critic_by_hand():
    """C64-C128-C256-C512 of strides 2, 2, 2, 1, the norm not in the first, then one filter."""
    critic, rgb = PatchCritic("instance", "linear"), torch.rand(1, 3, 88, 70) * 2 - 1
    values = iter(critic.parameters())
    x = rgb
    for number, stride in enumerate((2, 2, 2, 1, 1)):
        weight, bias = next(values), next(values) if number in (0, 4) else None
        x = functional.conv2d(x, weight, bias, stride, padding=1)
        if 0 < number < 4:
            mean = x.mean((2, 3), keepdim=True)
            x = (x - mean) / (x.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        if number < 4:
            x = torch.where(x > 0, x, 0.2 * x)

    assert x.shape == (1, 1, 88 // 8 - 2, 70 // 8 - 2)
    assert torch.allclose(critic(rgb), x, atol=1e-5)


def test_the_patch_critic_refuses_less_than_a_patch():
    """The message gives width x height."""
    with pytest.raises(ValueError, match="at least 70 pixels, not 69 x 80"):
        PatchCritic("none", "linear")(torch.rand(1, 3, 80, 69))


@pytest.mark.parametrize("kind", ["deblurgan-dense", "patch"])
def test_the_sigmoid_end_is_the_logistic_function_of_the_linear_one(kind):
    """1 / (1 + exp(-score)) of the same weights."""
    recipe = CriticRecipe(kind=kind, norm="none")
    linear, sigmoid = make_critic(recipe, "linear"), make_critic(recipe, "sigmoid")
    sigmoid.load_state_dict(linear.state_dict())
    rgb = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        expected = 1 / (1 + torch.exp(-linear(rgb)))

        assert torch.allclose(sigmoid(rgb), expected, atol=1e-6)


def test_a_probability_is_not_rounded_to_bf16():
    """A score of 7 is a probability below 1 even under autocast; bf16 knows nothing between."""
    critic = PatchCritic("none", "sigmoid")
    with torch.no_grad():
        critic.convolutions[-1].weight.zero_()
        critic.convolutions[-1].bias.fill_(7)
        with torch.autocast("cpu", torch.bfloat16):
            score = critic(torch.rand(1, 3, 72, 72))

    assert score.mean().item() == pytest.approx(0.99908895, abs=1e-6)


@pytest.mark.parametrize("kind", ["deblurgan-dense", "patch"])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_without_batch_norm_a_score_is_its_pictures_own(kind, norm):
    """What the gradient penalty rests on: others of the batch change nothing, even in training."""
    critic = make_critic(CriticRecipe(kind=kind, norm=norm), "linear").train()
    rgb = torch.rand(2, 3, 256, 256)
    with torch.no_grad():
        assert torch.allclose(critic(rgb)[:1], critic(rgb[:1]), atol=1e-5)


@pytest.mark.parametrize("kind", ["deblurgan-dense", "patch"])
def test_convolutions_begin_as_the_originals(kind):
    """Normal with deviation 0.02; biases at zero."""
    critic = make_critic(CriticRecipe(kind=kind, norm="none"), "linear")
    for conv in (m for m in critic.modules() if isinstance(m, nn.Conv2d)):
        assert conv.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert conv.bias.abs().max() == 0
