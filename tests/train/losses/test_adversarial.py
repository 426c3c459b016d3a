"""Generator against critic: losses by hand, the gradient penalty by hand, clipping, refusals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from train.critics import CriticRecipe, make_critic
from train.losses.adversarial import (
    AdversarialRecipe,
    clip_weights,
    critic_loss,
    generator_loss,
    gradient_penalty,
)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


PATCH = CriticRecipe(kind="patch", norm="instance")
LIPSCHITZ = {"wasserstein": "clip"}


def recipe_of(loss):
    return AdversarialRecipe(loss=loss, critic=PATCH, lipschitz=LIPSCHITZ.get(loss, "none"))


REAL, FAKE = [[2.0], [0.5], [-1.0]], [[-2.0], [0.0], [0.5]]


@pytest.mark.parametrize(
    ("loss", "critic", "generator"),
    [
        # means: real 0.5, fake -0.5
        ("wasserstein", -0.5 - 0.5, 0.5),
        # relu(1 - real) = 0, 0.5, 2; relu(1 + fake) = 0, 1, 1.5
        ("hinge", 2.5 / 3 + 2.5 / 3, 0.5),
        # (real - 1)^2 = 1, 0.25, 4; fake^2 = 4, 0, 0.25; (fake - 1)^2 = 9, 1, 0.25
        ("least-squares", (5.25 / 3 + 4.25 / 3) / 2, 10.25 / 3 / 2),
    ],
)
@pytest.mark.parametrize("shape", [(3, 1), (1, 1, 3, 1)])
def test_losses_of_any_scores_by_hand(loss, critic, generator, shape):
    """Scores of pictures and of patches alike are averaged."""
    real, fake = torch.tensor(REAL).view(shape), torch.tensor(FAKE).view(shape)

    assert critic_loss(real, fake, recipe_of(loss)).item() == pytest.approx(critic)
    assert generator_loss(fake, recipe_of(loss)).item() == pytest.approx(generator)


def test_cross_entropy_of_probabilities_by_hand():
    """-log real - log(1 - fake), and -log fake for the generator, under autocast as well."""
    real, fake = torch.tensor([[0.5], [0.25]]), torch.tensor([[0.5], [0.75]])
    recipe = recipe_of("cross-entropy")
    with torch.autocast("cpu", torch.bfloat16):
        critic, generator = critic_loss(real, fake, recipe), generator_loss(fake, recipe)

    assert critic.item() == pytest.approx((math.log(2) + math.log(4)) / 2 * 2)
    assert generator.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


@pytest.mark.parametrize("loss", ["wasserstein", "hinge", "least-squares", "cross-entropy"])
def test_each_side_pulls_its_own_way(loss):
    """The critic wants real up and fake down, the generator fake up."""
    real, fake = torch.full((2, 1), 0.4).requires_grad_(), torch.full((2, 1), 0.6).requires_grad_()
    wants = torch.autograd.grad(critic_loss(real, fake, recipe_of(loss)), (real, fake))
    (pull,) = torch.autograd.grad(generator_loss(fake, recipe_of(loss)), fake)

    assert (wants[0] < 0).all()
    assert (wants[1] > 0).all()
    assert (pull < 0).all()


@pytest.mark.parametrize(
    ("loss", "end"),
    [
        ("wasserstein", "linear"),
        ("hinge", "linear"),
        ("least-squares", "linear"),
        ("cross-entropy", "sigmoid"),
    ],
)
def test_only_cross_entropy_wants_probabilities(loss, end):
    """Which end the critic has to have."""
    assert recipe_of(loss).end == end


class Linear(nn.Module):
    """<weight, picture>: its gradient is `weight` everywhere."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, rgb):
        """(N, 3, H, W) -> (N, 1)."""
        return (self.weight * rgb).sum((1, 2, 3)).view(-1, 1)


def pictures(count=3):
    random = torch.Generator().manual_seed(5)
    return (torch.rand(count, 3, 4, 5, generator=random) for _ in range(2))


