"""Every graph that is shipped or wrapped becomes a plan of the real TensorRT-RTX, without a GPU.

Compiled only: no kernel of these plans has run here.
"""

from __future__ import annotations

import subprocess
from itertools import product

import numpy as np
import pytest

from deblurvid.build import builder, process
from deblurvid.build.request import USUAL_PROFILE
from deblurvid.choose import load_generator, shipped_generators
from deblurvid.frames import PictureFormat
from deblurvid.graph import precision as graph_precision
from tests.build.conftest import build, built_once, request_for, tiny
from tests.graph.generators import generator, model_of, node, tensor, weight

pytestmark = pytest.mark.usefixtures("rtx")

PRECISIONS = ("fp16", "bf16", "fp32")
ALL = list(product(PRECISIONS, (8, 10), ("yuv420", "rgb")))
QUICK = [("fp16", 8, "yuv420"), ("bf16", 10, "yuv420")]
TINY = [
    ("planes", "yuv422", "bf16", 10),
    ("planes", "gray", "fp16", 16),
    ("planes", "rgb", "fp32", 8),
    ("rgb", "yuv444", "fp16", 12),
    ("rgb", "rgb", "bf16", 8),
]


def check_builds(made, precision, depth, source, profile=USUAL_PROFILE):
    """It compiles, takes and gives the samples of a frame, and TensorRT has nothing to warn of."""
    picture = PictureFormat(source=source, depth=depth)
    built = build(request_for(made, precision=precision, picture=picture, profile=profile))

    channels = picture.bytes_per_sample
    plane = "y" if source != "rgb" else "r"
    assert len(built.plan) > 10_000
    assert built.warnings == ()
    assert built.tensors[plane] == f"uint8 [1, {channels}, -1, -1]"
    assert built.tensors[f"out_{plane}"] == f"uint8 [1, {channels}, -1, -1]"
    assert built.tensors["invalid"] == "int32 [1]"


@pytest.mark.parametrize(("precision", "depth", "source"), QUICK)
def test_the_default_generator(precision, depth, source):
    """What "auto" is on CUDA, with the sizes that most people have."""
    check_builds(load_generator("auto", cuda=True), precision, depth, source)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("precision", "depth", "source"), ALL)
@pytest.mark.parametrize("name", shipped_generators())
def test_every_shipped_generator(name, precision, depth, source):
    """Each of them, in each precision, at 8 and 10 bits, from YCbCr and RGB."""
    check_builds(load_generator(name), precision, depth, source)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("precision", "depth", "source"), QUICK)
def test_deblurgan(precision, depth, source):
    """Its other form: instance norm and transposed convolutions, random weights."""
    torch = pytest.importorskip("torch")
    from train.export.export import onnx_from_generator
    from train.generators.deblurgan import DeblurganArchitecture, DeblurganGenerator

    torch.manual_seed(0)
    architecture = DeblurganArchitecture(norm="instance", up="transposed", dropout=0.5)
    made = DeblurganGenerator(architecture).eval()
    torch.nn.init.normal_(made.tail.weight, std=0.02)
    _, model = onnx_from_generator(made)

    check_builds(generator(model), precision, depth, source)


@pytest.mark.parametrize(("kind", "source", "precision", "depth"), TINY)
def test_every_source(kind, source, precision, depth):
    """What the wrapping puts around a generator compiles for each sampling, both kinds."""
    check_builds(tiny(kind), precision, depth, source, request_for().profile)


class FixedAddresses(subprocess.Popen[bytes]):
    """A worker whose memory lies at the same addresses each time."""

    def __init__(self, words, **options):
        super().__init__(["setarch", "-R", *words], **options)


def test_the_same_request_gives_the_same_bytes(monkeypatch):
    """A plan holds no time and no random name, so it can be compared with one built elsewhere.

    TensorRT-RTX 1.7 writes some numbers in the order of addresses: seen are plans that
    differ in 72 bytes. With the addresses fixed all are the same.
    """
    monkeypatch.setattr(process.subprocess, "Popen", FixedAddresses)
    monkeypatch.setenv("PYTHONHASHSEED", "0")

    assert build(request_for()).plan == build(request_for()).plan


