"""A tree as GoPro's, of 200 images and 6 videos, three of them broken: each as if it were alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from deblurvid import deblur_folder, deblur_video, open_engine
from deblurvid.events import FileEnded, FileStarted, FolderFinished
from tests.ffmpeg_tools import ffmpeg
from tests.folders import SIZE, image, lying_in, names
from tests.media import make_frame, make_video

SEQUENCES, FRAMES = 10, 20
KINDS = ("png", "jpg", "tiff", "webp")
LOSSLESS = {"encoder_options": {"crf": "0"}}
"""x264 does not give the same twice otherwise, see README.md under "Interrupted runs"."""
BROKEN = ("blur/GOPR07/000003.png", "blur/GOPR08/000005.jpg", "clip3.mp4")
DEEP = {
    "blur/GOPR00/000001.png": ("png", "rgb48be"),
    "blur/GOPR00/000002.tiff": ("tiff", "rgb48le"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """blur/SEQUENCE/NUMBER.KIND, a few of 16 bits, and clip1.mp4 ... beside them."""
    root = tmp_path_factory.mktemp("tree")
    for sequence in range(SEQUENCES):
        size = SIZE if sequence % 3 else SIZE[::-1]
        for frame in range(FRAMES):
            kind = KINDS[sequence % len(KINDS)]
            path = root / "blur" / f"GOPR{sequence:02}" / f"{frame:06}.{kind}"
            image(path, 100 * sequence + frame, size=size)
    for name, (codec, pixel_format) in DEEP.items():
        (root / name).with_suffix(".png").unlink()
        _deep(root / name, codec, pixel_format)
    for number, suffix in enumerate(("mp4", "mkv", "mov", "mp4", "webm", "ts")):
        codec = "libvpx-vp9" if suffix == "webm" else "libx264"
        make_video(root / f"clip{number}.{suffix}", size=(64, 48), frames=6 + number, codec=codec)
    for name in BROKEN:
        path = root / name
        old = path if path.exists() else next(path.parent.glob(f"{path.stem}.*"))
        data = old.read_bytes()
        old.unlink()
        path.write_bytes(data[: len(data) // 2])
    return root


def streamhash(path):
    """Of the decoded pictures and sound of a video, by FFmpeg's own program."""
    return ffmpeg("-i", path, "-map", "0", "-f", "streamhash", "-hash", "md5", "-")


def _deep(path, codec, pixel_format):
    with av.open(f"file:{path}", "w", format="image2") as target:
        stream = target.add_stream(codec, rate=25)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixel_format
        frame = make_frame(0, SIZE, "gray16le", 0, Fraction(1, 25)).reformat(format=pixel_format)
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


@pytest.fixture(scope="module")
def restored(tree, tmp_path_factory):
    target = tmp_path_factory.mktemp("restored") / "out"
    before = lying_in(tree)
    events = list(deblur_folder(tree, target, recursive=True, engine="fast", **LOSSLESS))

    assert lying_in(tree) == before
    return target, events


def test_all_but_the_broken_ones_are_done(tree, restored):
    """200 + 6 - 3, under the names that they had; the broken ones are told, each with why."""
    target, events = restored
    ended = {str(e.file): e for e in events if isinstance(e, FileEnded)}

    assert len(ended) == 206
    assert {name for name, e in ended.items() if e.outcome == "failed"} == set(BROKEN)
    assert all(ended[name].why for name in BROKEN)
    assert names(target) == sorted(set(names(tree)) - set(BROKEN))
    last = events[-1]
    assert isinstance(last, FolderFinished)
    assert (last.done, last.failed) == (203, 3)
    assert last.frames == 198 + sum(6 + number for number in range(6) if number != 3)


@pytest.fixture(scope="module")
def engines():
    opened = {}
    yield opened
    for engine in opened.values():
        engine.close()


def test_each_is_as_if_it_were_alone(tree, restored, tmp_path, engines):
    """Byte by byte what `deblur_video` makes of the file: no picture comes from a neighbour."""
    _, events = restored

    def make(size, picture):
        """Engines of the test's own, for compiling one for each of 200 files takes a minute."""
        if (size, picture) not in engines:
            engines[size, picture] = open_engine("fast", size=size, picture=picture)
        return _Kept(engines[size, picture])

    done = [e for e in events if isinstance(e, FileEnded) and e.outcome == "done"]
    for event in done:
        alone = tmp_path / f"alone{event.target.suffix}"
        video = event.file.name.startswith("clip")
        options = LOSSLESS if video else {}
        list(deblur_video(tree / event.file, alone, engine=make, overwrite=True, **options))
        if video:
            assert streamhash(alone) == streamhash(event.target), event.file
        else:
            assert alone.read_bytes() == event.target.read_bytes(), event.file


class _Kept:
    """An engine that a run may leave, and that stays open."""

    def __init__(self, engine):
        self.spec, self.slots = engine.spec, engine.slots
        self.submit, self.collect = engine.submit, engine.collect

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_files_of_a_size_come_together(restored):
    """Never back and forth, so an engine serves all that it can; what nobody can read comes last."""
    target, events = restored
    order = [e.file for e in events if isinstance(e, FileStarted)]
    done = [file for file in order if str(file) not in BROKEN]
    shapes = [_shape(target / file) for file in done]
    changes = sum(a != b for a, b in pairwise(shapes))

    assert changes == len(set(shapes)) - 1
    assert str(order[-1]) == "clip3.mp4"


def _shape(path):
    if path.suffix in (".png", ".jpg", ".webp"):
        with Image.open(path) as opened:
            deep = path.name == "000001.png" and path.parent.name == "GOPR00"
            return opened.size, path.suffix in (".jpg", ".webp"), deep
    with av.open(str(path)) as opened:
        context = opened.streams.video[0].codec_context
        name = context.pix_fmt
        return (context.width, context.height), name.startswith("yuv"), "48" in name


@pytest.mark.parametrize("name", DEEP)
def test_16_bits_stay_exact(tree, tmp_path, name):
    """With the identity every sample of PNG and TIFF is as it was, low bytes too."""
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / Path(name).name
    source.write_bytes((tree / name).read_bytes())
    list(deblur_folder(tmp_path / "in", tmp_path / "out", engine="identity"))
    frames = []
    for path in (source, tmp_path / "out" / source.name):
        with av.open(str(path)) as opened:
            (frame,) = opened.decode(video=0)
            frames.append((frame.format.name, frame.to_ndarray()))

    assert frames[0][0] == frames[1][0] == DEEP[name][1]
    assert frames[0][1].dtype == np.uint16
    assert len(np.unique(frames[0][1] & 255)) > 20
    assert np.array_equal(frames[0][1], frames[1][1])