class TestGradientPenalty:
    """arXiv 1704.00028, eq. 3."""

    @pytest.mark.parametrize("weight", [0.5, 0.1, -0.3, 0.0])
    def test_of_a_linear_critic_by_hand(self, weight):
        """60 equal weights have the norm |w| sqrt(60); its distance from 1, squared."""
        critic = Linear(torch.full((3, 4, 5), weight))
        penalty = gradient_penalty(critic, *pictures(), torch.Generator())

        assert penalty.item() == pytest.approx((abs(weight) * math.sqrt(60) - 1) ** 2)

    def test_pulls_the_slope_towards_1(self):
        """Its own gradient is 2 (|w| - 1) w / |w|: what the critic learns from it."""
        critic = Linear(torch.linspace(-1, 1, 60).view(3, 4, 5))
        gradient_penalty(critic, *pictures(), torch.Generator()).backward()
        weight = critic.weight.detach()
        norm = weight.square().sum().sqrt()

        assert torch.allclose(critic.weight.grad, 2 * (norm - 1) * weight / norm, atol=1e-5)

    def test_a_flat_critic_does_not_give_nan(self):
        """Where the gradient is zero the norm has none; it counts as 1 away and pulls nowhere."""
        critic = Linear(torch.zeros(3, 4, 5))
        penalty = gradient_penalty(critic, *pictures(), torch.Generator())
        penalty.backward()

        assert penalty.item() == 1
        assert critic.weight.grad.abs().max() == 0

    def test_each_sample_has_its_own_point_between_its_two_pictures(self):
        """The slope of |x|^2 / 2 is x itself: it shows where each point lies."""
        at = []

        class Watch(nn.Module):
            def forward(self, rgb):
                at.append(rgb.detach())
                return rgb.square().sum((1, 2, 3)).view(-1, 1) / 2

        real, fake = pictures(4)
        penalty = gradient_penalty(Watch(), real, fake, torch.Generator().manual_seed(1))
        shares = (at[0] - real) / (fake - real)
        per_sample = shares.flatten(1)

        # One share for all of a sample's values, another for each sample, within 0 and 1.
        assert (per_sample.amax(1) - per_sample.amin(1)).max() < 1e-3
        assert per_sample.mean(1).sort().values.diff().min() > 0.01
        assert per_sample.min() >= 0
        assert per_sample.max() <= 1
        norms = at[0].flatten(1).square().sum(1).sqrt()
        assert penalty.item() == pytest.approx((norms - 1).square().mean().item(), rel=1e-5)

    def test_a_patch_critics_score_is_the_mean_of_its_patches(self):
        """A 1x1 convolution of weights w on 4 x 5 places: the norm is |w| / sqrt(20)."""
        critic = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(critic.weight, 2)
        penalty = gradient_penalty(critic, *pictures(), torch.Generator())

        assert penalty.item() == pytest.approx((math.sqrt(12 / 20) - 1) ** 2, rel=1e-5)

    def test_nothing_flows_back_into_the_generator(self):
        """The penalty is the critic's alone."""
        real, fake = pictures()
        fake.requires_grad_()
        critic = Linear(torch.ones(3, 4, 5))
        gradient_penalty(critic, real, fake, torch.Generator()).backward()

        assert fake.grad is None
        assert critic.weight.grad is not None

    def test_is_in_float32_under_autocast(self):
        """A gradient in bf16 would have three digits."""
        critic = make_critic(CriticRecipe(kind="patch", norm="instance"), "linear")
        real, fake = torch.rand(2, 1, 3, 72, 72, generator=torch.Generator().manual_seed(0))
        plain = gradient_penalty(critic, real, fake, torch.Generator().manual_seed(1))
        with torch.autocast("cpu", torch.bfloat16):
            cast = gradient_penalty(critic, real, fake, torch.Generator().manual_seed(1))

        assert cast.item() == plain.item()
        assert plain.item() > 0


def test_clipping_takes_every_parameter():
    """Weights, biases and a norm's factors; what is within the bound stays as it is."""
    critic = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    for parameter in critic.parameters():
        nn.init.constant_(parameter, 3)
    with torch.no_grad():
        critic[0].weight.copy_(torch.tensor([0.004, -5.0]).view(2, 1, 1, 1))
    clip_weights(critic, 0.01)

    given = [p.flatten().tolist() for p in critic.parameters()]
    low, high = pytest.approx(-0.01), pytest.approx(0.01)
    assert given == [[pytest.approx(0.004), low], [high, high], [high, high], [high, high]]


def make(**changed):
    values = {"loss": "wasserstein", "critic": PATCH, "lipschitz": "gradient-penalty"}
    return AdversarialRecipe(**(values | changed))


def test_the_defaults_are_those_of_the_papers():
    """Clip at 0.01 (1701.07875), penalty 10 (1704.00028), five critic updates (both)."""
    recipe = make()

    assert (recipe.clip, recipe.penalty, recipe.updates, recipe.weight) == (0.01, 10, 5, 1)


BATCH = CriticRecipe(kind="deblurgan-dense", norm="batch")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"critic": BATCH}, "batch norm makes a score depend on the whole batch .*section 4"),
        ({"lipschitz": "none"}, "'wasserstein' with lipschitz = 'none'"),
        ({"loss": "hinge"}, "'gradient-penalty' belongs to the Wasserstein loss, not to 'hinge'"),
        ({"loss": "cross-entropy", "lipschitz": "clip"}, "'clip' belongs to the Wasserstein loss"),
        ({"clip": 0.0}, "clip = 0.0"),
        ({"penalty": -1.0}, "penalty = -1.0"),
        ({"updates": 0}, "updates = 0"),
        ({"weight": -0.5}, "weight = -0.5"),
    ],
)
def test_what_does_not_go_together_is_refused(changed, message):
    """The error says why and what to take."""
    with pytest.raises(ValueError, match=message):
        make(**changed)


def test_clipping_goes_with_batch_norm():
    """The pair of arXiv 1701.07875."""
    assert make(critic=BATCH, lipschitz="clip").critic.norm == "batch"
