"""The perceptual loss: how far two pictures are apart in the eyes of a network that classifies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.losses.vgg import VggFeatures, input_scale, read_vgg

if TYPE_CHECKING:
    from pathlib import Path

    from train.losses.vgg import Network


class PerceptualLoss(nn.Module):
    """Mean squared error of VGG features of two pictures.

    Johnson et al., arXiv 1603.08155, eq. 2: over channels and places alike. DeblurGAN's eq. 4
    (Kupyn et al., arXiv 1711.07064) divides by the places alone; its code does as is done here.
    It is divided by the square of how much larger the file's network wants its input than [-1, 1],
    which both originals feed: features are about proportional to it, so one weight in a sum serves
    files of either preprocessing.
    """

    def __init__(
        self, *, network: Network = "vgg16", layer: str = "block3_conv3", weights: Path
    ) -> None:
        """Read the weights.

        Raises:
            OSError: the file is missing. There are no features without one.
            ValueError: the file does not fit the network, or there is no such layer.
        """
        super().__init__()
        file = read_vgg(weights)
        self.features = VggFeatures(file, network, layer)
        self.scale = input_scale(file.preprocessing) ** 2
        note = f": {file.note}" if file.note else ""
        self.sha256 = file.sha256
        self.source = f"{network} {layer} of {file.name}, SHA-256 {file.sha256}{note}"
        """What the loss is made of, in words, for logs and papers."""

    def forward(self, restored: Tensor, sharp: Tensor) -> Tensor:
        """Compare R'G'B' (N, 3, H, W) in [0, 1], both: a scalar, the mean over the batch.

        The gradient goes to `restored` only.
        """
        with torch.no_grad():
            aim = self.features(sharp)
        distance: Tensor = (self.features(restored).float() - aim.float()).square().mean()
        return distance / self.scale
