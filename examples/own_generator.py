"""A network of your own, from PyTorch to a restored video. Needs torch: `pip install ".[train]"`.

    python examples/own_generator.py examples/shaky.mp4 out.mp4 own.onnx

Any image-to-image network will do: one picture [1, 3, height, width] of RGB in [0, 1] in, the restored
one out. Colour, chroma, bit depth, padding and rounding are put around it by deblurvid.
"""

from __future__ import annotations

import sys

import onnx
import torch
from torch import nn

from deblurvid import deblur_video


class Sharpen(nn.Module):
    """Adds detail to a picture. Put your network here, and load its weights."""

    def __init__(self) -> None:
        """Begin with detail = what a pixel differs from its mean over 3x3."""
        super().__init__()
        self.detail = nn.Conv2d(3, 3, 3, padding=1, padding_mode="replicate", groups=3, bias=False)
        kernel = torch.full((3, 3), -1 / 9)
        kernel[1, 1] += 1
        self.detail.weight.data[:] = kernel

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        """[N, 3, height, width] in [0, 1] -> the same."""
        return (rgb + 0.8 * self.detail(rgb)).clamp(0, 1)


def export(network: nn.Module, path: str) -> None:
    """Write the network as ONNX with free height and width, and say what it is."""
    sizes = {0: "n", 2: "height", 3: "width"}
    torch.onnx.export(
        network.eval(), (torch.rand(1, 3, 64, 64),), path, opset_version=17,
        input_names=["rgb"], output_names=["restored"],
        dynamic_axes={"rgb": sizes, "restored": sizes},
        dynamo=False,  # the newer exporter needs onnxscript too
    )  # fmt: skip
    model = onnx.load(path)
    # All of it may be left out; see deblurvid/graph/contract.py for more.
    said = {"deblurvid.name": "own", "deblurvid.range": "0..1", "deblurvid.multiple_of": "1"}
    onnx.helper.set_model_props(model, said)
    onnx.save(model, path)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: own_generator.py SOURCE TARGET GENERATOR.onnx")
    source, target, generator = sys.argv[1:]
    export(Sharpen(), generator)
    for event in deblur_video(source, target, engine=generator, overwrite=True):
        print(event)
