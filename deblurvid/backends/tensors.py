"""What a plan takes and gives for pictures of one size, and which of its profiles that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from deblurvid.errors import EngineError
from deblurvid.graph import colour
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.backends.base import EngineSpec

Shapes = dict[str, tuple[int, ...]]


class Tensors:
    """Shapes and number types of what goes in and comes out, by name."""

    def __init__(self, spec: EngineSpec, *, with_colour: bool) -> None:
        picture = spec.picture
        sizes = picture.plane_sizes(spec.width, spec.height)
        planes: Shapes = {
            name: (1, picture.bytes_per_sample, *size)
            for name, size in zip(plane_names(picture.source), sizes, strict=True)
        }
        self.inputs: Shapes = {**planes, STRENGTH: (1,)}
        if with_colour:
            self.inputs |= colour.COLOUR_INPUTS
        self.outputs: Shapes = {OUT + name: shape for name, shape in planes.items()}
        self.outputs[INVALID] = (1,)
        self.planes = tuple(planes)
        """Inputs that hold the picture, the one of its own size first."""
        self.dtypes: dict[str, np.dtype[Any]] = {
            **dict.fromkeys(self.inputs, np.dtype(np.float32)),
            **dict.fromkeys(self.outputs, np.dtype(np.uint8)),
            **dict.fromkeys(planes, np.dtype(np.uint8)),
            INVALID: np.dtype(np.int32),
        }


def profile_for(engine: Any, tensors: Tensors, spec: EngineSpec) -> int:
    """The profile that takes the spec's size; of several the one tuned to the nearest.

    Raises:
        EngineError: there is none; it tells the sizes that the plan takes.
    """
    first, *_ = tensors.planes
    wanted = math.prod(tensors.inputs[first])
    distances, ranges = {}, []
    for index in range(engine.num_optimization_profiles):
        # Asked for the planes alone: an input of fixed shape has no bounds.
        bounds = {name: engine.get_tensor_profile_shape(name, index) for name in tensors.planes}
        low, tuned, high = bounds[first]
        if all(_within(bounds[name], tensors.inputs[name]) for name in tensors.planes):
            distances[index] = abs(math.log(wanted / math.prod(tuned)))
        ranges.append(f"{low[3]}x{low[2]} to {high[3]}x{high[2]}")
    if not distances:
        raise EngineError(
            f"the plan takes pictures of {' or '.join(ranges)}; these are "
            f"{spec.width}x{spec.height} with {spec.picture.bytes_per_sample} bytes a sample. "
            "Build it for them"
        )
    return min(distances, key=lambda index: distances[index])


def _within(bounds: Sequence[Sequence[int]], shape: tuple[int, ...]) -> bool:
    low, _, high = bounds
    return len(low) == len(shape) and all(
        a <= side <= b for a, side, b in zip(low, shape, high, strict=True)
    )
