"""Sequences of images, read and written."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from deblurvid import EncoderError, InputError, OutputError, UsageError, deblur_video
from deblurvid.events import Notice
from deblurvid.stages.images import find_images, natural, template_of
from deblurvid.stages.landing import Images
from tests.ffmpeg_tools import ffmpeg, ffprobe_json
from tests.media import make_frame, make_video, read_pictures
from tests.processes import ROOT

SIZE = (64, 48)


def events_of(source, target, **options):
    return list(deblur_video(source, target, engine="identity", **options))


def notices(events) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def write_image(
    path: Path, index: int = 0, *, codec="mjpeg", pixel_format="yuvj420p", size=SIZE
) -> Path:
    """One picture; the bar in it tells its index."""
    with av.open(f"file:{path}", "w", format="image2") as target:
        stream = target.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        target.mux(stream.encode(make_frame(index, size, pixel_format, 0, Fraction(1, 25))))
        target.mux(stream.encode(None))
    return path


def gray(path: Path, index: int = 0) -> Path:
    return write_image(path, index, codec="png", pixel_format="gray")


def bars(video: Path) -> list[int]:
    """The index of each picture of grey ones: its brightest column / 2."""
    return [int(planes[0].mean(axis=0).argmax()) // 2 for planes in read_pictures(video)]


@pytest.mark.parametrize(
    ("name", "number", "wanted"),
    [
        ("%d.png", 7, "7.png"),
        ("a%05d.jpg", 7, "a00007.jpg"),
        ("%3d.tif", 1234, "1234.tif"),
        ("50%%_%02d.webp", 3, "50%_03.webp"),
    ],
)
def test_names_are_made_as_ffmpeg_makes_them(name, number, wanted):
    """Printf's %d and %0Nd, and %% for itself."""
    template = template_of(Path("in") / name)

    assert template is not None
    assert template.file(number) == Path("in") / wanted


@pytest.mark.parametrize("name", ["100%.png", "a%05d.mp4", "%d%d.png", "plain.png", "%s.png"])
def test_other_names_are_names(name):
    """Not every percent sign begins a number, and only images come in sequences."""
    assert template_of(Path(name)) is None


def test_a_template_finds_its_numbers_wherever_they_begin(tmp_path):
    """And no files that only look alike."""
    for name in ("f_998.png", "f_999.png", "f_1000.png", "f_01.png", "f_x.png", "g_1.png"):
        (tmp_path / name).touch()
    found = find_images(tmp_path / "f_%d.png")

    assert found is not None
    assert [file.name for file in found.files] == ["f_998.png", "f_999.png", "f_1000.png"]
    assert (found.first_number, found.gaps) == (998, ())


def test_names_are_sorted_as_people_count():
    """2 before 10, whatever stands around them."""
    names = ["b1.png", "a10.png", "a2.png", "A1.png", "a2b.png", "10.png", "9.png"]

    assert sorted(map(Path, names), key=natural) == list(
        map(Path, ["9.png", "10.png", "A1.png", "a2.png", "a2b.png", "a10.png", "b1.png"])
    )


@pytest.mark.parametrize("source", ["%d.png", "."])
def test_a_sequence_becomes_a_video(tmp_path, source):
    """Every image once, in order, at exactly its time; by a template or by the folder."""
    folder = tmp_path / "100% in"
    folder.mkdir()
    for index in range(12):
        gray(folder / f"{index + 5}.png", index)
    (folder / ".5.png").write_text("of some file manager")
    (folder / "notes.txt").write_text("no image")
    rate = Fraction(24000, 1001)
    events = events_of(folder / source, tmp_path / "b.nut", codec="ffv1", frame_rate=rate)

    assert bars(tmp_path / "b.nut") == list(range(12))
    assert events[0].frame_count == 12
    with av.open(str(tmp_path / "b.nut")) as read:
        times = [frame.time for frame in read.decode(read.streams.video[0])]
    assert times == pytest.approx([float(number / rate) for number in range(12)], abs=1e-9)


def test_a_gap_is_said_and_nothing_after_it_is_lost(tmp_path):
    """FFmpeg's own reader ends there without a word."""
    for index, number in enumerate((1, 2, 5, 6, 9)):
        gray(tmp_path / f"{number:03}.png", index)
    events = events_of(tmp_path / "%03d.png", tmp_path / "b.mkv", codec="ffv1")

    assert bars(tmp_path / "b.mkv") == [0, 1, 2, 3, 4]
    assert "4 numbers are missing (3-4, 7-8)" in notices(events)


