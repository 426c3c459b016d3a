"""What is said of a picture is found, and its loss is noticed."""

from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from av.video.frame import VideoFrame

from deblurvid import deblur_video
from deblurvid.errors import UsageError
from deblurvid.events import Notice
from deblurvid.stages.tags import lost_tags, picture_tags, stated_colour
from tests.media import make_video
from tests.test_every_picture import join

BT2020_PQ = {"color_range": 1, "color_primaries": 9, "color_trc": 16, "colorspace": 9}


def tags_of(path):
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        return picture_tags(video, next(file.decode(video)))


def test_a_plain_picture_says_nothing(tmp_path):
    """Unspecified colour, square samples and no rotation are no tags."""
    assert tags_of(make_video(tmp_path / "a.mkv", codec="ffv1", pixel_format="yuv420p10le")) == {}


def test_all_tags_are_found(tmp_path):
    """Colour by its names, sample aspect ratio, rotation."""
    path = make_video(
        tmp_path / "a.mp4", rotation=90, sample_aspect_ratio=Fraction(4, 3), colour=BT2020_PQ
    )

    assert tags_of(path) == {
        "colour range": "mpeg",
        "colour primaries": "bt2020",
        "colour transfer": "smpte2084",
        "colour matrix": "bt2020",
        "sample aspect ratio": "4:3",
        "rotation": "90",
    }
    assert lost_tags(tags_of(path), tags_of(path)) == []


def test_what_a_container_loses_is_said(tmp_path):
    """MPEG-TS holds no rotation: a notice, and with strict an error that leaves no file."""
    source = make_video(tmp_path / "a.mp4", rotation=90, audio=False)
    events = list(deblur_video(source, tmp_path / "b.ts", engine="identity"))

    assert [e for e in events if isinstance(e, Notice) and "rotation 90" in e.text]
    with pytest.raises(UsageError, match="rotation 90"):
        list(deblur_video(source, tmp_path / "c.ts", engine="identity", strict=True))
    assert not (tmp_path / "c.ts").exists()


def test_a_second_video_is_said_to_be_copied(tmp_path):
    """Only the first video is restored; that the other is copied is a notice, and no loss."""
    one = make_video(tmp_path / "one.mkv", audio=False)
    two = tmp_path / "two.mkv"
    with av.open(str(one)) as first, av.open(str(one)) as second, av.open(str(two), "w") as both:
        sources = [first.streams.video[0], second.streams.video[0]]
        targets = [both.add_stream_from_template(stream, opaque=True) for stream in sources]
        for source, stream, target in zip((first, second), sources, targets, strict=True):
            for packet in source.demux(stream):
                if packet.size:
                    packet.stream = target
                    both.mux(packet)
    events = list(deblur_video(two, tmp_path / "b.mkv", engine="identity", strict=True))

    assert [e for e in events if isinstance(e, Notice) and "is copied as it is" in e.text]


def test_a_shift_of_all_streams_is_no_loss(tmp_path):
    """AAC's negative start in MP4 moves a Matroska file as a whole, and strict allows it."""
    source = make_video(tmp_path / "a.mp4", frames=20)
    events = list(deblur_video(source, tmp_path / "b.mkv", engine="identity", strict=True))

    assert [e for e in events if isinstance(e, Notice) and "together" in e.text]


def test_cropping_by_the_container_is_said(tmp_path):
    """Matroska's PixelCrop, which FFmpeg does not apply, is a notice, and an error with strict."""
    source = make_video(tmp_path / "a.mkv", audio=False)
    data = source.read_bytes()
    unit, crop = bytes.fromhex("54b28104"), bytes.fromhex("54bb8108")  # DisplayUnit, PixelCropTop
    assert data.count(unit) == 1
    source.write_bytes(data.replace(unit, crop))
    events = list(deblur_video(source, tmp_path / "b.mkv", engine="identity"))

    texts = [event.text for event in events if isinstance(event, Notice)]
    assert [text for text in texts if "cropping by the container" in text and "0/0/8/0" in text]
    with pytest.raises(UsageError, match="cropping"):
        list(deblur_video(source, tmp_path / "c.mkv", engine="identity", strict=True))


def test_cropping_by_the_codec_is_applied(tmp_path):
    """H.264 codes 64x50 as 64x64 and says so; 50 rows come out, of which nothing is said."""
    source = make_video(tmp_path / "a.mp4", size=(64, 50), audio=False)
    events = list(deblur_video(source, tmp_path / "b.mp4", engine="identity", strict=True))

    assert not [event for event in events if isinstance(event, Notice)]
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert [(f.width, f.height) for f in file.decode(video=0)] == [(64, 50)] * 12


IN_BAND = {"g": "1", "x264-params": "annexb=1:repeat-headers=1"}


def test_tags_that_only_the_pictures_carry_are_kept(tmp_path):
    """MPEG-TS says nothing of colour; what the coded pictures say is in the output's container."""
    raw = make_video(tmp_path / "a.h264", colour=BT2020_PQ, audio=False, options=IN_BAND)
    source = join(tmp_path / "a.ts", raw)
    list(deblur_video(source, tmp_path / "b.mkv", engine="identity", codec="ffv1", strict=True))

    assert tags_of(tmp_path / "b.mkv") == tags_of(source)
    assert tags_of(source)["colour transfer"] == "smpte2084"


def test_tags_that_only_the_container_carries_are_kept(tmp_path):
    """FFV1's pictures say nothing of colour; what Matroska says is in the new coded pictures."""
    source = make_video(
        tmp_path / "a.mkv", codec="ffv1", pixel_format="yuv420p10le", colour=BT2020_PQ, audio=False
    )
    list(deblur_video(source, tmp_path / "b.ts", engine="identity", strict=True))

    assert tags_of(tmp_path / "b.ts") == tags_of(source)
    assert tags_of(source)["colour transfer"] == "smpte2084"


def test_the_pictures_word_counts_where_the_two_differ():
    """A frame that is tagged decides; what it leaves open, the stream says."""
    frame = VideoFrame(64, 48, "yuv420p")
    frame.colorspace, frame.color_trc = 9, 2
    stream = SimpleNamespace(
        codec_context=SimpleNamespace(color_range=1, color_primaries=1, color_trc=16, colorspace=1)
    )

    assert stated_colour(stream, frame) == {
        "color_range": 1, "color_primaries": 1, "color_trc": 16, "colorspace": 9,
    }  # fmt: skip


def test_a_change_of_tags_is_said(tmp_path):
    """Frames tagged otherwise than the first are counted: the output carries the first one's."""
    bt709 = {"color_range": 1, "color_primaries": 1, "color_trc": 1, "colorspace": 1}
    parts = [
        make_video(tmp_path / f"{n}.h264", colour=c, audio=False, frames=6, options=IN_BAND)
        for n, c in enumerate((bt709, BT2020_PQ))
    ]
    source = join(tmp_path / "a.ts", *parts)
    events = list(deblur_video(source, tmp_path / "b.mkv", engine="identity"))

    texts = [event.text for event in events if isinstance(event, Notice)]
    assert [text for text in texts if text.startswith("6 frames (6-11): tagged with another")]
    assert tags_of(tmp_path / "b.mkv")["colour matrix"] == "itu709"
