"""Whether an exported generator computes what the trained one does, on engines at hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from onnx.reference import ReferenceEvaluator

from deblurvid.graph.contract import BF16_FLOOR_DB
from deblurvid.graph.precision import retyped
from train.evaluate.onnx_file import openvino_session, runner_from_session
from train.evaluate.restore import Array, Arrays, Run, arrays_from_image, runner_from_generator
from train.losses.fidelity import rgb_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor, nn

    from deblurvid.graph.contract import Generator as Exported
    from train.generators import Generator
    from train.synthesis.light import Image8

LARGEST_DIFFERENCE = 1e-4
"""Of a residual in float32, in the unit of the picture: a fortieth of an 8-bit code."""
LEAST_DB = BF16_FLOOR_DB
"""PSNR of the picture in a half precision against float32's; an error of one 8-bit code is 48 dB."""
LARGEST_ACTIVATION = 8192.0
"""An eighth of what FP16 holds."""
REFERENCE_SIDE = 48
"""Least pixels a side of the pictures for ONNX's reference implementation, which is slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far residuals in float32 lie from torch's, in the unit of the picture, over all."""

    largest: float
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far apart the implementations of one generator lie."""

    pictures: int
    """Real pictures and pictures of noise that all figures but those of small cuts are over."""
    onnx_reference: Difference
    """ONNX's own implementation, on small cuts of a real picture and of noise."""
    openvino_f32: Difference
    onnxruntime: Difference
    bf16_db: float
    """PSNR of the restored picture in OpenVINO's bf16 against its f32."""
    fp16_db: float
    """PSNR in FP16 against float32, both of ONNX's implementation on the small cuts. See [FP16]."""
    fp16_finite: bool
    """Whether nothing inside left the range of FP16 there."""
    largest_activation: float
    """Largest absolute value that a layer gives, over the pictures and over extreme ones."""

    def wrong(self) -> list[str]:
        """Say which engine computes something else than torch, in float32."""
        return [
            f"{name} differs by {difference.largest:.3g}, more than {LARGEST_DIFFERENCE}"
            for name, difference in self._differences().items()
            if not difference.largest <= LARGEST_DIFFERENCE
        ]

    def lossy(self) -> list[str]:
        """Say which half precision the generator is not fit for, and why."""
        faults = [
            f"{name} keeps {decibel:.1f} dB of {LEAST_DB:.0f}"
            for name, decibel in (("bf16", self.bf16_db), ("fp16", self.fp16_db))
            if not decibel >= LEAST_DB
        ]
        if not self.fp16_finite:
            faults.append("fp16 overflows")
        if not self.largest_activation <= LARGEST_ACTIVATION:
            faults.append(
                f"activations reach {self.largest_activation:.3g}, more than {LARGEST_ACTIVATION}"
            )
        return faults

    def as_table(self) -> dict[str, Any]:
        """The figures as plain values for the metadata, rounded to what they mean."""
        differences = {
            name: {"max": float(f"{d.largest:.3g}"), "mean": float(f"{d.mean:.3g}")}
            for name, d in self._differences().items()
        }
        return {
            "pictures": self.pictures,
            **differences,
            "bf16": {"psnr_db": round(self.bf16_db, 2)},
            "fp16": {"psnr_db": round(self.fp16_db, 2), "finite": self.fp16_finite},
            "largest_activation": round(self.largest_activation, 2),
            "failed": self.lossy(),
        }

    def _differences(self) -> dict[str, Difference]:
        return {
            name: getattr(self, name) for name in ("onnx_reference", "openvino_f32", "onnxruntime")
        }