def test_a_part_of_a_sequence_is_read_by_number(tmp_path):
    """At 10 images a second, 0.3 s to 0.6 s are the fourth to the sixth."""
    for index in range(10):
        gray(tmp_path / f"{index}.png", index)
    events = events_of(
        tmp_path / "%d.png",
        tmp_path / "b.mkv",
        codec="ffv1",
        frame_rate=Fraction(10),
        start=Fraction(3, 10),
        duration=Fraction(3, 10),
    )

    assert bars(tmp_path / "b.mkv") == [3, 4, 5]
    assert events[0].frame_count == 3


@pytest.mark.parametrize("pixel_format", ["yuvj420p", "yuvj422p", "yuvj444p"])
def test_jpeg_keeps_sampling_and_range(tmp_path, pixel_format):
    """As FFmpeg's own program decodes it, sample by sample; and it stays so in a JPEG."""
    write_image(tmp_path / "a1.jpg", pixel_format=pixel_format)
    lossless = {"codec": "libx264", "encoder_options": {"crf": "0"}}
    events_of(tmp_path / "a%d.jpg", tmp_path / "b.mkv", **lossless)
    ffmpeg("-i", tmp_path / "a1.jpg", "-f", "rawvideo", tmp_path / "wanted")
    ffmpeg("-i", tmp_path / "b.mkv", "-f", "rawvideo", tmp_path / "found")
    events_of(tmp_path / "a%d.jpg", tmp_path / "c%d.jpg")

    assert (tmp_path / "wanted").read_bytes() == (tmp_path / "found").read_bytes()
    for name in ("b.mkv", "c1.jpg"):
        (stream,) = ffprobe_json(tmp_path / name)["streams"]
        assert stream["color_range"] == "pc"
        assert stream["pix_fmt"] in (pixel_format, pixel_format.replace("j", ""))


@pytest.mark.parametrize(
    ("suffix", "deep", "probed"),
    [
        ("png", "yuv420p10le", "rgb48be"),
        ("tiff", "yuv444p10le", "rgb48le"),
        ("png", "yuv420p", "rgb24"),
    ],
)
def test_a_video_becomes_images_of_its_depth(tmp_path, suffix, deep, probed):
    """Numbered from 1, one a frame, with the colour that the standard's formula gives."""
    codec = "ffv1"
    source = make_video(tmp_path / "a.mkv", codec=codec, pixel_format=deep, frames=3, audio=False,
                        colour={"colorspace": 1, "color_range": 1})  # fmt: skip
    events = events_of(source, tmp_path / f"o%03d.{suffix}")

    made = sorted(path.name for path in tmp_path.glob("o*"))
    assert made == [f"o00{number}.{suffix}" for number in (1, 2, 3)]
    assert f"converted to {probed}" in notices(events)
    with av.open(str(tmp_path / made[1])) as read:
        (frame,) = read.decode(read.streams.video[0])
    assert frame.format.name == probed
    depth = 10 if "10" in deep else 8
    wanted = bt709(read_pictures(source)[1], depth)
    top = 65535 if "48" in probed else 255
    rgb = frame.to_ndarray(format=probed).astype(float) / top
    # The median, because edges of chroma are spread in one way or another; slopes of it too.
    codes = 1.5 if "444" in deep else 4
    assert np.median(np.abs(rgb - wanted)) < codes / 2**depth


def bt709(planes, depth: int):
    """ITU-R BT.709-6, limited range: Y, U, V codes -> R, G, B in 0..1, chroma repeated."""
    y, u, v = (np.asarray(plane, float) / 2 ** (depth - 8) for plane in planes)
    if u.shape != y.shape:
        u, v = (np.repeat(np.repeat(part, 2, 0), 2, 1) for part in (u, v))
    luma, cb, cr = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    red, blue = luma + 1.5748 * cr, luma + 1.8556 * cb
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.stack([red, green, blue], -1), 0, 1)


@pytest.mark.parametrize(
    ("suffix", "pixel_format"),
    [
        ("png", "rgb24"),
        ("png", "rgba"),
        ("png", "rgb48be"),
        ("png", "gray16be"),
        ("tiff", "rgb48le"),
    ],
)
def test_images_of_8_and_16_bits_stay_as_they_are(tmp_path, suffix, pixel_format):
    """RGB, grey and transparency, sample by sample, as FFmpeg's own program reads them."""
    for number in (1, 2):
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=64x48,hue=h={90 * number},format={pixel_format}",
               "-frames:v", "1", tmp_path / f"a{number}.{suffix}")  # fmt: skip
    events = events_of(tmp_path / f"a%d.{suffix}", tmp_path / f"b%d.{suffix}")
    for name in "ab":
        ffmpeg("-i", tmp_path / f"{name}%d.{suffix}", "-f", "rawvideo", tmp_path / name)

    assert events[0].info.pixel_format == pixel_format
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert notices(events) == ""


