"""EXIF, ICC profile and XMP of single images; made and read back by Pillow, or byte by byte."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageCms

from deblurvid import InputError, UsageError, deblur_video
from deblurvid.events import Finished, Notice
from deblurvid.stages.image_blocks import ImageMetadata, read_metadata, with_metadata
from deblurvid.stages.jpeg import is_cut_off
from deblurvid.stages.tiff import exif_block, read_directory
from tests.ffmpeg_tools import ffmpeg, ffprobe_json
from tests.media import read_pictures
from tests.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("jpg", "png", "tiff", "webp")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION, MAKE, EXIF_IFD, GPS_IFD, ISO, LATITUDE = 0x112, 0x10F, 0x8769, 0x8825, 0x8827, 2


def picture(mode="RGB", size=(40, 32), seed=0) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    codes = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], channels), np.uint8)
    return Image.fromarray(codes.squeeze())


def exif() -> Image.Exif:
    made = Image.Exif()
    made[ORIENTATION], made[MAKE] = 6, "Maker of cameras"
    made.get_ifd(EXIF_IFD)[ISO] = 1600
    made.get_ifd(GPS_IFD)[LATITUDE] = (47.0, 22.0, 30.5)
    return made


def write(path: Path, **more) -> Path:
    """An image with all three, by Pillow, which writes no directory into another one of TIFF."""
    facts = {"exif": exif().tobytes(), "icc_profile": ICC, "xmp": XMP} | more
    if path.suffix == ".tiff":
        picture().save(path)
        block = facts["exif"].removeprefix(b"Exif\0\0")
        blocks = ImageMetadata(exif=block, icc=facts["icc_profile"], xmp=facts["xmp"])
        path.write_bytes(with_metadata(path.read_bytes(), blocks))
        return path
    if path.suffix == ".png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", facts.pop("xmp").decode())
        facts["pnginfo"] = info
    if path.suffix == ".jpg":
        facts["quality"] = 95
    picture().save(path, **{name: value for name, value in facts.items() if value})
    return path


def said(path: Path) -> dict[str, object]:
    """What Pillow reads of it."""
    with Image.open(path) as image:
        read = image.getexif()
        xmp = image.info.get("xmp") or read.get(700)
        return {
            "orientation": read.get(ORIENTATION),
            "make": read.get(MAKE),
            "iso": read.get_ifd(EXIF_IFD).get(ISO),
            "latitude": tuple(map(float, read.get_ifd(GPS_IFD).get(LATITUDE, ()))),
            "icc": image.info.get("icc_profile"),
            "xmp": xmp.encode() if isinstance(xmp, str) else xmp,
        }


def restore(source: Path, target: Path, **options) -> str:
    """All notices."""
    events = list(deblur_video(source, target, engine="identity", **options))
    assert isinstance(events[-1], Finished)
    return "\n".join(event.text for event in events if isinstance(event, Notice))


ALL = {
    "orientation": 6,
    "make": "Maker of cameras",
    "iso": 1600,
    "latitude": (47.0, 22.0, 30.5),
    "icc": ICC,
    "xmp": XMP,
}


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS)
def test_an_image_takes_along_what_it_says_of_itself(tmp_path, old, new):
    """From each kind to each: what Pillow put in, Pillow finds, the picture not turned."""
    source = write(tmp_path / f"a.{old}")
    notices = restore(source, tmp_path / f"b.{new}", strict=old == new and old != "webp")

    assert said(source) == ALL
    assert said(tmp_path / f"b.{new}") == ALL
    assert "not keep" not in notices
    (stream,) = ffprobe_json(tmp_path / f"b.{new}")["streams"]
    assert (stream["width"], stream["height"]) == (40, 32)


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_stays_transparent(tmp_path, lossless):
    """What is put beside its picture does not hide that it has transparency; lossless stays so."""
    made = picture("RGBA")
    made.save(tmp_path / "a.webp", exif=exif(), lossless=lossless, exact=True)
    restore(tmp_path / "a.webp", tmp_path / "b.webp")
    with Image.open(tmp_path / "a.webp") as old, Image.open(tmp_path / "b.webp") as new:
        assert old.mode == new.mode == "RGBA"
        a, b = np.asarray(old), np.asarray(new)

    assert said(tmp_path / "b.webp")["orientation"] == 6
    assert np.array_equal(a[..., 3], b[..., 3])
    assert np.array_equal(a[a[..., 3] > 0], b[a[..., 3] > 0]) or not lossless


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_exif_is_the_same_to_the_byte(tmp_path, kind):
    """Makers' notes refer to places within the block, so nothing of it is written anew."""
    block = exif().tobytes() + b"a maker's own bytes"
    source = write(tmp_path / f"a.{kind}", exif=block)
    restore(source, tmp_path / f"b.{kind}")

    assert block.removeprefix(b"Exif\0\0") in (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize("more", [{}, {"icc_profile": ICC}])
def test_a_png_claims_no_resolution_of_0(tmp_path, more):
    """FFmpeg writes 0 x 1 pixels a unit, which PNG does not allow."""
    picture().save(tmp_path / "a.png", **more)
    restore(tmp_path / "a.png", tmp_path / "b.png")

    assert b"pHYs" not in (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "b.png") as image:
        assert "dpi" not in image.info
        assert "aspect" not in image.info


def test_pngs_of_a_sequence_say_that_samples_are_square(tmp_path):
    """1 x 1 of no unit; FFmpeg would write 0 x 1."""
    picture().save(tmp_path / "1.png")
    picture().save(tmp_path / "2.png")
    restore(tmp_path / "%d.png", tmp_path / "b%d.png")

    for number in (1, 2):
        data = (tmp_path / f"b{number}.png").read_bytes()
        assert data[data.index(b"pHYs") + 4 :][:9] == struct.pack(">IIB", 1, 1, 0)


@pytest.mark.parametrize(
    ("mode", "said"), [("P", "palette.*-pix_fmt rgba"), ("1", "1 bit .*-pix_fmt gray")]
)
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_a_palette_or_bits_are_refused_by_name(tmp_path, mode, said, kind):
    """The file is named, and the advice is one that its format can follow."""
    picture().convert(mode).save(tmp_path / f"a.{kind}")
    with pytest.raises(InputError, match=rf"a\.{kind}: .*{said}"):
        restore(tmp_path / f"a.{kind}", tmp_path / f"b.{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_without_stays_without(tmp_path, kind):
    """And FFmpeg's own blocks do not come in."""
    picture().save(tmp_path / f"a.{kind}")
    restore(tmp_path / f"a.{kind}", tmp_path / f"b.{kind}")

    assert said(tmp_path / f"b.{kind}")["icc"] is None
    assert said(tmp_path / f"b.{kind}")["orientation"] in (None, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_not_touched(tmp_path, kind):
    """With blocks and without, an image decodes to the same samples."""
    write(tmp_path / f"a.{kind}")
    data = (tmp_path / f"a.{kind}").read_bytes()
    (tmp_path / f"b.{kind}").write_bytes(with_metadata(data, ImageMetadata()))
    old, new = (read_pictures(tmp_path / f"{name}.{kind}") for name in "ab")

    assert [*said(tmp_path / f"b.{kind}").values()] == [None, None, None, (), None, None]
    assert all(np.array_equal(a, b) for a, b in zip(old[0], new[0], strict=True))


def test_a_large_profile_is_split_in_jpeg(tmp_path):
    """As ICC.1 annex B.4 has it: Pillow puts the segments together again."""
    large = ICC + os.urandom(200_000)
    write(tmp_path / "a.png", icc_profile=large)
    restore(tmp_path / "a.png", tmp_path / "b.jpg")

    assert said(tmp_path / "b.jpg")["icc"] == large


def test_what_does_not_fit_is_said(tmp_path):
    """A profile for other colours, and more EXIF than a JPEG holds; strict refuses before work."""
    gray = ICC[:16] + b"GRAY" + ICC[20:]
    source = write(tmp_path / "a.png", icc_profile=gray, exif=exif().tobytes() + bytes(70_000))
    notices = restore(source, tmp_path / "b.jpg")

    assert "not keep the ICC profile, which is for GRAY" in notices
    assert "not keep EXIF" in notices
    assert said(tmp_path / "b.jpg")["xmp"] == XMP
    with pytest.raises(UsageError, match="strict"):
        restore(source, tmp_path / "c.jpg", strict=True)
    assert not (tmp_path / "c.jpg").exists()


def test_high_bytes_first_are_read(tmp_path):
    """TIFF and EXIF come in both orders; ISO and place are numbers of two and of four bytes."""
    made = Image.Exif()
    made.endian = ">"
    made.update(exif())
    made.get_ifd(EXIF_IFD)[ISO] = 1600
    made.get_ifd(GPS_IFD)[LATITUDE] = (47.0, 22.0, 30.5)
    block = made.tobytes()
    assert block[6:10] == b"MM\0*"
    write(tmp_path / "a.jpg", exif=block)
    restore(tmp_path / "a.jpg", tmp_path / "b.tiff")

    assert said(tmp_path / "b.tiff") == ALL


@pytest.mark.parametrize("pixel_format", ["rgb48le", "gray16le"])
def test_deep_tiff_keeps_samples_and_tags(tmp_path, pixel_format):
    """A directory put behind the file leads to the same strips, as FFmpeg's own program reads them."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=40x32,format={pixel_format}", "-frames:v", "1",
           tmp_path / "made.tiff")  # fmt: skip
    block = ImageMetadata(exif=exif().tobytes().removeprefix(b"Exif\0\0"))
    (tmp_path / "a.tiff").write_bytes(with_metadata((tmp_path / "made.tiff").read_bytes(), block))
    restore(tmp_path / "a.tiff", tmp_path / "b.tiff")
    for name in ("made", "b"):
        ffmpeg("-i", tmp_path / f"{name}.tiff", "-f", "rawvideo", tmp_path / name)

    assert (tmp_path / "made").read_bytes() == (tmp_path / "b").read_bytes()
    assert said(tmp_path / "b.tiff")["iso"] == 1600


def test_further_pages_are_missed_aloud(tmp_path):
    """Of a TIFF with three only the first is restored."""
    pages = [picture(seed=number) for number in (1, 2)]
    picture().save(tmp_path / "a.tiff", save_all=True, append_images=pages)

    assert "only the first page" in restore(tmp_path / "a.tiff", tmp_path / "b.tiff")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_an_image_that_is_cut_off_is_an_error(tmp_path, kind, share):
    """FFmpeg would fill a JPEG up with grey and say nothing."""
    data = write(tmp_path / f"a.{kind}").read_bytes()
    (tmp_path / f"cut.{kind}").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="cut off"):
        restore(tmp_path / f"cut.{kind}", tmp_path / f"b.{kind}")

    assert not (tmp_path / f"b.{kind}").exists()


def test_the_end_of_a_jpeg_is_not_that_of_its_thumbnail(tmp_path):
    """EXIF holds whole JPEGs; and what follows the end, as phones write it, is no harm."""
    thumbnail = BytesIO()
    picture(size=(16, 16)).save(thumbnail, "JPEG")
    data = write(tmp_path / "a.jpg", exif=exif().tobytes() + thumbnail.getvalue()).read_bytes()
    progressive = BytesIO()
    picture().save(progressive, "JPEG", progressive=True)

    assert not is_cut_off(data)
    assert not is_cut_off(data + b"\xff\xd8 a video of a phone")
    assert is_cut_off(data[:-300])
    assert not is_cut_off(progressive.getvalue())
    assert is_cut_off(progressive.getvalue()[:-40])


@pytest.mark.parametrize(("what", "frames"), [("keep", 3), ("drop", 2)])
def test_a_cut_jpeg_of_a_sequence_is_a_corrupt_frame(tmp_path, what, frames):
    """Counted, said, and kept or dropped as was asked for."""
    for number in (1, 2, 3):
        picture(seed=number).save(tmp_path / f"{number}.jpg")
    cut = (tmp_path / "2.jpg").read_bytes()[:-200]
    (tmp_path / "2.jpg").write_bytes(cut)
    events = list(
        deblur_video(tmp_path / "%d.jpg", tmp_path / "o.mkv", engine="identity", on_corrupt=what)
    )

    assert (events[-1].frames, events[-1].corrupt_frames) == (frames, 1)
    assert any("frame 1 of the source: corrupt" in e.text for e in events if isinstance(e, Notice))


def test_a_png_whose_profile_has_a_name_ends_well(tmp_path):
    """PyAV would free that name twice, and the process would die of it."""
    write(tmp_path / "a.png")
    words = ["run", tmp_path / "a.png", "-o", tmp_path / "b.png", "--engine", "identity"]
    done = subprocess.run(
        [sys.executable, "-m", "deblurvid", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_blocks_are_no_obstacle(tmp_path, kind):
    """Whatever is wrong with what comes beside a picture, the picture is restored."""
    data = bytearray(write(tmp_path / f"a.{kind}").read_bytes())
    whole = bytes(data)
    rng = np.random.default_rng(5)
    for _ in range(300):
        at = rng.integers(12, min(len(data), 6000), 3)
        for place in at:
            data[place] = rng.integers(0, 256)
        read_metadata(bytes(data))
        data[:] = whole
    read_metadata(whole[:300])


def test_a_profile_that_bursts_is_left_out():
    """A few bytes of a PNG that claim gigabytes."""
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(1 << 24)) for _ in range(8)) + bomb.flush()
    body = b"name\0\0" + packed
    chunk = struct.pack(">I", len(body)) + b"iCCP" + body + bytes(4)

    assert read_metadata(b"\x89PNG\r\n\x1a\n" + chunk) == ImageMetadata()


def test_no_file_keeps_one_busy():
    """Directories of hundreds of directories of hundreds more; and nothing but FF for a marker."""
    count = 120
    size = 2 + 12 * count + 4
    data = b"II*\0" + struct.pack("<I", 8)
    for level in range(3):
        row = struct.pack("<HHII", EXIF_IFD, 4, 1, 8 + size * (level + 1))
        data += struct.pack("<H", count) + row * count + bytes(4)
    data += struct.pack("<HHHIII", 1, ISO, 3, 1, 1600, 0)
    begun = time.process_time()

    assert read_metadata(data).exif
    assert is_cut_off(b"\xff\xd8" + b"\xff" * (1 << 15) + b"\0")
    assert time.process_time() - begun < 1


def test_a_directory_is_written_as_it_was_read():
    """Read, written, read: the same entries, those of the directories below too."""
    directory = read_directory(exif().tobytes().removeprefix(b"Exif\0\0"))

    assert read_directory(exif_block(directory)) == directory


def test_a_directory_that_leads_to_itself_ends():
    """Its EXIF is the directory that it stands in."""
    loop = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, EXIF_IFD, 4, 1, 8, 0)

    assert read_metadata(loop) == ImageMetadata()
