"""Writing a network as ONNX node by node: the networks are so plain that no tracer is needed.

A file keeps FP16 weights, each behind a Cast, and computes in float32: half the size, and an engine
that wants another type may choose it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

OPSET = 17
IR_VERSION = 8


def model_from_graph(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Make a checked model of a graph."""
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    model.producer_name = "deblurvid train"
    onnx.checker.check_model(model, full_check=True)
    return model


def round_weights(generator: nn.Module) -> None:
    """Round every weight to the nearest FP16 number, as the file will hold it.

    Raises:
        ValueError: a weight leaves the range of FP16.
    """
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            rounded = parameter.half().float()
            if not torch.isfinite(rounded).all():
                raise ValueError(f"{name} leaves the range of FP16. Train with more weight_decay.")
            parameter.copy_(rounded)


class NodeWriter:
    """Nodes and weights as they are written; methods return the name of their result."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.names = {module: name for name, module in network.named_modules()}
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def conv(self, conv: nn.Conv2d, x: str) -> str:
        """Write a convolution, padded by zeros as torch does."""
        name = self.names[conv]
        attributes = {
            "kernel_shape": list(conv.kernel_size),
            "strides": list(conv.stride),
            "pads": [int(p) for p in conv.padding] * 2,
        }
        return self.op("Conv", f"{name}.out", x, *self.parameters(conv), **attributes)

    def parameters(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> list[str]:
        """Write a layer's weight and, where it has one, its bias."""
        kinds = ("weight",) if layer.bias is None else ("weight", "bias")
        return [self._weight(f"{self.names[layer]}.{kind}") for kind in kinds]

    def _weight(self, name: str) -> str:
        return self.half(name, self.network.get_parameter(name))

    def half(self, name: str, values: torch.Tensor) -> str:
        """Store FP16 numbers and a Cast to float32; give the name of its result, `name`."""
        self.constant(f"{name}.fp16", values.detach().half().numpy())
        return self.op("Cast", name, f"{name}.fp16", to=TensorProto.FLOAT)

    def relu(self, x: str) -> str:
        """Write max(x, 0)."""
        return self.op("Relu", f"{x}.relu", x)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Store an array."""
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def op(self, kind: str, result: str, *inputs: str, **attributes: Any) -> str:
        """Write a node that gives `result`."""
        self.nodes.append(
            helper.make_node(kind, list(inputs), [result], name=f"{result}/{kind}", **attributes)
        )
        return result