def test_webp_holds_the_picture(tmp_path):
    """Lossy, so nearly."""
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=2, audio=False)
    events_of(source, tmp_path / "o%d.webp", verify="full")
    with av.open(str(tmp_path / "o2.webp")) as read:
        (frame,) = read.decode(read.streams.video[0])

    luma = frame.reformat(format="gray").to_ndarray().astype(float)
    assert np.abs(luma - read_pictures(source)[1][0]).mean() < 12


def test_sound_and_tags_are_missed_aloud(tmp_path):
    """There is no place for them."""
    source = make_video(tmp_path / "a.mkv", metadata={"title": "t"}, frames=2)
    said = notices(events_of(source, tmp_path / "o%d.png"))

    assert "audio aac) is left out: a sequence of images holds nothing but the pictures" in said
    assert "no tags" in said
    with pytest.raises(UsageError, match="strict"):
        events_of(source, tmp_path / "p%d.png", strict=True)


def test_existing_images_are_a_clash(tmp_path):
    """Any file that the template could be; with -y they are replaced, and others stay, as is said."""
    source = make_video(tmp_path / "a.mkv", frames=2, audio=False)
    out = tmp_path / "out"
    out.mkdir()
    for number in (2, 70):
        (out / f"{number:05}.png").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"2 such files exist already, 00002\.png the first"):
        events_of(source, out / "%05d.png")
    assert (out / "00002.png").read_bytes() == b"precious"

    said = notices(events_of(source, out / "%05d.png", overwrite=True))

    assert "1 images with other numbers" in said
    assert sorted(path.name for path in out.iterdir()) == ["00001.png", "00002.png", "00070.png"]
    assert (out / "00002.png").read_bytes()[1:4] == b"PNG"
    assert (out / "00070.png").read_bytes() == b"precious"


def test_a_sequence_is_never_its_own_target(tmp_path):
    """Even with -y, and by the folder."""
    write_image(tmp_path / "1.jpg")
    for source in (tmp_path, tmp_path / "%d.jpg", tmp_path / "1.jpg"):
        with pytest.raises(UsageError, match="same file"):
            events_of(source, tmp_path / "%d.jpg", overwrite=True)


def test_nothing_stands_there_before_all_is_complete(tmp_path):
    """While it is made there is one hidden folder, which nobody else may enter, and then none."""
    source = make_video(tmp_path / "a.mkv", frames=30, audio=False)
    out = tmp_path / "out"
    out.mkdir()
    run = deblur_video(source, out / "%d.png", engine="identity")
    for _ in range(20):
        next(run)
    (part,) = out.iterdir()
    assert part.name[0] == "."
    assert part.stat().st_mode & 0o777 == 0o700
    run.close()

    assert list(out.iterdir()) == []


def test_images_that_cannot_be_moved_are_all_moved_back(tmp_path, monkeypatch):
    """The old ones stand again under their names."""
    source = make_video(tmp_path / "a.mkv", frames=4, audio=False)
    out = tmp_path / "out"
    out.mkdir()
    for number in (1, 2):
        (out / f"{number}.png").write_bytes(b"precious")
    whole = Path.replace

    def failing(self, target):
        if Path(target).name == "3.png" and Path(target).parent == out:
            raise OSError(28, "No space left on device")
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OutputError, match="No space left"):
        events_of(source, out / "%d.png", overwrite=True)

    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "1.png": b"precious",
        "2.png": b"precious",
    }


def test_an_image_that_was_not_written_fails_the_check(tmp_path, monkeypatch):
    """What is counted is what lies there, not what was sent."""
    source = make_video(tmp_path / "a.mkv", frames=4, audio=False)
    whole = Images.written
    monkeypatch.setattr(Images, "written", lambda self: whole(self)[:-1])
    with pytest.raises(Exception, match="4 frames went in, 3 images"):
        events_of(source, tmp_path / "%d.png")


def test_one_image_is_restored_to_one_image(tmp_path):
    """Without a number in the name; many do not fit into it."""
    write_image(tmp_path / "a.jpg")
    events_of(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").read_bytes()[:3] == b"\xff\xd8\xff"

    source = make_video(tmp_path / "a.mkv", frames=2, audio=False)
    with pytest.raises(OutputError, match=r"cannot hold 2 images.*c%05d\.jpg"):
        events_of(source, tmp_path / "c.jpg")
    assert not (tmp_path / "c.jpg").exists()


def test_many_frames_into_one_image_are_refused_before_work(tmp_path):
    """Where their number is known, and not only once all have been restored."""
    source = make_video(tmp_path / "a.mp4", frames=9, audio=False)
    events = deblur_video(source, tmp_path / "c.png", engine="identity")
    with pytest.raises(UsageError, match=r"cannot hold 9 images.*c%05d\.png"):
        next(events)

    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "no images in it"),
        (("a.txt",), "no images in it"),
        (("1.png", "2.png*"), "2.png: not a readable image"),
        (("1.png", "2.jpg"), "a jpeg image among png ones"),
    ],
)
def test_folders_that_are_no_sequence_are_refused(tmp_path, names, words):
    """The file at fault is named."""
    for name in names:
        path = tmp_path / name.rstrip("*")
        if name.endswith(("*", "txt")):
            path.write_text("text")
        else:
            (gray if path.suffix == ".png" else write_image)(path)
    with pytest.raises(InputError, match=words):
        events_of(tmp_path, tmp_path.parent / f"{tmp_path.name}.mkv")


