"""A checkpoint in, a checked ONNX generator with its papers out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from deblurvid.graph.contract import CONTRACT_VERSION, Key, weights_sha256
from train.checkpoint import load_generator, read_recipe_of
from train.evaluate.valset import read_image, read_stills
from train.export.parity import Parity, measure_parity
from train.export.planes_onnx import onnx_from_generator, round_weights
from train.generators.planes import count_flop

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = 8
"""Stills that parity is measured on."""


def export(checkpoint: Path, out: Path, validation_set: Path, cpu: str) -> Parity:
    """Write a checkpoint's averaged weights as ONNX, named after the file, if parity holds.

    Args:
        checkpoint: what fit wrote.
        out: the .onnx file; it appears whole or not at all.
        validation_set: folder whose blurred stills parity is measured on.
        cpu: what the weights were trained on, in words.

    Raises:
        ValueError: parity failed.
    """
    generator, counts = load_generator(checkpoint)
    round_weights(generator)
    model = onnx_from_generator(generator)
    stills = read_stills(validation_set)
    chosen = stills[:: max(len(stills) // PICTURES, 1)][:PICTURES]
    parity = measure_parity(generator, model, [read_image(still.blur) for still in chosen])
    parity.check()
    training = {
        "recipe": asdict(read_recipe_of(checkpoint)),
        "steps": counts["step"],
        "samples": counts["samples"] + counts["earlier_samples"],
        "hours": round((counts["seconds"] + counts["earlier_seconds"]) / 3600, 2),
        "cpu": cpu,
        "gflop_720p": round(count_flop(generator.architecture, 720, 1280) / 1e9, 1),
    }
    helper.set_model_props(
        model,
        {
            Key.CONTRACT: CONTRACT_VERSION,
            Key.NAME: out.stem,
            Key.KIND: "planes",
            Key.MULTIPLE_OF: str(generator.architecture.multiple_of),
            Key.LICENCE: "MIT",
            Key.WEIGHTS_SHA256: weights_sha256(model),
            Key.PARITY: json.dumps(parity.as_table()),
            Key.TRAINING: json.dumps(training),
        },
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_suffix(".part")
    onnx.save(model, beside)
    beside.replace(out)
    return parity
