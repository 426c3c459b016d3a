"""The generator of DeblurGAN written as ONNX: an `rgb` generator of the package's contract."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from train.export.nodes import NodeWriter, model_from_graph
from train.generators.deblurgan import ResidualBlock

if TYPE_CHECKING:
    from torch.nn.modules.batchnorm import _BatchNorm

    from train.generators.deblurgan import DeblurganGenerator

VALUE_RANGE = "-1..1"
"""Of the picture that goes in and of the one that comes out."""


def fold_norms(generator: DeblurganGenerator) -> DeblurganGenerator:
    """Copy a generator in evaluation, every batch norm worked into the convolution before it.

    Batch norm then only scales and shifts channels. Instance norm depends on the picture, and stays.
    """
    folded = copy.deepcopy(generator).eval()
    for layers in [m for m in folded.modules() if isinstance(m, nn.Sequential)]:
        for at, (before, layer) in enumerate(pairwise([*layers])):
            if isinstance(layer, nn.BatchNorm2d):
                layers[at] = _fused(before, layer)
                layers[at + 1] = nn.Identity()
    return folded


def _fused(conv: nn.Module, norm: _BatchNorm) -> nn.Module:
    if not isinstance(conv, nn.Conv2d | nn.ConvTranspose2d):
        raise TypeError(f"a batch norm follows {conv}, no convolution")
    return fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))


def onnx_from_deblurgan(generator: DeblurganGenerator) -> onnx.ModelProto:
    """Write a generator without batch norm (see `fold_norms`) as an ONNX model.

    rgb -> restored, both float32 [N, 3, H, W] in [-1, 1] (what comes out may leave it), any N, and
    any H and W that are multiples of 4.
    """
    return model_from_graph(_Graph(generator).build())


class _Graph(NodeWriter):
    def __init__(self, generator: DeblurganGenerator) -> None:
        super().__init__(generator)
        self.generator = generator

    def build(self) -> onnx.GraphProto:
        x = self._layers(self.generator.layers, "rgb")
        change = self.op("Tanh", "change", self.conv(self.generator.tail, x))
        self.op("Add", "restored", "rgb", change)
        into, out = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3, "height", "width"])
            for name in ("rgb", "restored")
        )
        return helper.make_graph(self.nodes, "generator", [into], [out], self.weights)

    def _layers(self, layers: nn.Module, x: str) -> str:
        for layer in layers.children():
            x = self._layer(layer, x)
        return x

    def _layer(self, layer: nn.Module, x: str) -> str:
        name = self.names[layer]
        match layer:
            case ResidualBlock():
                return self.op("Add", f"{name}.sum", x, self._layers(layer.layers, x))
            case nn.ReflectionPad2d():
                return self._pad(layer, x)
            case nn.Conv2d():
                return self.conv(layer, x)
            case nn.ConvTranspose2d():
                return self._transposed(layer, x)
            case nn.InstanceNorm2d():
                return self._instance_norm(layer, x)
            case nn.Upsample():
                scales = self.constant(f"{name}.scales", np.array([1, 1, 2, 2], np.float32))
                nearest = {
                    "mode": "nearest",
                    "coordinate_transformation_mode": "asymmetric",
                    "nearest_mode": "floor",
                }
                return self.op("Resize", f"{name}.out", x, "", scales, **nearest)
            case nn.ReLU():
                return self.relu(x)
            case nn.Dropout() | nn.Identity():
                return x
        raise TypeError(f"{name} = {layer} cannot be written as ONNX")

    def _pad(self, layer: nn.ReflectionPad2d, x: str) -> str:
        left, right, top, bottom = layer.padding
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        name = self.names[layer]
        pads_name = self.constant(f"{name}.pads", pads)
        return self.op("Pad", f"{name}.out", x, pads_name, mode="reflect")

    def _transposed(self, layer: nn.ConvTranspose2d, x: str) -> str:
        attributes = {
            "kernel_shape": list(layer.kernel_size),
            "strides": list(layer.stride),
            "pads": [int(p) for p in layer.padding] * 2,
            "output_padding": list(layer.output_padding),
        }
        result = f"{self.names[layer]}.out"
        return self.op("ConvTranspose", result, x, *self.parameters(layer), **attributes)

    def _instance_norm(self, layer: nn.InstanceNorm2d, x: str) -> str:
        name, width = self.names[layer], layer.num_features
        scale = self.constant(f"{name}.scale", np.ones(width, np.float32))
        shift = self.constant(f"{name}.shift", np.zeros(width, np.float32))
        return self.op("InstanceNormalization", f"{name}.out", x, scale, shift, epsilon=layer.eps)
