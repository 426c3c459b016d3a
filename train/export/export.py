"""A checkpoint in, a checked ONNX generator with its papers out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper

from deblurvid.graph.contract import CONTRACT_VERSION, Key, generator_from_model, weights_sha256
from train.checkpoint import load_generator, read_papers_of, read_recipe_of
from train.data.files import read_image
from train.export.deblurgan_onnx import VALUE_RANGE, fold_norms, onnx_from_deblurgan
from train.export.nodes import round_weights
from train.export.parity import Parity, measure_parity
from train.export.planes_onnx import onnx_from_planes
from train.generators.planes import PlanesGenerator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from train.generators import Generator

PICTURES = 8
"""Real pictures that parity is measured on."""


def export(checkpoint: Path, out: Path, pictures: Sequence[Path], cpu: str) -> Parity:
    """Write a checkpoint's averaged weights as ONNX, named after the file, if parity holds.

    A `planes` generator must keep its precision in bf16 and FP16 too; what an `rgb` generator loses
    there is written into its metadata, and engines keep it in float32.

    Args:
        checkpoint: what fit wrote.
        out: the .onnx file; it appears whole or not at all.
        pictures: real blurred pictures; parity is measured on `PICTURES` of them, evenly spread.
        cpu: what the weights were trained on, in words.

    Raises:
        ValueError: parity failed.
    """
    trained, counts = load_generator(checkpoint)
    generator, model = onnx_from_generator(trained)
    helper.set_model_props(model, _contract(generator, out.stem))
    chosen = pictures[:: max(len(pictures) // PICTURES, 1)][:PICTURES]
    exported = generator_from_model(model, name=out.stem)
    parity = measure_parity(generator, exported, [read_image(path) for path in chosen])
    faults = parity.wrong() + (parity.lossy() if exported.kind == "planes" else [])
    if faults:
        raise ValueError(
            f"Parity failed, nothing was written: {'; '.join(faults)}. Train longer or more gently."
        )
    training = _training(checkpoint, counts, cpu)
    papers = {
        Key.WEIGHTS_SHA256: weights_sha256(model),
        Key.PARITY: json.dumps(parity.as_table()),
        Key.TRAINING: json.dumps(training),
    }
    helper.set_model_props(model, exported.metadata | papers)
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_suffix(".part")
    onnx.save(model, beside)
    beside.replace(out)
    return parity


def onnx_from_generator(trained: Generator) -> tuple[Generator, onnx.ModelProto]:
    """Make a generator as a file will hold it, weights rounded to FP16, and its ONNX model."""
    if isinstance(trained, PlanesGenerator):
        round_weights(trained)
        return trained, onnx_from_planes(trained)
    folded = fold_norms(trained)
    round_weights(folded)
    return folded, onnx_from_deblurgan(folded)


def _contract(generator: Generator, name: str) -> dict[str, str]:
    kind = generator.architecture.picture
    stated = {
        Key.CONTRACT: CONTRACT_VERSION,
        Key.NAME: name,
        Key.KIND: kind,
        Key.MULTIPLE_OF: str(generator.architecture.multiple_of),
        Key.LICENCE: "MIT",
    }
    return stated if kind == "planes" else stated | {Key.RANGE: VALUE_RANGE}


def _training(checkpoint: Path, counts: dict[str, Any], cpu: str) -> dict[str, Any]:
    """Sum up a run: its recipe and length, and what its data and its losses were made of."""
    recipe = read_recipe_of(checkpoint)
    return {
        **read_papers_of(checkpoint),
        "recipe": asdict(recipe),
        "steps": counts["step"],
        "samples": counts["samples"] + counts["earlier_samples"],
        "hours": round((counts["seconds"] + counts["earlier_seconds"]) / 3600, 2),
        "cpu": cpu,
        "gflop_720p": round(recipe.architecture.count_flop(720, 1280) / 1e9, 1),
    }