def test_addresses_change_next_to_nothing():
    """Without that, a repeated build differs in less than a thousandth of its bytes, if at all."""
    built = built_once(request_for()), build(request_for())
    plans = [np.frombuffer(each.plan, np.uint8) for each in built]

    assert len(plans[0]) == len(plans[1])
    assert np.count_nonzero(plans[0] != plans[1]) < len(plans[0]) / 1000


def test_a_transposed_convolution_builds():
    """Legal in bfloat16 by ONNX, which TensorRT-RTX cannot build: it stays FP32 there."""
    nodes = [
        node("Conv", "in w", "small", pads=[1] * 4, strides=[2, 2]),
        node("ConvTranspose", "small w2", "restored", kernel_shape=[4, 4], strides=[2, 2],
             pads=[1] * 4),
    ]  # fmt: skip
    weights = [weight("w", np.full((8, 3, 3, 3), 0.1)), weight("w2", np.full((8, 3, 4, 4), 0.1))]
    shape = (1, 3, "H", "W")
    model = model_of(nodes, [tensor("in", *shape)], [tensor("restored", *shape)], weights)

    assert build(request_for(generator(model), precision="bf16")).plan


def test_another_profile_gives_another_plan():
    """The sizes are part of what is built: so much that the plan's own size changes."""
    wide = build(request_for(profile=USUAL_PROFILE))

    assert len(built_once(request_for()).plan) != len(wide.plan)


def test_settings_are_those_of_the_request(rtx):
    """GPUs, workspace and level reach TensorRT, and float32 keeps all of its bits."""
    log = rtx.Logger(rtx.Logger.ERROR)
    request = request_for(targets=("SM89", "SM75"), workspace_mib=64, optimization_level=1)
    config = builder._config(rtx, rtx.Builder(log), request, [])

    targets = [config.get_compute_capability(at) for at in range(config.num_compute_capabilities)]
    assert targets == [rtx.ComputeCapability.SM75, rtx.ComputeCapability.SM89]
    assert config.get_memory_pool_limit(rtx.MemoryPoolType.WORKSPACE) == 64 * 2**20
    assert config.builder_optimization_level == 1
    assert not config.get_flag(rtx.BuilderFlag.TF32)
    assert config.num_optimization_profiles == 1


def layer_norm_model():
    """A normalisation over channels, written out, as networks from elsewhere have it."""
    nodes = [
        node("ReduceMean", "in", "mean", axes=[1], keepdims=1),
        node("Sub", "in mean", "centred"),
        node("Pow", "centred two", "squared"),
        node("ReduceMean", "squared", "variance", axes=[1], keepdims=1),
        node("Add", "variance epsilon", "safe"),
        node("Sqrt", "safe", "deviation"),
        node("Div", "centred deviation", "normal"),
        node("Conv", "normal w b", "restored", pads=[1] * 4),
    ]
    rng_weights = [[[[0.1] * 3] * 3] * 3] * 3
    weights = [weight("two", 2.0), weight("epsilon", 1e-5), weight("w", rng_weights)]
    weights.append(weight("b", [0.0] * 3))
    shape = (1, 3, "H", "W")
    return model_of(nodes, [tensor("in", *shape)], [tensor("restored", *shape)], weights)


@pytest.mark.parametrize("islands", [True, False])
def test_norms_in_half_are_warned_of_and_not_written(monkeypatch, islands):
    """TensorRT warns of normalisations in FP16; the graph has none, as they stay FP32."""
    if not islands:
        monkeypatch.setattr(graph_precision, "ISLANDS", frozenset())
        monkeypatch.setattr(graph_precision, "FOLLOWERS", frozenset())
    built = build(request_for(generator(layer_norm_model())))
    norms = [line for line in built.warnings if "norm" in line.lower()]

    assert bool(norms) == (not islands), built.warnings
