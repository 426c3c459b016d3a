"""What is said of a picture is found, and its loss is noticed."""

from fractions import Fraction

import av
import pytest

from deblurvid import deblur_video
from deblurvid.errors import VerificationError
from deblurvid.events import Notice
from deblurvid.stages.tags import lost_tags, picture_tags
from tests.media import make_video

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
    assert lost_tags(path, tags_of(path)) == []


def test_hdr10_is_seen_and_its_loss_is_said(tmp_path):
    """Mastering display and light level of an HDR10 source are named as not kept."""
    hdr10 = (
        "log-level=none:pools=1:hdr10=1:repeat-headers=1:max-cll=1000,400:master-display="
        "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    )
    source = make_video(
        tmp_path / "a.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"x265-params": hdr10},
        colour=BT2020_PQ,
    )
    events = list(deblur_video(source, tmp_path / "b.mp4", engine="identity"))

    texts = [event.text for event in events if isinstance(event, Notice)]
    assert any("HDR10's mastering display" in text for text in texts)
    assert any("HDR10's light level" in text for text in texts)


def test_what_a_container_loses_is_said(tmp_path):
    """MPEG-TS holds no rotation: a notice, and with strict a failure that leaves no file."""
    source = make_video(tmp_path / "a.mp4", rotation=90, audio=False)
    events = list(deblur_video(source, tmp_path / "b.ts", engine="identity"))

    assert [e for e in events if isinstance(e, Notice) and "rotation 90" in e.text]
    with pytest.raises(VerificationError, match="rotation 90"):
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
