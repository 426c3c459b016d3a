"""HDR10's static metadata come through the encoders that take them; dynamic ones are said."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import UsageError
from deblurvid.events import Notice
from deblurvid.frames import HdrMetadata
from deblurvid.stages.hdr import hdr_parameters
from tests.media import make_video
from tests.test_every_picture import join

PQ = {"color_range": 1, "color_primaries": 9, "color_trc": 16, "colorspace": 9}
STATIC = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def make_hdr10(path, *, metadata=f"max-cll=1000,400:master-display={DISPLAY}", **options):
    params = f"log-level=none:pools=1:repeat-headers=1:{metadata}"
    return make_video(
        path,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"x265-params": params, **options},
        colour=PQ,
        audio=False,
        frames=5,
    )


def static(path):
    """The side data of the first frame, by name, as bytes."""
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
        return {d.type.name: bytes(d) for d in frame.side_data if d.type.name in STATIC}


def notices(events):
    return [event.text for event in events if isinstance(event, Notice)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("codec", ["libx265", "libx264"])
def test_static_metadata_come_back_to_the_byte(tmp_path, codec, suffix):
    """Mastering display and light level that FFmpeg reads from the output are the source's bytes."""
    source = make_hdr10(tmp_path / "a.mp4")
    run = deblur_video(source, tmp_path / f"b{suffix}", engine="identity", codec=codec, strict=True)
    list(run)

    assert static(source) == static(tmp_path / f"b{suffix}")
    assert len(static(source)) == len(STATIC)


def test_av1_keeps_them_as_fine_as_it_can(tmp_path):
    """AV1 counts in 1/65536 (x, y), 1/256 (greatest) and 1/16384 cd/m2 (least)."""
    source = make_hdr10(tmp_path / "a.mp4")
    target = tmp_path / "b.mp4"
    list(deblur_video(source, target, engine="identity", codec="libsvtav1", strict=True))

    def fractions(path):
        data = np.frombuffer(static(path)["MASTERING_DISPLAY_METADATA"], np.int32)[:20]
        return [Fraction(int(up), int(down)) for up, down in data.reshape(-1, 2)]

    steps = [Fraction(1, 65_536)] * 8 + [Fraction(1, 16_384), Fraction(1, 256)]
    for before, after, step in zip(fractions(source), fractions(target), steps, strict=True):
        assert abs(before - after) <= step
    assert static(source)["CONTENT_LIGHT_LEVEL"] == static(target)["CONTENT_LIGHT_LEVEL"]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ("cll=1234,56", "CONTENT_LIGHT_LEVEL"),
        (f"mastering-display={DISPLAY}", "MASTERING_DISPLAY_METADATA"),
    ],
)
def test_one_of_the_two(tmp_path, metadata, kept):
    """Where there is only one, only that one is written (x265 always adds an empty light level)."""
    source = make_video(
        tmp_path / "a.mp4", pixel_format="yuv420p10le", options={"x264-params": metadata}, frames=5
    )
    run = deblur_video(source, tmp_path / "b.mp4", engine="identity", codec="libx264", strict=True)
    list(run)

    assert [kept] == list(static(source))
    assert static(source) == static(tmp_path / "b.mp4")


def test_the_users_parameters_win_and_the_others_stay(tmp_path):
    """-e x265-params adds to what the metadata need; the same key replaces it."""
    source = make_hdr10(tmp_path / "a.mp4")
    target = tmp_path / "b.mp4"
    options = {"x265-params": "max-cll=7,5:keyint=2"}
    list(deblur_video(source, target, engine="identity", encoder_options=options))

    display, light = (static(target)[name] for name in STATIC)
    assert static(source)["MASTERING_DISPLAY_METADATA"] == display
    assert np.frombuffer(light, np.uint32).tolist() == [7, 5]


def test_other_encoders_are_said_to_lose_them(tmp_path):
    """FFV1 has no place for either: two notices, and an error with strict."""
    source = make_hdr10(tmp_path / "a.mp4")
    events = list(deblur_video(source, tmp_path / "b.mkv", engine="identity", codec="ffv1"))

    assert [t for t in notices(events) if "HDR10's mastering display" in t]
    assert [t for t in notices(events) if "HDR10's light level" in t]
    with pytest.raises(UsageError, match="HDR10's"):
        list(deblur_video(source, tmp_path / "c.mkv", engine="identity", codec="ffv1", strict=True))
    assert not (tmp_path / "c.mkv").exists()


def test_without_metadata_nothing_is_asked_of_the_encoder():
    """No HDR10, or an encoder that has no option for it: no option."""
    assert hdr_parameters("libx265", None) == {}
    assert hdr_parameters("ffv1", HdrMetadata(None, (1, 1))) == {}


def _hdr10_plus():
    """An SEI message of SMPTE ST 2094-40 with one window and no curves, by its bit fields."""
    fields = [(1, 2), (1000, 27), (0, 1), (9000, 17), (8000, 17), (7000, 17), (3000, 17)]
    fields += [(0, 4), (25, 10), (0, 1), (0, 1), (0, 1)]
    bits = "".join(format(value, f"0{width}b") for value, width in fields)
    body = bytes.fromhex("b5003c00010401")
    body += int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return b"\x4e\x01\x04" + bytes([len(body)]) + body + b"\x80"


def _dolby_vision():
    """A NAL unit of the type in which Dolby Vision travels; what it says does not matter here."""
    return b"\x7c\x01" + bytes(range(25, 60)) + b"\x80"


def _escaped(nal):
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", nal)


def _with_units(path, target, *, before=b"", after=b""):
    """The stream with a NAL unit before and after each of its pictures."""
    units = re.split(rb"\x00\x00\x00?\x01", path.read_bytes())[1:]
    start = b"\x00\x00\x00\x01"
    out = b""
    for unit in units:
        picture = (unit[0] >> 1) < 32
        out += start + before if picture and before else b""
        out += start + unit
        out += start + after if picture and after else b""
    target.write_bytes(out)
    return target


@pytest.mark.parametrize(
    ("units", "name"),
    [
        ({"before": _escaped(_hdr10_plus())}, "HDR10[+]"),
        ({"after": _escaped(_dolby_vision())}, "Dolby Vision"),
    ],
)
def test_dynamic_metadata_are_said_to_be_lost(tmp_path, units, name):
    """HDR10+ and Dolby Vision: a notice, and an error with strict that leaves no file."""
    raw = make_hdr10(tmp_path / "raw.hevc", g="1")
    source = join(tmp_path / "a.ts", _with_units(raw, tmp_path / "with.hevc", **units))
    events = list(deblur_video(source, tmp_path / "b.mkv", engine="identity"))

    assert [text for text in notices(events) if re.search(f"does not keep {name}", text)]
    with pytest.raises(UsageError, match=name):
        list(deblur_video(source, tmp_path / "c.mkv", engine="identity", strict=True))
    assert not (tmp_path / "c.mkv").exists()
