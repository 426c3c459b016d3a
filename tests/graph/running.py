"""Runs a wrapped graph on pictures of whole codes, in onnx.reference or in OpenVINO."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
import pytest
from onnx.reference import ReferenceEvaluator

from deblurvid.backends.openvino import runtime
from deblurvid.frames import ColourTags, PictureFormat
from deblurvid.graph import colour
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx
    from numpy.typing import NDArray

    from deblurvid.graph.contract import Generator

REFERENCE = "reference"
ENGINES = (REFERENCE, "f32", "bf16")
"""The reference evaluator of ONNX, and OpenVINO by its inference precision."""

BT709 = ColourTags(matrix="bt709", full_range=False)


@cache
def precision_run_for(hint: str) -> str:
    """What OpenVINO really computes in on this machine when asked for `hint`: f32, bf16, f16."""
    parameter = openvino.opset13.parameter([1, 1, 8, 8], np.float32)
    kernel = openvino.opset13.constant(np.ones((1, 1, 3, 3), np.float32))
    body = openvino.opset13.convolution(parameter, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    compiled = runtime().compile_model(
        openvino.Model([body], [parameter]), "CPU", {"INFERENCE_PRECISION_HINT": hint}
    )
    return str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())


def packed(plane: NDArray[Any], depth: int) -> NDArray[np.uint8]:
    """Codes [H,W] as a graph takes them: [1,1,H,W], or low bytes and high bytes [1,2,H,W]."""
    if depth == 8:
        return plane.astype(np.uint8)[None, None]
    return np.stack([plane % 256, plane // 256]).astype(np.uint8)[None]


def unpacked(samples: NDArray[np.uint8], depth: int) -> NDArray[np.int64]:
    """The inverse of `packed`."""
    assert samples.dtype == np.uint8
    assert samples.shape[:2] == (1, 1 if depth == 8 else 2)
    low, *high = samples[0].astype(np.int64)
    return np.asarray(low + 256 * high[0] if high else low)


class Running:
    """A graph opened in one engine; sizes stay dynamic unless `size` (height, width) is given."""

    def __init__(
        self,
        generator: Generator,
        picture: PictureFormat,
        engine: str,
        *,
        size: tuple[int, int] | None = None,
        **wrapping: Any,
    ) -> None:
        """Wrap and open. Skips the test where the engine's precision cannot be had."""
        self.picture = picture
        self.model = wrap(generator, picture, **wrapping)
        self.inputs = {value.name for value in self.model.graph.input}
        self.invalid = -1
        self._run = opened(self.model, engine, shapes=self._shapes(size) if size else None)

    def _shapes(self, size: tuple[int, int]) -> dict[str, list[int]]:
        sides = self.picture.plane_sizes(size[1], size[0])
        channels = self.picture.bytes_per_sample
        names = plane_names(self.picture.source)
        return {name: [1, channels, *side] for name, side in zip(names, sides, strict=True)}

    def feeds(
        self, planes: Sequence[NDArray[Any]], *, strength: float = 1.0, tags: ColourTags = BT709
    ) -> dict[str, NDArray[Any]]:
        """The graph's inputs by name, for planes of codes."""
        names, depth = plane_names(self.picture.source), self.picture.depth
        feeds: dict[str, NDArray[Any]] = {
            name: packed(plane, depth) for name, plane in zip(names, planes, strict=True)
        }
        feeds[STRENGTH] = np.array([strength], np.float32)
        coefficients = colour.coefficients(tags, depth)
        return feeds | {name: v for name, v in coefficients.items() if name in self.inputs}

    def __call__(
        self, planes: Sequence[NDArray[Any]], *, strength: float = 1.0, tags: ColourTags = BT709
    ) -> list[NDArray[np.int64]]:
        """Codes in, codes out; `invalid` holds what the graph counted."""
        results = self._run(self.feeds(planes, strength=strength, tags=tags))
        assert results[INVALID].dtype == np.int32
        assert results[INVALID].shape == (1,)
        self.invalid = int(results[INVALID][0])
        names = plane_names(self.picture.source)
        return [unpacked(results[OUT + name], self.picture.depth) for name in names]


def opened(
    model: onnx.ModelProto, engine: str, *, shapes: dict[str, list[int]] | None = None
) -> Any:
    """A function from named arrays to named arrays."""
    if engine == REFERENCE:
        evaluator = ReferenceEvaluator(model)
        names = [value.name for value in model.graph.output]
        return lambda feeds: dict(zip(names, evaluator.run(None, feeds), strict=True))
    if engine == "bf16" and precision_run_for(engine) != engine:
        pytest.skip(f"OpenVINO's bf16 hint runs as {precision_run_for(engine)} on this CPU")
    read = runtime().read_model(model.SerializeToString(), b"")
    if shapes:
        read.reshape({name: openvino.PartialShape(shape) for name, shape in shapes.items()})
    hints = {"INFERENCE_PRECISION_HINT": engine, "PERFORMANCE_HINT": "LATENCY"}
    compiled = runtime().compile_model(read, "CPU", hints)
    names = [value.get_any_name() for value in compiled.outputs]

    def run(feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        results = compiled(feeds)
        return {name: np.array(results[name]) for name in names}

    return run
