"""Which engine is opened, and what is refused before work begins."""

import pytest

from deblurvid.backends import preflight
from deblurvid.build import foresee, ready
from deblurvid.choose import (
    CUDA_GENERATOR,
    DEFAULT_GENERATOR,
    load_generator,
    open_engine,
    opened_generator,
    shipped_generators,
)
from deblurvid.errors import EngineError, GeneratorError, OutputError, UsageError
from deblurvid.events import Notice
from deblurvid.frames import PictureFormat
from tests.graph.generators import conv_planes, save

PICTURE = PictureFormat(source="yuv420", depth=8)


def open_(engine="identity", **options):
    return open_engine(engine, size=(64, 48), picture=PICTURE, **options)


def test_auto_is_the_first_shipped_generator():
    """Without a choice the default generator runs, and says its name."""
    with open_("auto", device="cpu") as engine:
        assert shipped_generators()[0] == engine.spec.generator


def test_every_shipped_generator_opens_by_name():
    """Each name that is listed can be opened."""
    assert shipped_generators()
    for name in shipped_generators():
        with open_(name) as engine:
            assert name == engine.spec.generator


def test_a_file_opens_by_its_path(tmp_path):
    """An ONNX file is an engine, wherever it lies."""
    path = save(conv_planes(), tmp_path / "mine ä.onnx")
    with open_(str(path)) as engine:
        assert "CPU" in engine.spec.device


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "fastest"}, UsageError, "'fastest' is neither one of auto"),
        ({"engine": "missing.onnx"}, GeneratorError, "no such generator file"),
        ({"device": "tpu"}, UsageError, "device 'tpu' is not known"),
        (
            {"device": "cuda:99"},
            EngineError,
            "device cuda:99 cannot be used: there is no (NV|CUDA)",
        ),
        ({"engine": "missing.plan"}, UsageError, "missing.plan: no such plan; deblurvid build-eng"),
        ({"engine": __file__ + ".plan", "device": "cpu"}, UsageError, "device cpu cannot run it"),
        ({"engine": "a.plan", "precision": "fp16"}, UsageError, "whose precision is fixed"),
        ({"device": "gpu.9"}, EngineError, "no device 'GPU.9'"),
        ({"precision": "int8"}, UsageError, "precision 'int8' is not known"),
    ],
)
def test_refusals_name_the_value(options, error, message):
    """What cannot be opened is named, with what can."""
    with pytest.raises(error, match=message):
        open_(**options)


@pytest.fixture
def cuda(monkeypatch):
    """A GPU that can be used, where `open_on_cuda` gives what the test sets, or raises it."""
    outcome: dict[str, object] = {}

    def opened(generator, picture, *, tell, **facts):
        outcome["facts"] = facts
        outcome["generator"] = generator.name
        tell(Notice(text="it is being built"))
        if isinstance(outcome["gives"], Exception):
            raise outcome["gives"]
        return outcome["gives"]

    monkeypatch.setattr(preflight, "cuda_flavour", lambda device: "rtx")
    monkeypatch.setattr(ready, "open_on_cuda", opened)
    return outcome


@pytest.mark.parametrize(("device", "number"), [("auto", 0), ("cuda", 0), ("cuda:3", 3)])
def test_a_gpu_that_can_be_used_is_used(cuda, device, number):
    """For "auto" too, by the flavour that works, and what building tells comes through."""
    cuda["gives"] = engine = object()
    told = []

    assert open_(device=device, precision="bf16", on_build=told.append) is engine
    facts = {"size": (64, 48), "device": number, "flavour": "rtx", "precision": "bf16"}
    assert facts == cuda["facts"]
    assert told == [Notice(text="it is being built")]


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_auto_is_the_better_generator_on_cuda(cuda, device):
    """A GPU runs its own default unless another is named; what it falls back to is the CPU's."""
    cuda["gives"] = object()
    for engine, name in (("auto", CUDA_GENERATOR), (DEFAULT_GENERATOR, DEFAULT_GENERATOR)):
        open_(engine, device=device)
        assert cuda["generator"] == name
    cuda["gives"] = EngineError("it crashed")
    if device == "auto":
        with open_("auto") as engine:
            assert engine.spec.generator == DEFAULT_GENERATOR


def test_without_its_own_default_a_gpu_gives_way_to_the_cpu(cuda, monkeypatch):
    """A package without it says so, and runs what it has; "cuda" is an error that names the file."""
    cuda["gives"] = object()
    monkeypatch.setattr("deblurvid.choose.CUDA_GENERATOR", "lost")
    with open_("auto") as engine:
        assert engine.spec.generator == DEFAULT_GENERATOR
        assert "lost.onnx" in engine.spec.remark
    with pytest.raises(GeneratorError, match=r"lost\.onnx"):
        open_("auto", device="cuda")


def test_what_auto_stood_for_can_be_told_afterwards():
    """The name of what was opened, so that others open the same; what was named stays itself."""
    with open_("auto", device="cpu") as engine:
        assert opened_generator("auto", engine.spec) == DEFAULT_GENERATOR
        assert opened_generator("mine.onnx", engine.spec) == "mine.onnx"


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_what_is_only_foreseen_is_not_built(cuda, device, monkeypatch):
    """Without leave to build nobody is asked to open anything on the GPU."""
    seen = object()
    monkeypatch.setattr(foresee, "foresee_on_cuda", lambda *_, **facts: (seen, facts))

    found, facts = open_(device=device, precision="bf16", build=False)

    assert found is seen
    assert facts == {"size": (64, 48), "device": 0, "flavour": "rtx", "precision": "bf16"}
    assert "facts" not in cuda


@pytest.mark.parametrize(
    "error", [EngineError("it crashed"), GeneratorError("not taken"), OutputError("no cache")]
)
def test_auto_goes_to_the_cpu_and_says_why(cuda, error):
    """What fails on the GPU runs on the CPU, whose words hold the reason; "cuda" is an error."""
    cuda["gives"] = error
    with open_(device="auto") as engine:
        assert engine.spec.device.startswith("CPU")
        assert str(engine.spec).endswith(f"in fp32 (not CUDA: {error})")
    with pytest.raises(type(error), match=str(error)):
        open_(device="cuda")


@pytest.mark.parametrize("present", [True, False])
def test_a_run_says_why_not_cuda_only_where_that_is_news(cuda, monkeypatch, present):
    """Whoever has no GPU need not read of it in each run; the plan of a run has it all the same."""
    cuda["gives"] = EngineError("it crashed")
    monkeypatch.setattr(preflight, "gpu_seems_present", lambda: present)
    with open_(device="auto") as engine:
        assert ("not CUDA: it crashed" in engine.spec.words) is present
        assert str(engine.spec).count("not CUDA: it crashed") == 1


def test_the_cpu_is_not_remarked_on_when_it_was_asked_for():
    """Only "auto" has a choice to explain."""
    with open_(device="cpu") as engine:
        assert engine.spec.remark == ""


def test_a_text_file_is_no_generator(tmp_path):
    """The file's path and the reason are in the message."""
    path = tmp_path / "notes.onnx"
    path.write_text("not a model")
    with pytest.raises(GeneratorError, match=r"notes\.onnx: not a valid ONNX file"):
        load_generator(str(path))
