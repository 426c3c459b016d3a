"""A larger U-Net that begins as a smaller one: what was learnt cheaply need not be learnt again.

As Net2Net (Chen, Goodfellow and Shlens, arXiv 1511.05641) the larger network computes the same
function at first. The smaller one's channels come first and hear nothing of the new ones, whose
own weights are random, so that gradients differ; new blocks stand behind the old ones of their
level and begin as the identity, new gates at 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from train.generators.planes import PlanesArchitecture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from train.generators import Architecture


def check_growth(small: Architecture, large: Architecture) -> None:
    """Raise ValueError unless `large` is `small`, or holds it as a part."""
    if small != large and not _holds(large, small):
        raise ValueError(
            f"Weights of {small} cannot begin a run of {large}. The architecture must be the same,"
            " or a U-Net of residual blocks with the same fold and levels, and at least as many"
            " channels and blocks at each."
        )


def _holds(large: Architecture, small: Architecture) -> bool:
    if not (isinstance(large, PlanesArchitecture) and isinstance(small, PlanesArchitecture)):
        return False
    if (large.fold, len(large.widths)) != (small.fold, len(small.widths)):
        return False
    if (large.block, small.block) != ("residual", "residual"):
        return False
    if small.spectrum and not large.spectrum:
        return False
    pairs = zip(
        (*large.widths, *large.encoder_blocks, *large.decoder_blocks),
        (*small.widths, *small.encoder_blocks, *small.decoder_blocks),
        strict=True,
    )
    return all(more >= less for more, less in pairs)


@torch.no_grad()
def grown(fresh: Mapping[str, Tensor], small: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put the parameters of a small network into those of a freshly made large one.

    Args:
        fresh: the large network's parameters by name.
        small: the small one's. What `fresh` does not name is left out. See `check_growth`.

    Returns:
        The large network's parameters; with them it computes what the small one does.
    """
    parameters = {name: value.clone() for name, value in fresh.items()}
    for name, value in parameters.items():
        if name in small:
            _embed(value, small[name])
        elif ".second." in name and not name.startswith("spectrum."):
            value.zero_()  # a new block adds nothing yet
    return parameters


def _embed(large: Tensor, small: Tensor) -> None:
    """Write weights (o, i, h, w), or biases (o,), into the first rows of larger ones."""
    outputs = small.shape[0]
    if small.ndim == 1:
        large[:outputs] = small
        return
    inputs = small.shape[1]
    large[:outputs, :inputs] = small
    large[:outputs, inputs:] = 0
