"""Kinds of images that FFmpeg reads wrongly are refused, and those that it reads come out exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from deblurvid import InputError, deblur_video
from tests import tiffs
from tests.tiffs import tiff, tiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RNG = np.random.default_rng(0)
RGB, RGB16 = (RNG.integers(0, top, (32, 48, 3), kind) for top, kind in ((256, "u1"), (65536, "u2")))
GREY, GREY16, FOUR = RGB[..., 0], RGB16[..., 0], RNG.integers(0, 256, (32, 48, 4), "u1")
OF_PILLOW = Image.fromarray(RGB)


def restore(source: Path, target: Path) -> None:
    list(deblur_video(source, target, engine="identity"))


REFUSED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "tiles": ("a TIFF in tiles", lambda path: tiled(path, RGB)),
    "tiles of 16 bits": ("a TIFF in tiles", lambda path: tiled(path, GREY16)),
    "jpeg": ("a TIFF with JPEG inside", lambda path: OF_PILLOW.save(path, compression="jpeg")),
    "old jpeg": ("with JPEG inside", lambda path: tiff(path, RGB, tags={tiffs.COMPRESSION: [6]})),
    "zstd": ("with Zstandard inside", lambda path: OF_PILLOW.save(path, compression="zstd")),
    "future": ("with compression 7777", lambda path: tiff(path, RGB, tags={tiffs.COMPRESSION: [7777]})),
    "ycbcr": ("of YCbCr", lambda path: OF_PILLOW.convert("YCbCr").save(path)),
    "cmyk": ("of CMYK", lambda path: OF_PILLOW.convert("CMYK").save(path)),
    "lab": ("of LAB", lambda path: tiff(path, RGB, tags={tiffs.PHOTOMETRIC: [8]})),
    "signed": ("of signed", lambda path: tiff(path, GREY16.view("i2"), tags={tiffs.FORMAT: [2]})),
    "signed, high bytes first": (
        "of signed", lambda path: tiff(path, RGB16.view("i2"), ">", tags={tiffs.FORMAT: [2] * 3})
    ),
    "half": ("of floating", lambda path: tiff(path, GREY16.view("f2"), tags={tiffs.FORMAT: [3]})),
    "uint32": ("of 32 bits", lambda path: tiff(path, GREY16.astype("u4"))),
    "five channels": ("of 5 channels", lambda path: tiff(path, RNG.integers(0, 256, (32, 48, 5), "u1"))),
    "bigtiff": ("a BigTIFF", lambda path: OF_PILLOW.save(path, big_tiff=True)),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_come_out_wrong_is_refused(tmp_path: Path, kind: str) -> None:
    """The message says which file it is, of which kind, and how to make another; nothing is written."""
    said, make = REFUSED[kind]
    make(tmp_path / "a.tif")
    with pytest.raises(InputError, match=rf"a\.tif: .*{said}.*; convert it first .*magick"):
        restore(tmp_path / "a.tif", tmp_path / "b.tif")

    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


READ: dict[str, tuple[np.ndarray, Callable[[Path], object]]] = {
    "rgb": (RGB, lambda path: tiff(path, RGB)),
    "rgb, high bytes first": (RGB, lambda path: tiff(path, RGB, ">")),
    "grey of 16 bits": (GREY16, lambda path: tiff(path, GREY16)),
    "grey of 16 bits, high bytes first": (GREY16, lambda path: tiff(path, GREY16, ">")),
    "unsigned": (GREY16, lambda path: tiff(path, GREY16, tags={tiffs.FORMAT: [1]})),
    "white is 0": (GREY, lambda path: tiff(path, 255 - GREY, tags={tiffs.PHOTOMETRIC: [0]})),
    "transparent": (FOUR, lambda path: tiff(path, FOUR, tags={tiffs.EXTRA: [2]})),
    "lzw": (RGB, lambda path: OF_PILLOW.save(path, compression="tiff_lzw")),
    "deflate": (RGB, lambda path: OF_PILLOW.save(path, compression="tiff_adobe_deflate")),
    "packbits": (RGB, lambda path: OF_PILLOW.save(path, compression="packbits")),
}


@pytest.mark.parametrize("kind", READ)
def test_what_is_read_comes_out_as_it_is(tmp_path: Path, kind: str) -> None:
    """Pillow finds the codes that were put in."""
    codes, make = READ[kind]
    make(tmp_path / "a.tif")
    restore(tmp_path / "a.tif", tmp_path / "b.tif")

    with Image.open(tmp_path / "b.tif") as image:
        assert np.array_equal(codes, np.asarray(image))


def test_one_of_a_sequence_is_refused_too(tmp_path: Path) -> None:
    """Not only the first is looked at."""
    tiff(tmp_path / "1.tif", RGB)
    tiled(tmp_path / "2.tif", RGB)
    with pytest.raises(InputError, match=r"2\.tif: a TIFF in tiles"):
        restore(tmp_path / "%d.tif", tmp_path / "b%d.tif")


def test_damaged_notes_do_not_hide_tiles(tmp_path: Path) -> None:
    """EXIF that leads out of the file is no reason to take black for the picture."""
    codes = np.ascontiguousarray(GREY)
    tiff(tmp_path / "a.tif", codes, tags={tiffs.TILE_WIDTH: [16], 34665: [1 << 30]})
    with pytest.raises(InputError, match="in tiles"):
        restore(tmp_path / "a.tif", tmp_path / "b.tif")


@pytest.mark.parametrize("cut", range(8, 300, 7))
def test_a_directory_that_is_cut_off_is_no_crash(tmp_path: Path, cut: int) -> None:
    """Whatever is missing, one line says that it is no image."""
    whole = tiff(tmp_path / "a.tif", RGB[:16, :16]).read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: len(whole) - cut])
    with pytest.raises(InputError, match=r"a\.tif"):
        restore(tmp_path / "a.tif", tmp_path / "b.tif")


def test_an_animated_webp_is_called_so(tmp_path: Path) -> None:
    """It is neither damaged nor cut off; a still one with the same head is read."""
    first, second = Image.fromarray(RGB), Image.fromarray(255 - RGB)
    first.save(tmp_path / "a.webp", save_all=True, append_images=[second])
    with pytest.raises(InputError, match=r"a\.webp: an animated WebP.*magick"):
        restore(tmp_path / "a.webp", tmp_path / "b.webp")

    first.save(tmp_path / "c.webp", exif=Image.Exif().tobytes() or b"Exif\0\0II*\0", lossless=True)
    restore(tmp_path / "c.webp", tmp_path / "d.webp")
    with Image.open(tmp_path / "d.webp") as image:
        assert np.array_equal(RGB, np.asarray(image))