def measure_parity(generator: Generator, exported: Exported, images: Sequence[Image8]) -> Parity:
    """Compare torch with every engine on RGB pictures and on noise of their size.

    Args:
        generator: the network, its weights rounded as the file holds them.
        exported: the file's generator.
        images: real pictures, at least one, RGB codes (H, W, 3).
    """
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, images[0].shape, np.uint8)
    kind, multiple = exported.kind, exported.multiple_of
    fed = [arrays_from_image(image, kind, multiple) for image in (*images, noise)]
    side = -(-REFERENCE_SIDE // multiple) * multiple
    small = [arrays_from_image(image[:side, :side], kind, multiple) for image in (images[0], noise)]
    torch_run = runner_from_generator(generator)
    exact = [torch_run(picture) for picture in fed]
    f32 = _run_all(runner_from_session(exported, openvino_session(exported.model, "f32")), fed)
    bf16 = _run_all(runner_from_session(exported, openvino_session(exported.model, "bf16")), fed)
    reference = _run_all(reference_runner(exported), small)
    half, finite = run_in_fp16(exported, small)
    extreme = [arrays_from_image(image, kind, multiple) for image in extreme_images(4 * multiple)]
    return Parity(
        pictures=len(fed),
        onnx_reference=difference(_run_all(torch_run, small), reference),
        openvino_f32=difference(exact, f32),
        onnxruntime=difference(exact, _run_all(onnxruntime_runner(exported), fed)),
        bf16_db=_psnr(f32, bf16),
        fp16_db=_psnr(reference, half),
        fp16_finite=finite,
        largest_activation=largest_activation(generator, [*fed, *extreme]),
    )


def _run_all(run: Run, pictures: Iterable[Arrays]) -> list[Arrays]:
    return [run(picture) for picture in pictures]


def reference_runner(exported: Exported) -> Run:
    """Let ONNX's own reference implementation run a generator; slow."""
    evaluator = ReferenceEvaluator(exported.model)
    return runner_from_session(
        exported, lambda names, feed: cast("list[Any]", evaluator.run(names, feed))
    )


def onnxruntime_runner(exported: Exported) -> Run:
    """Let ONNX Runtime run a generator on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        exported.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return runner_from_session(exported, session.run)


def run_in_fp16(exported: Exported, pictures: Iterable[Arrays]) -> tuple[list[Arrays], bool]:
    """Run the graph that TensorRT gets for FP16, and tell whether all it computes is finite.

    Note: [FP16]. ONNX's reference implementation really keeps float16 arrays between nodes, so that
    what passes 65504 is infinite there; ONNX Runtime's CPU computes in float32 and hides it. Norms
    stay float32, as `deblurvid.graph.precision` has them. Samples that are not finite count as no
    change, as in the package's graph.
    """
    evaluator = ReferenceEvaluator(retyped(exported.model, "fp16"))
    finite = True

    def session(names: list[str], feed: dict[str, Array]) -> list[Array]:
        nonlocal finite
        with np.errstate(over="ignore", invalid="ignore"):
            values = cast("dict[str, Any]", evaluator.run(None, feed, intermediate=True))
        floats = [v for v in values.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
        finite = finite and all(bool(np.isfinite(v).all()) for v in floats)
        return [values[name] for name in names]

    run = runner_from_session(exported, session)
    residuals = [
        tuple(np.nan_to_num(array, nan=0, posinf=0, neginf=0) for array in run(picture))
        for picture in pictures
    ]
    return residuals, finite


def difference(a: Sequence[Arrays], b: Sequence[Arrays]) -> Difference:
    """Largest and mean absolute difference over all samples of all pictures."""
    pairs = zip(chain(*a), chain(*b), strict=True)
    distances = np.concatenate([np.abs(p - q, dtype=np.float64).ravel() for p, q in pairs])
    return Difference(largest=float(distances.max()), mean=float(distances.mean()))


def _psnr(a: Sequence[Arrays], b: Sequence[Arrays]) -> float:
    errors = [rgb_error(_tensors(p), _tensors(q)).item() for p, q in zip(a, b, strict=True)]
    return -10 * float(np.log10(np.mean(errors) + 1e-12))


def _tensors(arrays: Arrays) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def extreme_images(side: int) -> list[Image8]:
    """Black, white, noise of black and white, and stripes of one pixel: what no photo reaches."""
    noise = np.random.default_rng(0).integers(0, 2, (side, side, 3)) * 255
    stripes = np.tile((np.arange(side) % 2 * 255)[:, None], (side, 1, 3))
    flat = [np.full((side, side, 3), code) for code in (0, 255)]
    return [image.astype(np.uint8) for image in (*flat, noise, stripes)]


def largest_activation(generator: Generator, fed: Sequence[Arrays]) -> float:
    """Largest absolute value that any layer gives."""
    largest = 0.0

    def watch(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        nonlocal largest
        tensors = output if isinstance(output, tuple) else (output,)
        largest = max(largest, *(float(t.abs().max()) for t in tensors))

    handles = [module.register_forward_hook(watch) for module in generator.modules()]
    try:
        for picture in fed:
            runner_from_generator(generator)(picture)
    finally:
        for handle in handles:
            handle.remove()
    return largest
