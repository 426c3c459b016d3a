"""Half precision of the shipped generators, in arithmetic that really overflows.

onnx.reference computes float16 in NumPy's, sums of convolutions included (means over windows it sums in
float32, as graphs want it); ONNX Runtime's CPU computes it in float32 and would hide what a GPU shows.
"""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from deblurvid.build.parity import specimens
from deblurvid.choose import load_generator, shipped_generators
from deblurvid.frames import PictureFormat
from deblurvid.graph.colour import COLOUR_INPUTS, coefficients
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names, wrap

SIZE = (64, 32)
ROOM = 6.5
"""Activations stay below 65504 by at least this factor, for pictures that nobody thought of."""
FLOOR_DB = 50.0


def restored(model: onnx.ModelProto, planes, depth, more=()):
    names = plane_names("yuv420")
    feeds = {name: plane[None] for name, plane in zip(names, planes.samples, strict=True)}
    feeds[STRENGTH] = np.ones(1, np.float32)
    if any(value.name in COLOUR_INPUTS for value in model.graph.input):
        feeds |= coefficients(planes.colour, depth)
    wanted = [*(OUT + name for name in names), INVALID, *more]
    found = [*map(np.asarray, ReferenceEvaluator(model).run(wanted, feeds))]
    return found[: len(names)], int(found[len(names)][0]), found[len(names) + 1 :]


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("name", shipped_generators())
def test_half_precision_has_room(name, depth):
    """Photographs, noise and stripes: no activation near the limit, and the picture of float32."""
    picture = PictureFormat(source="yuv420", depth=depth)
    generator = load_generator(name)
    exact = wrap(generator, picture)
    half = onnx.shape_inference.infer_shapes(wrap(generator, picture, precision="fp16"))
    values = [
        value.name
        for value in half.graph.value_info
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16
    ]
    half.graph.output.extend(v for v in half.graph.value_info if v.name in set(values))
    assert len(values) > 10
    squares, samples = 0.0, 0
    for planes in specimens(SIZE, picture):
        wanted, _, _ = restored(exact, planes, depth)
        found, invalid, activations = restored(half, planes, depth, values)
        assert invalid == 0
        assert max(np.abs(a.astype(np.float64)).max() for a in activations) < 65504 / ROOM
        weights = np.array([1, 256][: picture.bytes_per_sample]).reshape(1, -1, 1, 1)
        for ours, theirs in zip(found, wanted, strict=True):
            error = ((ours.astype(int) - theirs.astype(int)) * weights).sum(1)
            squares += float((error**2).sum())
            samples += error.size

    assert 10 * np.log10((2**depth - 1) ** 2 * samples / max(squares, 1e-9)) >= FLOOR_DB
