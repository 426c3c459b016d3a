"""The critic's side of a step: it learns to tell restored pictures from sharp ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from train.losses.adversarial import clip_weights, critic_loss, gradient_penalty

if TYPE_CHECKING:
    from torch import Tensor

    from train.checkpoint import Adversary
    from train.loop.tools import Tools
    from train.losses.adversarial import AdversarialRecipe


def train_critic(
    adversary: Adversary,
    recipe: AdversarialRecipe,
    pictures: tuple[Tensor, Tensor],
    *,
    seed: int,
    rate: float,
    tools: Tools,
) -> float:
    """Take the critic's steps on one batch; give its mean loss over them, the penalty included.

    All updates see the same restored pictures, as in the Keras DeblurGAN: making new ones would
    cost more than the updates do.

    Args:
        adversary: the critic and its optimiser.
        recipe: losses and number of updates.
        pictures: sharp and restored, each (N, 3, H, W) in [-1, 1]; nothing flows back.
        seed: of the points at which the gradient penalty is taken.
        rate: learning rate.
        tools: device and processes.
    """
    rng = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(recipe.updates):
        loss = _loss(adversary, recipe, pictures, rng, tools)
        adversary.optimiser.zero_grad()
        torch.autograd.backward(loss)
        tools.ranks.average_gradients(adversary.critic.parameters())
        for group in adversary.optimiser.param_groups:
            group["lr"] = rate
        adversary.optimiser.step()
        if recipe.lipschitz == "clip":
            clip_weights(adversary.critic, recipe.clip)
        total += float(loss.detach())
    return total / recipe.updates


def _loss(
    adversary: Adversary,
    recipe: AdversarialRecipe,
    pictures: tuple[Tensor, Tensor],
    rng: torch.Generator,
    tools: Tools,
) -> Tensor:
    sharp, restored = pictures
    with tools.compute.critic_autocast():
        loss = critic_loss(adversary.critic(sharp), adversary.critic(restored), recipe)
    if recipe.lipschitz == "gradient-penalty":
        loss = loss + recipe.penalty * gradient_penalty(adversary.critic, sharp, restored, rng)
    return loss
