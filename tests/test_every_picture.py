"""Every pixel format, size and usual encoder from file to file; expected is what FFmpeg decodes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import EncoderError, InputError, UsageError
from deblurvid.events import Finished, Notice, Started
from deblurvid.stages.layouts import LAYOUTS
from tests.media import make_video, read_pictures, read_stamps
from tests.stages.test_layouts import converted, planar_name, random_frame, views

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from deblurvid.events import Event


def run(source: Path, target: Path, **options: Any) -> list[Event]:
    """All events of a run with the identity engine."""
    return list(deblur_video(source, target, **{"engine": "identity", **options}))


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def write(
    path: Path, codec: str, name: str, size: tuple[int, int] = (46, 34), **options: str
) -> Path:
    """Two frames of noise in a pixel format, by way of swscale."""
    planar = planar_name(LAYOUTS[name])
    with av.open(str(path), "w") as target:
        stream = cast("VideoStream", target.add_stream(codec, rate=25, options=options))
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = name
        for number in range(2):
            frame = converted(random_frame(planar, size, seed=number), name)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def planar(path: Path) -> tuple[str, list[list[NDArray[Any]]]]:
    """The pixel format of a file, and its frames' planes, in planar order, by way of swscale."""
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    name = frames[0].format.name
    target = planar_name(LAYOUTS[name])
    return name, [[v.copy() for v in views(converted(frame, target))] for frame in frames]


def assert_same(before: list[list[NDArray[Any]]], after: list[list[NDArray[Any]]]) -> None:
    assert len(before) == len(after) > 0
    for old, new in zip(before, after, strict=True):
        assert len(old) == len(new)
        assert all(map(np.array_equal, old, new))


NOT_IN_NUT = {
    *("nv16", "nv24", "nv42", "vuyx", "y212le", "yuvj420p", "yuvj422p", "yuvj444p"),
    *(
        name + end
        for name in (
            "nv20", "p010", "p012", "p016", "p210", "p212", "p216", "p410", "p412", "p416", "xv36",
            "xv48", "ayuv64", "ya16",
        )
        for end in ("le", "be")
    ),
} - {"xv48le"}  # fmt: skip
"""Layouts that no file names as raw video; tests/stages/test_layouts.py has all."""


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - NOT_IN_NUT))
def test_identity_through_ffv1_is_lossless(tmp_path: Path, name: str) -> None:
    """Raw video of each format, alpha and all, comes out of FFV1 to the bit."""
    source = write(tmp_path / "a.nut", "rawvideo", name)
    events = run(source, tmp_path / "b.mkv", codec="ffv1", strict=True)

    given, before = planar(source)
    _, after = planar(tmp_path / "b.mkv")
    assert given == name
    assert_same(before, after)
    assert notices(events) == []


@pytest.mark.parametrize(
    "name", ["rgb24", "rgba", "rgb48be", "rgba64be", "gray", "ya8", "gray16be"]
)
def test_pictures_of_png(tmp_path: Path, name: str) -> None:
    """What the PNG decoder gives, packed and big-endian, goes through FFV1 and PNG to the bit."""
    source = write(tmp_path / "a.mov", "png", name)
    for codec, suffix in (("ffv1", ".mkv"), ("png", ".mov")):
        run(source, tmp_path / f"b{suffix}", codec=codec)
        assert_same(planar(source)[1], planar(tmp_path / f"b{suffix}")[1])


@pytest.mark.parametrize(
    ("name", "codec", "options", "written"),
    [
        ("rgb24", "libx264rgb", {"qp": "0"}, "gbrp"),
        ("bgr0", "libx264rgb", {"qp": "0"}, "gbrp"),
        ("gbrp", "libx264rgb", {"qp": "0"}, "gbrp"),
        ("rgb24", "libx265", {"x265-params": "lossless=1:log-level=none"}, "gbrp"),
        ("gbrp10le", "libx265", {"x265-params": "lossless=1:log-level=none"}, "gbrp10le"),
        ("nv12", "libx264", {"qp": "0"}, "yuv420p"),
        ("gray", "libx264", {"qp": "0"}, "yuv420p"),  # whose decoder adds grey chroma
        ("ya8", "libx265", {"x265-params": "lossless=1:log-level=none"}, "gray"),
        ("yuyv422", "ffv1", {}, "yuv422p"),
    ],
)
def test_lossless_encoders_keep_every_sample(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], written: str
) -> None:
    """The samples are laid out as the encoder takes them, and decode as they were."""
    source = write(tmp_path / "a.nut", "rawvideo", name)
    run(source, tmp_path / "b.mkv", codec=codec, encoder_options=options)

    found, after = planar(tmp_path / "b.mkv")
    assert found == written
    before = planar(source)[1]
    common = min(len(before[0]), len(after[0]))
    assert_same([planes[:common] for planes in before], [planes[:common] for planes in after])


