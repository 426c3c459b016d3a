"""Which engine is opened, and what is refused before work begins."""

import pytest

from deblurvid.choose import load_generator, open_engine, shipped_generators
from deblurvid.errors import EngineError, GeneratorError, UsageError
from deblurvid.frames import PictureFormat
from tests.graph.generators import conv_planes, save

PICTURE = PictureFormat(source="yuv420", depth=8)


def open_(engine="identity", **options):
    return open_engine(engine, size=(64, 48), picture=PICTURE, **options)


def test_auto_is_the_first_shipped_generator():
    """Without a choice the default generator runs, and says its name."""
    with open_("auto") as engine:
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
        ({"device": "cuda:0"}, EngineError, "TensorRT engine, which this version does not have"),
        ({"device": "gpu.9"}, EngineError, "no device 'GPU.9'"),
        ({"precision": "int8"}, UsageError, "precision 'int8' is not known"),
    ],
)
def test_refusals_name_the_value(options, error, message):
    """What cannot be opened is named, with what can."""
    with pytest.raises(error, match=message):
        open_(**options)


def test_a_text_file_is_no_generator(tmp_path):
    """The file's path and the reason are in the message."""
    path = tmp_path / "notes.onnx"
    path.write_text("not a model")
    with pytest.raises(GeneratorError, match=r"notes\.onnx: not a valid ONNX file"):
        load_generator(str(path))
