"""What `--weights` may name: a checkpoint, or an ONNX file, of a generator of either kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from deblurvid.graph.contract import read_generator
from deblurvid.graph.work import operations
from train.checkpoint import load_generator
from train.evaluate.onnx_file import restorer_from_onnx
from train.evaluate.restore import Restorer, restorer_from_generator

if TYPE_CHECKING:
    from pathlib import Path

Precision = Literal["f32", "bf16"]


def open_weights(path: Path, precision: Precision = "f32") -> tuple[Restorer, int]:
    """Make a restorer of a checkpoint (torch) or an .onnx file (OpenVINO on the CPU).

    Args:
        path: what fit or export wrote, or an rgb generator from elsewhere.
        precision: what OpenVINO computes in; torch computes in f32 only.

    Returns:
        The restorer, and the operations of a 1280x720 frame; a multiply-add is two.

    Raises:
        ValueError: a checkpoint in bf16, or a file that is neither.
    """
    if path.suffix == ".onnx":
        generator = read_generator(path)
        flop = operations(generator, (1280, 720))
        return restorer_from_onnx(generator, precision), flop
    if precision != "f32":
        raise ValueError(
            f"{path} is a checkpoint, which torch evaluates in f32, not {precision}."
            " Export it, and evaluate the .onnx file."
        )
    generator_, _ = load_generator(path)
    return restorer_from_generator(generator_), generator_.architecture.count_flop(720, 1280)