@pytest.mark.parametrize(
    ("name", "suffix", "codec"),
    [
        ("rgb24", ".mp4", "libx264rgb"),
        ("gbrp", ".mov", "libx264rgb"),
        ("gbrp10le", ".mp4", "libx265"),
        ("yuv444p", ".mp4", "libx264"),
        ("gray", ".mp4", "libx264"),
        ("gray12le", ".mp4", "libx265"),
        ("nv12", ".ts", "libx264"),
        ("yuv420p16le", ".mkv", "ffv1"),
        ("rgb48le", ".mkv", "ffv1"),
        ("yuv444p", ".webm", "libvpx-vp9"),
    ],
)
def test_every_source_has_a_default(tmp_path: Path, name: str, suffix: str, codec: str) -> None:
    """Without --codec an encoder is found that holds the samples in their sampling and depth."""
    source = make_nearly_still(tmp_path / "a.nut", name)
    events = run(source, tmp_path / f"b{suffix}", strict=True, verify="full")

    started = events[0]
    assert isinstance(started, Started)
    assert started.encoder.split()[0] == codec
    assert psnr(planar(source)[1], planar(tmp_path / f"b{suffix}")[1]) > 38


def make_nearly_still(path: Path, name: str, size: tuple[int, int] = (64, 48)) -> Path:
    """Four frames of soft slopes, which lossy encoders keep well."""
    layout = LAYOUTS[name]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("rawvideo", rate=25)
        stream.codec_context.width, stream.codec_context.height = size
        stream.codec_context.pix_fmt = name
        for number in range(4):
            frame = random_frame(planar_name(layout), size)
            for at, view in enumerate(views(frame)):
                rows, columns = np.indices(view.shape)
                slope = (rows + 2 * columns + number + 30 * at) / 1000 + 0.2
                view[:] = slope * (2**layout.picture.depth - 1)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(converted(frame, name)))
        target.mux(stream.encode(None))
    return path


def psnr(before: list[list[NDArray[Any]]], after: list[list[NDArray[Any]]]) -> float:
    """Of the worst plane that both have, in dB; depths are told by the brightest code."""
    worst = 99.0
    for old, new in zip(before, after, strict=True):
        for x, y in zip(old, new, strict=False):
            scale = 2.0 ** round(np.log2(y.max() / x.max()))
            error = np.mean((x / x.max() - y / scale / x.max()) ** 2)
            worst = min(worst, -10 * np.log10(max(error, 1e-9)))
    return worst


def test_alpha_that_is_lost_is_said(tmp_path: Path) -> None:
    """Transparency that the encoder cannot hold is a notice, and with strict refused before work."""
    source = write(tmp_path / "a.nut", "rawvideo", "rgba")
    events = run(source, tmp_path / "b.mp4")

    assert [text for text in notices(events) if "transparency is left out" in text]
    with pytest.raises(UsageError, match="transparency"):
        run(source, tmp_path / "c.mp4", strict=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.nut", "b.mp4"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pal8", "gbrap"), ("yuv411p", "yuv422p"), ("yuv410p", "yuv420p"), ("yuv440p", "yuv444p"),
        ("yuv420p9le", "yuv420p10le"), ("gray14le", "gray16le"), ("rgb565le", "gbrp"),
        ("gbrap14le", "gbrap16le"), ("monow", "gray"),
    ],
)  # fmt: skip
def test_other_formats_are_refused_with_what_to_do(tmp_path: Path, name: str, hint: str) -> None:
    """A format that is not restored is named, with the nearest one that is."""
    with av.open(str(tmp_path / "a.nut"), "w") as target:
        stream = target.add_stream("rawvideo", rate=25)
        stream.codec_context.width, stream.codec_context.height = 64, 48
        stream.codec_context.pix_fmt = name
        frame = av.VideoFrame(64, 48, name)
        frame.pts = 0
        target.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(InputError, match=rf"{name} is not restored.*-pix_fmt {hint}$"):
        run(tmp_path / "a.nut", tmp_path / "b.mkv")


