"""What the usual loop costs: the same generator on RGB, one picture at a time, in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deblurvid.choose import load_generator
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.judge.alone import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from deblurvid.backends.base import Engine
    from deblurvid.judge.figures import Cost
    from deblurvid.stages.encoders import EncoderChoice

RGB = PictureFormat(source="rgb", depth=8)
_TAGS = ColourTags(matrix="bt709", full_range=True)
"""RGB needs none."""


def usual_cost(
    source: Path,
    target: Path,
    choice: EncoderChoice,
    *,
    engine: str,
    size: tuple[int, int],
    frames: int,
) -> Cost:
    """Restore the first `frames` pictures of `source` by the usual loop.

    Args:
        source: a video file.
        target: the file to write.
        choice: encoder and options, as the run uses them.
        engine: names the generator, as for `open_engine`.
        size: width and height.
        frames: how many pictures.
    """
    from deblurvid.backends.openvino import OpenVinoEngine
    from deblurvid.graph.wrap import wrap
    from deblurvid.stages.usual import usual_loop

    generator = load_generator(engine)
    with OpenVinoEngine(
        wrap(generator, RGB),
        generator,
        RGB,
        size=size,
        device="CPU",
        precision="fp32",
        at_once=1,
    ) as opened:

        def restore(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return _restored(opened, picture)

        restore(np.zeros((size[1], size[0], 3), np.uint8))
        with Clock() as clock:
            done = usual_loop(source, target, choice, restore, frames=frames)
    return clock.cost("usual loop", done)


def _restored(engine: Engine, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB [height, width, 3] -> the same, restored."""
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    engine.submit(Planes(tuple(plane[None] for plane in planes), _TAGS), strength=1.0)
    samples = engine.collect().planes.samples
    return np.stack([plane[0] for plane in samples], axis=-1)
