"""Whether an exported generator computes what the trained one does, on engines at hand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx.reference import ReferenceEvaluator

from train.colour import BT709, chroma_weights, planes_from_image
from train.evaluate.score import Plane, RunPlanes
from train.evaluate.stills import runner_from_generator
from train.export.onnx_file import runner_from_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import onnx
    from torch import Tensor, nn

    from train.generators.planes import Generator
    from train.synthesis.light import Image8

LARGEST_DIFFERENCE = 1e-4
"""Of a residual in float32, in code / 2^depth: a fortieth of an 8-bit code."""
LEAST_BF16_DB = 50.0
"""PSNR of the picture in bf16 against float32's; an error of one 8-bit code is 48 dB."""
LARGEST_ACTIVATION = 8192.0
"""An eighth of what FP16 holds."""

Planes = tuple[Plane, Plane, Plane]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bf16Parity:
    """The restored picture in OpenVINO's bf16 against float32."""

    psnr_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far apart the implementations lie; differences in code / 2^depth."""

    pictures: int
    openvino_f32: float
    """Largest difference of OpenVINO in float32 from torch."""
    onnx_reference: float
    """Largest difference of ONNX's reference implementation from torch, on a small cut."""
    bf16: Bf16Parity
    largest_activation: float
    """Largest absolute value inside the network, over the pictures and over extreme ones."""

    def check(self) -> None:
        """Raise ValueError with every figure that is out of bounds."""
        faults = [
            f"{name} = {value} is beyond {bound}"
            for name, value, bound, good in (
                (
                    "openvino_f32",
                    self.openvino_f32,
                    LARGEST_DIFFERENCE,
                    self.openvino_f32 <= LARGEST_DIFFERENCE,
                ),
                (
                    "onnx_reference",
                    self.onnx_reference,
                    LARGEST_DIFFERENCE,
                    self.onnx_reference <= LARGEST_DIFFERENCE,
                ),
                (
                    "bf16.psnr_db",
                    self.bf16.psnr_db,
                    LEAST_BF16_DB,
                    self.bf16.psnr_db >= LEAST_BF16_DB,
                ),
                (
                    "largest_activation",
                    self.largest_activation,
                    LARGEST_ACTIVATION,
                    self.largest_activation <= LARGEST_ACTIVATION,
                ),
            )
            if not good
        ]
        if faults:
            raise ValueError(
                f"Parity failed, nothing was written: {'; '.join(faults)}."
                " Train longer or more gently."
            )

    def as_table(self) -> dict[str, object]:
        """The figures as plain values, rounded to what they mean."""
        table = asdict(self)
        for name in ("openvino_f32", "onnx_reference"):
            table[name] = float(f"{table[name]:.3g}")
        table["bf16"] = {"psnr_db": round(self.bf16.psnr_db, 2)}
        table["largest_activation"] = round(self.largest_activation, 2)
        return table


def measure_parity(
    generator: Generator, model: onnx.ModelProto, pictures: Sequence[Image8]
) -> Parity:
    """Compare torch, OpenVINO (f32, bf16) and ONNX's reference on RGB pictures."""
    multiple = generator.architecture.multiple_of
    fed = [planes_cut_to(picture, multiple) for picture in pictures]
    torch_runs = [runner_from_generator(generator)(*planes) for planes in fed]
    exact = [runner_from_model(model, "f32")(*planes) for planes in fed]
    low = [runner_from_model(model, "bf16")(*planes) for planes in fed]
    small = planes_cut_to(pictures[0][: 3 * multiple, : 4 * multiple], multiple)
    reference = runner_from_reference(model)(*small)
    return Parity(
        pictures=len(pictures),
        openvino_f32=max(map(largest_difference, torch_runs, exact)),
        onnx_reference=largest_difference(runner_from_generator(generator)(*small), reference),
        bf16=Bf16Parity(
            psnr_db=-10 * float(np.log10(np.mean([*map(rgb_error, exact, low)]) + 1e-12))
        ),
        largest_activation=largest_activation(generator, [*fed, *extreme_planes(multiple)]),
    )


def runner_from_reference(model: onnx.ModelProto) -> RunPlanes:
    """Let ONNX's own reference implementation run a model; slow."""
    session = ReferenceEvaluator(model)

    def run(y: Plane, u: Plane, v: Plane) -> Planes:
        dy, du, dv = map(np.asarray, session.run(None, {"y": y, "u": u, "v": v}))
        return dy, du, dv

    return run


def planes_cut_to(picture: Image8, multiple: int) -> Planes:
    """Turn RGB codes into y, u, v (1, 1, ., .), codes / 256, the sides cut to a multiple."""
    height, width = (side // multiple * multiple for side in picture.shape[:2])
    planes = planes_from_image(picture[:height, :width], BT709)
    y, u, v = (np.ascontiguousarray(plane[None, None] / 256, np.float32) for plane in planes)
    return y, u, v


def largest_difference(a: Planes, b: Planes) -> float:
    """Largest absolute difference over all samples."""
    return max(float(np.abs(p - q).max()) for p, q in zip(a, b, strict=True))


def rgb_error(a: Planes, b: Planes) -> float:
    """Mean squared difference as RGB shows it; see `colour.chroma_weights`."""
    weights = (1.0, *chroma_weights(BT709))
    errors = (float(np.square(p - q).mean()) for p, q in zip(a, b, strict=True))
    return sum(weight * error for weight, error in zip(weights, errors, strict=True))


def extreme_planes(multiple: int) -> Iterator[Planes]:
    """Black, white, noise of black and white, and stripes of one pixel: what no photo reaches."""
    side = 4 * multiple
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 2, (3, side, side)) * (255 / 256)
    stripes = np.tile(np.arange(side) % 2 * (255 / 256), (3, side, 1))
    for picture in (np.zeros((3, side, side)), np.full((3, side, side), 255 / 256), noise, stripes):
        y, u, v = picture.astype(np.float32)[:, None, None]
        half = side // 2
        yield y, u[:, :, :half, :half].copy(), v[:, :, :half, :half].copy()


def largest_activation(generator: Generator, fed: Sequence[Planes]) -> float:
    """Largest absolute value that any layer gives."""
    largest = 0.0

    def watch(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        nonlocal largest
        tensors = output if isinstance(output, tuple) else (output,)
        largest = max(largest, *(float(t.abs().max()) for t in tensors))

    handles = [module.register_forward_hook(watch) for module in generator.modules()]
    try:
        for planes in fed:
            runner_from_generator(generator)(*planes)
    finally:
        for handle in handles:
            handle.remove()
    return largest