FULL_RANGE = {"color_range": 2, "color_primaries": 1, "color_trc": 1, "colorspace": 1}


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libx264", ".mp4"), ("libx265", ".mp4"), ("libsvtav1", ".mp4"), ("libvpx-vp9", ".webm"),
        ("ffv1", ".mkv"), ("mjpeg", ".mkv"),
    ],
)  # fmt: skip
def test_the_full_range_stays_full(tmp_path: Path, codec: str, suffix: str) -> None:
    """yuvj420p keeps its codes, and says that they use the full range, whatever takes them."""
    source = make_video(
        tmp_path / "a.mp4", pixel_format="yuvj420p", colour=FULL_RANGE, audio=False, frames=4
    )
    target = tmp_path / f"b{suffix}"
    options = {} if codec != "mjpeg" else {"qmin": "1", "qmax": "1"}
    run(source, target, codec=codec, encoder_options=options)

    with av.open(str(target)) as file:
        frame = next(file.decode(video=0))
        assert int(frame.color_range) == 2
    error = [
        np.abs(old.astype(int) - new).mean()
        for before, after in zip(read_pictures(source), read_pictures(target), strict=True)
        for old, new in zip(before, after, strict=True)
    ]
    assert max(error) < (0.001 if codec == "ffv1" else 4)


@pytest.mark.parametrize(
    ("name", "suffix", "codec"),
    [
        ("yuv420p", ".mp4", "libsvtav1"), ("yuv420p10le", ".mkv", "libsvtav1"),
        ("yuv422p", ".mkv", "libvpx-vp9"), ("yuv420p12le", ".mkv", "ffv1"),
        ("yuv444p", ".mp4", "libx264"), ("yuv420p", ".webm", "libsvtav1"),
    ],
)  # fmt: skip
def test_odd_sizes_have_a_default(tmp_path: Path, name: str, suffix: str, codec: str) -> None:
    """Where H.264 and HEVC hold even sizes only, an encoder that holds the size is used."""
    source = make_nearly_still(tmp_path / "a.nut", name, size=(63, 47))
    events = run(source, tmp_path / f"b{suffix}", strict=True)

    started = events[0]
    assert isinstance(started, Started)
    assert started.encoder.split()[0] == codec
    after = planar(tmp_path / f"b{suffix}")[1]
    assert after[0][0].shape == (47, 63)
    assert psnr(planar(source)[1], after) > 36


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_an_odd_size_is_refused_by_name(tmp_path: Path, codec: str) -> None:
    """Asked for by name, an encoder that cannot hold the size says so and names some that can."""
    source = make_video(tmp_path / "a.mkv", size=(63, 47), codec="ffv1", audio=False)
    with pytest.raises(EncoderError, match=rf"{codec} does not take 63x47.*libsvtav1.*ffv1"):
        run(source, tmp_path / "b.mkv", codec=codec)


def test_no_default_is_said(tmp_path: Path) -> None:
    """16 bits have no usual encoder in MP4: refused, with the way out."""
    source = write(tmp_path / "a.nut", "rawvideo", "gray16le")
    with pytest.raises(EncoderError, match=r"mp4 holds 46x34 gray16le; use an output.*\.mkv"):
        run(source, tmp_path / "b.mp4")


