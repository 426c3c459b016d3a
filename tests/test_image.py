"""Pictures as arrays: `deblur_image`, and `Planes` of code values."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from deblurvid import EngineError, InputError, UsageError, deblur_image, deblur_video, open_engine
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.judge.waiting import WaitEngine
from tests.graph import generators as gen

TAGS = ColourTags(matrix="bt601", full_range=True)


def picture(shape, dtype, seed=3):
    """Codes all over the range of a type."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(33, 47, 3), (32, 48)], ids=["rgb", "grey"])
def test_strength_0_gives_the_picture_back(shape, dtype):
    """To the bit, in a new array; the one that was given is left alone."""
    image = picture(shape, dtype)
    before = image.copy()
    out = deblur_image(image, strength=0)

    assert (out.shape, out.dtype) == (image.shape, image.dtype)
    assert np.array_equal(before, out)
    assert np.array_equal(before, image)
    assert not np.shares_memory(out, image)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_channel_gets_its_own_change(tmp_path, dtype):
    """R, G and B move by what the generator adds to each, half of it at half the strength."""
    model = gen.rgb_model(bias=(8 / 255, -16 / 255, 32 / 255))
    path = gen.save(model, tmp_path / "shift.onnx")
    step = np.iinfo(dtype).max // 255
    image = (picture((32, 32, 3), np.uint8) // 2 + 48).astype(dtype) * dtype(step)
    out = deblur_image(image, engine=str(path), precision="fp32")
    half = deblur_image(image, engine=str(path), precision="fp32", strength=0.5)

    assert np.array_equal(image.astype(int) + np.array([8, -16, 32]) * step, out)
    assert np.array_equal(image.astype(int) + np.array([4, -8, 16]) * step, half)


@pytest.mark.parametrize(
    ("dtype", "shape", "pixel_format"),
    [(np.uint8, (48, 64, 3), "rgb24"), (np.uint16, (48, 64, 3), "rgb48le"), (np.uint8, (48, 64), "gray")],
    ids=["rgb24", "rgb48", "gray"],
)  # fmt: skip
def test_it_gives_what_a_run_gives(tmp_path, dtype, shape, pixel_format):
    """The same file as PNG through `deblur_video` comes out with the same samples."""
    image = picture(shape, dtype)
    frame = av.VideoFrame.from_ndarray(image, format=pixel_format)
    with av.open(str(tmp_path / "1.png"), "w", format="image2", options={"update": "1"}) as file:
        stored = "rgb48be" if dtype == np.uint16 else pixel_format
        stream = file.add_stream("png", width=64, height=48, pix_fmt=stored)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    list(deblur_video(tmp_path / "%d.png", tmp_path / "out%d.png"))
    with av.open(str(tmp_path / "out1.png")) as file:
        expected = next(file.decode(video=0)).to_ndarray(format=pixel_format)

    assert not np.array_equal(expected, image)
    assert np.array_equal(expected, deblur_image(image))


def test_the_order_of_bytes_makes_no_difference():
    """High bytes first, as some files hold them, is the same picture."""
    image = picture((32, 48, 3), np.uint16)

    assert np.array_equal(deblur_image(image), deblur_image(image.astype(">u2")))


def test_an_open_engine_serves_many_pictures():
    """Two pictures by one engine are those of an engine each; it stays open."""
    images = [picture((32, 48, 3), np.uint8, seed) for seed in (1, 2)]
    expected = [deblur_image(image) for image in images]
    with open_engine(size=(48, 32), picture=PictureFormat(source="rgb", depth=8)) as engine:
        actual = [deblur_image(image, engine=engine) for image in images]

    assert np.array_equal(expected, actual)


def test_an_engine_for_other_pictures_is_refused():
    """Both formats are named."""
    engine = WaitEngine((48, 32), PictureFormat(source="yuv420", depth=8), wait_seconds=0)
    with pytest.raises(UsageError, match=r"48x32 yuv420 of 8 bits.* 48x32 rgb of 8 bits"):
        deblur_image(picture((32, 48, 3), np.uint8), engine=engine)


@pytest.mark.parametrize(
    ("image", "error", "said"),
    [
        (np.zeros((32, 32, 3), np.float32), UsageError, "float32"),
        (np.zeros((32, 32, 4), np.uint8), UsageError, "(32, 32, 4)"),
        (np.zeros((1, 32, 32, 3), np.uint8), UsageError, "(1, 32, 32, 3)"),
        ([[[1, 2, 3]], [[1, 2, 3], [4, 5, 6]]], UsageError, "no array"),
        (Image.new("P", (32, 32)), UsageError, "image.convert('RGB')"),
        (Image.new("1", (32, 32)), UsageError, "image.convert('L')"),
        (Image.new("CMYK", (32, 32)), UsageError, "(32, 32, 4)"),
        (np.zeros((15, 32, 3), np.uint8), InputError, "its height must be within 16"),
    ],
    ids=["float", "alpha", "batch", "ragged", "palette", "bits", "cmyk", "small"],
)
def test_what_is_no_picture_is_refused(image, error, said):
    """By what it is, and what it must be."""
    with pytest.raises(error) as raised:
        deblur_image(image)

    assert said in str(raised.value)


def test_a_strength_out_of_range_is_refused():
    """As in a run."""
    with pytest.raises(UsageError, match=r"strength is 1\.5"):
        deblur_image(np.zeros((32, 32, 3), np.uint8), strength=1.5)


@pytest.mark.parametrize(("level", "said"), [(np.nan, "3072 samples of NaN"), (9.0, "flat colour")])
def test_what_a_generator_breaks_is_an_error(tmp_path, level, said):
    """Nobody is given a picture that is the source by accident, or nothing but one colour."""
    path = gen.save(gen.rgb_model(bias=(level,) * 3), tmp_path / "broken.onnx")
    with pytest.raises(EngineError, match=said):
        deblur_image(picture((32, 32, 3), np.uint8), engine=str(path))


def test_planes_of_codes_hold_low_bytes_then_high_bytes():
    """258 is 2 and 1; and `codes` gives back what went in."""
    deep = Planes.from_codes([np.array([[258, 65535]], np.uint16)], TAGS)
    flat = Planes.from_codes([np.array([[7, 255]], np.uint8)], TAGS)

    assert deep.samples[0].tolist() == [[[2, 255]], [[1, 255]]]
    assert flat.samples[0].tolist() == [[[7, 255]]]
    assert [deep.codes()[0].tolist(), flat.codes()[0].tolist()] == [[[258, 65535]], [[7, 255]]]
    assert [deep.codes()[0].dtype, flat.codes()[0].dtype] == [np.uint16, np.uint8]


@pytest.mark.parametrize("plane", [np.zeros((4, 4)), np.zeros((1, 4, 4), np.uint8)])
def test_planes_of_something_else_are_refused(plane):
    """Neither fractions nor a third dimension."""
    with pytest.raises(ValueError, match="codes are uint8 or uint16"):
        Planes.from_codes([plane], TAGS)