def test_a_template_without_files_is_refused(tmp_path):
    """As a missing file is."""
    with pytest.raises(InputError, match="no such file for any number"):
        events_of(tmp_path / "%d.png", tmp_path / "b.mkv")


def test_side_data_that_pyav_does_not_know_is_no_obstacle(tmp_path):
    """EXIF, which every camera writes into JPEG and FFmpeg into TIFF."""
    write_image(tmp_path / "1.tiff", codec="tiff", pixel_format="gray")
    with av.open(str(tmp_path / "1.tiff")) as read:
        (frame,) = read.decode(read.streams.video[0])
        kinds = {data.type.name for data in frame.side_data}
    events_of(tmp_path / "%d.tiff", tmp_path / "b.mkv", codec="ffv1")

    assert "TYPE_31" in kinds
    assert len(read_pictures(tmp_path / "b.mkv")) == 1


def test_a_percent_sign_in_the_targets_folder_is_one(tmp_path):
    """FFmpeg would take it for a number."""
    out = tmp_path / "50%d"
    out.mkdir()
    source = make_video(tmp_path / "a.mkv", frames=2, audio=False)
    events_of(source, out / "%d.png")

    assert sorted(path.name for path in out.iterdir()) == ["1.png", "2.png"]


def test_a_frame_keeps_its_time_when_it_is_converted():
    """The encoder behind goes by it."""
    from deblurvid.stages.reformat import Conversion, reformat

    frame = VideoFrame(64, 48, "yuv420p")
    frame.pts, frame.time_base = 7, Fraction(1, 24)
    conversion = Conversion(codec="png", pixel_format="rgb24", depth=8, jpeg=False)
    (made,) = reformat([frame], conversion)

    assert (made.pts, made.time_base, made.format.name) == (7, Fraction(1, 24), "rgb24")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_images_have_the_usual_mode(tmp_path):
    """Though their folder was private while they were made."""
    source = make_video(tmp_path / "a.mkv", frames=1, audio=False)
    (tmp_path / "usual").touch()
    events_of(source, tmp_path / "%d.png")

    assert (tmp_path / "1.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


CLOSING = """
import sys
from pathlib import Path
from deblurvid.stages.demux import Span
from deblurvid.stages.images import ImageSequence, image_packets, open_images
files = (Path(sys.argv[1]),) * 4
for _ in range(10):
    sequence = ImageSequence(name=files[0], files=files)
    container = open_images(sequence, 25)
    video = container.streams.video[0]
    video.thread_type = "FRAME"
    video.codec_context.thread_count = 4
    for packet in image_packets(sequence, video, Span()):
        video.codec_context.decode(packet)
    del packet, video, container
"""


def test_a_decoder_can_be_closed_while_it_holds_images(tmp_path):
    """Its threads free the packets, and would wait for Python's lock, which who closes it holds."""
    size = (960, 720)  # large enough that the threads are still at work
    write_image(tmp_path / "1.webp", codec="libwebp", pixel_format="yuv420p", size=size)
    subprocess.run(
        [sys.executable, "-c", CLOSING, tmp_path / "1.webp"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=40,
    )


@pytest.mark.parametrize("q", ["1", "8", "31"])
def test_the_quality_of_a_jpeg_is_ffmpeg_s_q(tmp_path, q):
    """The tables of quantisation are those that FFmpeg's own program writes for -q:v."""
    source = write_image(tmp_path / "a.png", codec="png", pixel_format="rgb24")
    ffmpeg("-i", source, "-q:v", q, "-qmin", 1, tmp_path / "theirs.jpg")
    events_of(source, tmp_path / "ours.jpg", encoder_options={"q": q})

    with Image.open(tmp_path / "theirs.jpg") as theirs, Image.open(tmp_path / "ours.jpg") as ours:
        assert ours.quantization == theirs.quantization


@pytest.mark.parametrize(
    ("options", "words"), [({"q": "0"}, "q is '0'"), ({"crf": "20"}, "its quality is -e q=2")]
)
def test_what_is_no_quality_of_a_jpeg_is_refused(tmp_path, options, words):
    """With what is one."""
    source = write_image(tmp_path / "a.jpg")
    with pytest.raises(EncoderError, match=words):
        events_of(source, tmp_path / "b.jpg", encoder_options=options)