@pytest.mark.parametrize(
    ("codec", "name", "suffix", "options"),
    [
        ("prores_ks", "yuv422p10le", ".mov", {"profile": "hq"}),
        ("prores_ks", "yuva444p10le", ".mov", {"profile": "4444"}),
        ("libvpx-vp9", "yuv420p", ".webm", {}),
        ("mjpeg", "yuv422p", ".mkv", {"qmin": "1", "qmax": "1", "strict": "unofficial"}),
        ("png", "rgb24", ".mov", {}),
        ("libx264rgb", "rgb24", ".mkv", {"crf": "10"}),
        ("mpeg2video", "yuv420p", ".ts", {"b": "8M"}),
        ("mpeg2video", "yuv422p", ".mkv", {"b": "8M"}),
        ("mpeg4", "yuv420p", ".mp4", {"b": "8M"}),
        ("cfhd", "gbrp12le", ".mov", {}),
        ("jpeg2000", "rgb24", ".mov", {}),
        ("dnxhd", "yuv444p10le", ".mov", {"profile": "dnxhr_444"}),
        ("v210", "yuv422p10le", ".mov", {}),
        ("qtrle", "argb", ".mov", {}),
        ("libsvtav1", "yuv420p10le", ".mkv", {}),
    ],
)  # fmt: skip
def test_usual_encoders_work(
    tmp_path: Path, codec: str, name: str, suffix: str, options: dict[str, str]
) -> None:
    """Each is offered what it takes, and what it wrote decodes to the source, nearly."""
    size = (256, 144)
    source = make_nearly_still(tmp_path / "a.nut", name, size=size)
    target = tmp_path / f"b{suffix}"
    events = run(source, target, codec=codec, encoder_options=options, verify="full")

    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.frames == 4
    assert psnr(planar(source)[1], planar(target)[1]) > 36


def test_the_smallest_and_what_lies_below(tmp_path: Path) -> None:
    """16x16 is restored, 16x14 refused."""
    source = make_video(tmp_path / "a.mkv", size=(16, 16), audio=False)
    run(source, tmp_path / "b.mp4")
    assert len(read_stamps(tmp_path / "b.mp4")) == 12

    flat = make_video(tmp_path / "c.mkv", size=(16, 14), audio=False)
    with pytest.raises(InputError, match="16x14: its height must be within 16"):
        run(flat, tmp_path / "d.mp4")


@pytest.mark.slow
def test_eight_k(tmp_path: Path) -> None:
    """7680x4320 goes through to the bit."""
    source = make_video(
        tmp_path / "a.mkv", size=(7680, 4320), codec="ffv1", frames=2, audio=False,
        options={"slices": "24"},
    )  # fmt: skip
    run(source, tmp_path / "b.mkv", codec="ffv1")

    assert_same(read_pictures(source), read_pictures(tmp_path / "b.mkv"))


def join(target: Path, *sources: Path) -> Path:
    """Raw H.264 streams, one after another, in Matroska: as a broadcast that switches."""
    with av.open(str(target), "w") as new:
        with av.open(str(sources[0])) as first:
            stream = new.add_stream_from_template(first.streams.video[0], opaque=True)
        number = 0
        for source in sources:
            with av.open(str(source)) as old:
                for packet in old.demux(video=0):
                    if packet.size:
                        packet.pts = packet.dts = number
                        packet.time_base = Fraction(1, 25)
                        packet.stream = stream
                        new.mux(packet)
                        number += 1
    return target


ANNEX_B = {"x264-params": "annexb=1:repeat-headers=1", "g": "1"}


@pytest.mark.parametrize(
    ("size", "name", "words"),
    [
        ((96, 80), "yuv420p", "from 64x48 yuv420p to 96x80 yuv420p"),
        ((64, 48), "yuv444p", "from 64x48 yuv420p to 64x48 yuv444p"),
        ((64, 48), "yuv420p10le", "from 64x48 yuv420p to 64x48 yuv420p10le"),
    ],
)
def test_a_change_within_the_stream_is_an_error(
    tmp_path: Path, size: tuple[int, int], name: str, words: str
) -> None:
    """The frame and time at which size or format change are named, and no output is left."""
    sources = [
        make_video(
            tmp_path / f"{number}.h264", size=this, pixel_format=kind, frames=6, audio=False,
            options=ANNEX_B,
        )
        for number, (this, kind) in enumerate([((64, 48), "yuv420p"), (size, name)])
    ]  # fmt: skip
    source = join(tmp_path / "a.ts", *sources)
    for codec in ("ffv1", "libx264"):
        with pytest.raises(InputError, match=rf"frame 6, 0\.240 s, the video changes {words}"):
            run(source, tmp_path / "b.mkv", codec=codec)
    assert not list(tmp_path.glob("*.mkv"))
    assert not list(tmp_path.glob(".*"))
