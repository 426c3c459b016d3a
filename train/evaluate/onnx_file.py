"""Exported generators: letting an engine run one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deblurvid.backends.openvino import runtime
from deblurvid.graph.contract import PLANE_INPUTS, PLANE_OUTPUTS, real_inputs
from train.evaluate.restore import Array, Arrays, Restorer, Run

if TYPE_CHECKING:
    import onnx

    from deblurvid.graph.contract import Generator

Session = Callable[[list[str], dict[str, Array]], Sequence[Any]]
"""An engine holding a model: names of outputs and arrays by the names of inputs -> outputs. The
`run` of ONNX Runtime and of ONNX's reference implementation are of this kind."""


def restorer_from_onnx(generator: Generator, precision: str) -> Restorer:
    """Compile a generator with OpenVINO for the CPU; `precision` is f32 or bf16."""
    return Restorer(
        run=runner_from_session(generator, openvino_session(generator.model, precision)),
        kind=generator.kind,
        multiple_of=generator.multiple_of,
    )


def openvino_session(model: onnx.ModelProto, precision: str) -> Session:
    """Compile a model with OpenVINO for the CPU; `precision` is f32 or bf16."""
    core = runtime()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": precision}
    )

    def session(outputs: list[str], feed: dict[str, Array]) -> list[Array]:
        given = compiled(feed)
        return [np.array(given[name]) for name in outputs]

    return session


def runner_from_session(generator: Generator, session: Session) -> Run:
    """Let a session run pictures and give residuals, as the contract defines both kinds.

    What an rgb generator changes is what comes out minus the very array that was fed.
    """
    if generator.kind == "planes":
        return lambda picture: tuple(
            session([*PLANE_OUTPUTS], dict(zip(PLANE_INPUTS, picture, strict=True)))
        )
    (into,) = real_inputs(generator.model)
    (out,) = generator.model.graph.output
    scale, offset = (2, 1) if generator.value_range == "-1..1" else (1, 0)

    def run(picture: Arrays) -> Arrays:
        fed = np.asarray(scale * picture[0] - offset, np.float32)
        return ((session([out.name], {into.name: fed})[0] - fed) / scale,)

    return run
