"""The features of VGG16 and VGG19 (Simonyan and Zisserman, arXiv 1409.1556), weights from a file.

Layers have Keras' names, `block3_conv3` being the third convolution of the third block, and give
what comes *after* its ReLU, as Keras' layers of those names do. In torchvision's `features` that
convolution is number 14 and its ReLU number 15, in VGG16 and VGG19 alike: who cuts there after
number 14, as the PyTorch DeblurGAN does, gets the values *before* ReLU.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

if TYPE_CHECKING:
    from pathlib import Path

Network = Literal["vgg16", "vgg19"]
Preprocessing = Literal["imagenet", "caffe"]
"""What a network's weights were trained on; see `normalise`."""
_WIDTHS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions of each block: table 1 of the paper, columns D and E."""
_STATISTICS = {
    # Of torchvision's weights, in units of R'G'B' in [0, 1].
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # Of weights from Caffe: codes of 0..255 minus their mean over ImageNet.
    "caffe": ((122.67892 / 255, 116.66877 / 255, 104.00699 / 255), (1 / 255,) * 3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VggConvolution:
    """One 3x3 convolution of the network."""

    block: int
    """From 1 on."""
    place: int
    """Within its block, from 1 on."""
    index: int
    """Its number in torchvision's `features`; ReLUs and poolings count as well."""
    inputs: int
    outputs: int

    @property
    def name(self) -> str:
        """Keras' name."""
        return f"block{self.block}_conv{self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VggFile:
    """A file of weights and its papers."""

    tensors: dict[str, Tensor]
    """`features.N.weight` (O, I, 3, 3) and `features.N.bias` (O,), by torchvision's numbers."""
    preprocessing: Preprocessing
    note: str
    """What its maker says of the weights; empty if nothing."""
    name: str
    sha256: str


class VggFeatures(nn.Module):
    """The network up to one layer, frozen, in evaluation."""

    def __init__(self, file: VggFile, network: Network, layer: str) -> None:
        """Build the layers up to `layer` and give them the file's weights.

        Raises:
            ValueError: no such layer, or a tensor is missing or of another shape.
        """
        super().__init__()
        _check_network(file, network)
        self.preprocessing = file.preprocessing
        layers: list[nn.Module] = []
        for row in _rows_until(network, layer):
            if row.block > 1 and row.place == 1:
                layers.append(nn.MaxPool2d(2))
            conv = nn.Conv2d(row.inputs, row.outputs, 3, padding=1)
            for name, parameter in conv.named_parameters():
                parameter.data = _tensor(file, f"features.{row.index}.{name}", parameter)
            layers += [conv, nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.eval().requires_grad_(requires_grad=False)

    def forward(self, rgb: Tensor) -> Tensor:
        """Give the features of R'G'B' (N, 3, H, W) in [0, 1]: (N, C, h, w), none below zero."""
        return cast("Tensor", self.layers(normalise(rgb, self.preprocessing)))


def input_scale(preprocessing: Preprocessing) -> float:
    """How much larger a network's input is than a picture in [-1, 1]: its features are as well."""
    deviations = _STATISTICS[preprocessing][1]
    return 0.5 * len(deviations) / sum(deviations)


def normalise(rgb: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Turn R'G'B' (N, 3, H, W) in [0, 1] into what the weights were trained on.

    imagenet: minus the mean, over the deviation, as torchvision's weights want it. caffe: codes of
    0..255 minus their mean, as the original's want it; here in the order R, G, B.
    """
    mean, deviation = (rgb.new_tensor(v).view(3, 1, 1) for v in _STATISTICS[preprocessing])
    return (rgb - mean) / deviation


def vgg_convolutions(network: Network) -> list[VggConvolution]:
    """List a network's convolutions, the first first."""
    rows, index, inputs = [], 0, 3
    for block, (count, width) in enumerate(
        zip(_CONVOLUTIONS[network], _WIDTHS, strict=True), start=1
    ):
        for place in range(1, count + 1):
            rows.append(
                VggConvolution(block=block, place=place, index=index, inputs=inputs, outputs=width)
            )
            index, inputs = index + 2, width
        index += 1
    return rows


def read_vgg(path: Path) -> VggFile:
    """Read weights: torchvision's state dict as .pth, or the same names in .safetensors.

    The metadata of a .safetensors may say `preprocessing` (without it "imagenet", torchvision's)
    and `note`. A .pth is read without running code from it.

    Raises:
        OSError: there is no such file.
        ValueError: it is neither, or broken, or names an unknown preprocessing.
    """
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    tensors, metadata = (
        _read_safetensors(path) if path.suffix == ".safetensors" else _read_pth(path)
    )
    preprocessing = metadata.get("preprocessing", "imagenet")
    if preprocessing not in _STATISTICS:
        raise ValueError(
            f"{path} says preprocessing = {preprocessing!r}; known are {sorted(_STATISTICS)}."
        )
    return VggFile(
        tensors=tensors,
        preprocessing=cast("Preprocessing", preprocessing),
        note=metadata.get("note", ""),
        name=path.name,
        sha256=sha256,
    )


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is no whole .safetensors file: {error}.") from error


def _read_pth(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} cannot be read as weights alone: {reason} Give torchvision's state dict as"
            " .pth, or a .safetensors."
        ) from error
    if isinstance(state, dict):
        return state, {}
    raise ValueError(f"{path} holds a {type(state).__name__}, not a state dict.")


def _rows_until(network: Network, layer: str) -> list[VggConvolution]:
    rows = vgg_convolutions(network)
    names = [row.name for row in rows]
    if layer not in names:
        raise ValueError(f"{network} has no layer {layer!r}. It has {', '.join(names)}.")
    return rows[: names.index(layer) + 1]


def _check_network(file: VggFile, network: Network) -> None:
    """Refuse the other network's file, whose first layers have the same names and shapes."""
    # The fourth convolution of VGG19's third block stands where VGG16 pools.
    theirs = "vgg19" if "features.16.weight" in file.tensors else "vgg16"
    whole = theirs == "vgg19" or "features.17.weight" in file.tensors
    if whole and theirs != network:
        raise ValueError(
            f"{file.name} holds {theirs}, and the recipe wants {network}. Give that network's file,"
            " or change perceptual.network."
        )


def _tensor(file: VggFile, name: str, like: Tensor) -> Tensor:
    tensor = file.tensors.get(name)
    if tensor is None:
        raise ValueError(
            f"{file.name} has no tensor {name}. Give torchvision's state dict of the network."
        )
    if tensor.shape != like.shape:
        raise ValueError(
            f"{file.name}: {name} has the shape {tuple(tensor.shape)}, not {tuple(like.shape)}. Is"
            " it of the other network?"
        )
    return tensor.float().clone()
