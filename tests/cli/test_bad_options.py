"""Options that cannot be meant are refused before work begins, by name and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import pytest
from onnx import TensorProto, helper

from deblurvid.backends.openvino import devices
from tests.cli.conftest import assert_refused
from tests.media import make_video

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def _refused(cli: Cli, source: Path, folder: Path, options: list[str], *words: str) -> None:
    engine = [] if "--engine" in options else ["--engine", "identity"]
    result = cli("run", source, "-o", folder / "out.mp4", *engine, *options)

    assert_refused(result, *words)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--codec", "libx266"], ["libx266", "deblurvid doctor"]),
        (["--codec", "aac"], ["aac", "audio"]),
        (["-e", "crff=18"], ["crff", "did you mean crf"]),
        (["-e", "nosuch=1"], ["nosuch"]),
        (["--preset", "warp"], ["preset is 'warp'", "libx264", "ultrafast", "placebo"]),
        (["--crf", "sharp"], ["crf", "sharp"]),
        (["-e", "x264-params=nosuch=1"], ["nosuch"]),
        (["--codec", "libx265", "-e", "x265-params=nosuch=1"], ["nosuch"]),
        (["--codec", "libx265", "-e", "x265-params=crf=abc"], ["crf", "abc"]),
        (["--codec", "libsvtav1", "-e", "svtav1-params=nosuch=1"], ["nosuch"]),
        (["-e", "x264-params=me=warp"], ["me = warp"]),
        (["-e", "g=often"], ["option g", "often"]),
        (["-e", "flags=+nosuch"], ["flags", "nosuch"]),
        (["--codec", "libvpx-vp9", "--crf", "99"], ["crf", "99"]),
        (["--crf", "51.1"], ["crf is 51.1", "libx264", "0 to 51"]),
        (["-e", "crf=99"], ["crf is 99", "libx264", "0 to 51"]),
        (["--codec", "libvpx-vp9", "-e", "deadline=warp"], ["deadline", "warp"]),
        (["--codec", "mpeg4", "--crf", "4"], ["mpeg4", "crf"]),
        (["--codec", "mjpeg"], ["mjpeg", "unofficial"]),
        (["--codec", "libx265", "--preset", "warp"], ["preset is 'warp'", "libx265", "placebo"]),
        (["--codec", "libsvtav1", "--preset", "14"], ["preset is '14'", "libsvtav1", "-2 to 13"]),
        (["--on-corrupt", "mend"], ["mend", "keep"]),
        (["--crf", "18", "-e", "crf=20"], ["--crf", "-e crf"]),
        (["--preset", "slow", "-e", "preset=fast"], ["--preset", "-e preset"]),
        (["-e", "tune=film", "-e", "tune=grain"], ["tune", "twice"]),
        (["-e", "crf"], ["'crf'", "KEY=VALUE"]),
        (["-e", "=18"], ["'=18'", "KEY=VALUE"]),
        (["--strength", "1.5"], ["strength", "1.5", "0 and 1"]),
        (["--strength=-0.1"], ["strength", "-0.1"]),
        (["--strength", "nan"], ["strength", "nan"]),
        (["--strength", "much"], ["strength", "much"]),
        (["--start=-1"], ["start", "-1", "negative"]),
        (["--start", "99"], ["99", "no frame"]),
        (["--start", "1:99"], ["--start", "1:99"]),
        (["--start", "1m"], ["'1m' is no time", "5s", "MM:SS"]),
        (["--duration", "0"], ["duration", "0"]),
        (["--duration", "soon"], ["--duration", "soon"]),
        (["--device", "cuda"], ["cuda", "--device cpu"]),
        (["--device", "cuda:0"], ["cuda:0", "--device cpu"]),
        (["--device", "tpu"], ["tpu", "npu"]),
        (["--precision", "fp8"], ["fp8"]),
        (["--verify", "never"], ["'--verify': 'never' is not one of", "full"]),
        (["--progress", "loud"], ["loud", "json"]),
        (["--engine", "magic"], ["magic", "identity"]),
        (["--frobnicate"], ["--frobnicate", "--help"]),
        (["--codec", "prores_ks"], ["prores_ks", "yuv420p"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_option(cli: Cli, clip: Path, folder: Path, options: list[str], words: list[str]) -> None:
    """An option that is unknown, misspelt, out of range or contradicted is refused by name."""
    _refused(cli, clip, folder, options, *words)


def test_absent_gpu(cli: Cli, clip: Path, folder: Path) -> None:
    """A device that is not there is never replaced by another: those that are there are told."""
    if "GPU" in devices():
        pytest.skip("this machine has one")

    _refused(cli, clip, folder, ["--device", "gpu"], "GPU", "CPU")


def test_odd_size(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """libx264 takes even sizes only; the size and the encoder are named."""
    source = make_video(tmp_path / "in.mkv", size=(63, 47), codec="ffv1", audio=False)

    _refused(cli, source, folder, ["--codec", "libx264"], "libx264", "63x47", "libsvtav1")


def test_codec_that_the_container_cannot_hold(cli: Cli, clip: Path, folder: Path) -> None:
    """An encoder whose stream the container cannot hold is refused, with a way out."""
    result = cli(
        "run", clip, "-o", folder / "out.webm", "--codec", "libx264", "--engine", "identity"
    )

    assert_refused(result, "webm", "libx264", ".mkv")
    assert list(folder.iterdir()) == []


def test_strict(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """With --strict, a stream that the container cannot hold is an error; without, a notice."""
    source = make_video(tmp_path / "in.mkv", attachment=b"font" * 100)
    target = folder / "out.mp4"

    _refused(cli, source, folder, ["--strict"], "attachment", "--strict")
    tolerant = cli("run", source, "-o", target, "--engine", "identity")

    assert tolerant.code == 0
    assert "notice: stream 2 (attachment" in tolerant.err


def _generator(path: Path, channels: int, *, inputs: tuple[str, ...] = ("x",)) -> Path:
    shape: list[str | int | None] = ["N", channels, "H", "W"]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in inputs]
    result = helper.make_tensor_value_info("z", TensorProto.FLOAT, shape)
    node = helper.make_node("Identity", [inputs[0]], ["z"])
    graph = helper.make_graph([node], "g", values, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("channels", "inputs", "words"),
    [
        (4, ("x",), ["input 'x'", "4 channels"]),
        (9, ("x",), ["input 'x'", "window of 3 frames"]),
        (1, ("y", "u", "v"), ["output 'dy'", "missing"]),
        (3, ("x", "noise"), ["inputs ['x', 'noise']"]),
    ],
)
def test_no_generator(
    cli: Cli,
    clip: Path,
    tmp_path: Path,
    folder: Path,
    channels: int,
    inputs: tuple[str, ...],
    words: list[str],
) -> None:
    """An ONNX file that is no generator is refused by the input or output that is wrong."""
    path = _generator(tmp_path / "mine.onnx", channels, inputs=inputs)

    _refused(cli, clip, folder, ["--engine", str(path)], "mine.onnx", *words)


def test_no_onnx(cli: Cli, clip: Path, tmp_path: Path, folder: Path) -> None:
    """A file that is not ONNX is said to be none; one that is missing, to be missing."""
    path = tmp_path / "mine.onnx"

    _refused(cli, clip, folder, ["--engine", str(path)], "mine.onnx", "no such")
    path.write_bytes(b"not a model")
    _refused(cli, clip, folder, ["--engine", str(path)], "mine.onnx", "not a valid ONNX file")
