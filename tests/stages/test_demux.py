"""Spans: the frames that were asked for come out, whatever the file calls a key frame."""

from fractions import Fraction

import av
import numpy as np

from deblurvid import deblur_video
from deblurvid.stages.demux import Span, demux, open_input, span_of, video_stream
from tests.media import make_frame, make_video, read_pictures

INTRA_REFRESH = {"x264-params": "intra-refresh=1:keyint=20:bframes=0", "preset": "medium"}


def restored(source, target, **options):
    list(deblur_video(source, target, engine="identity", codec="ffv1", **options))
    return read_pictures(target)


def same(first, second):
    return len(first) == len(second) and all(
        np.array_equal(x, y)
        for a, b in zip(first, second, strict=True)
        for x, y in zip(a, b, strict=True)
    )


def test_a_key_frame_that_needs_others_is_not_trusted(tmp_path):
    """With intra refresh a decoder gives nothing for a while after a "key frame"."""
    source = make_video(
        tmp_path / "a.mp4", size=(160, 96), frames=50, options=INTRA_REFRESH, audio=False
    )
    found = restored(source, tmp_path / "b.mkv", start=Fraction(1), duration=Fraction(1, 5))

    assert same(found, read_pictures(source)[25:30])


def test_a_raw_stream_can_be_cut(tmp_path):
    """It has no timestamps to search by, so it is read from its beginning."""
    source = make_video(tmp_path / "a.h264", frames=30, audio=False, container="h264")
    found = restored(source, tmp_path / "b.mkv", start=Fraction(2, 5), duration=Fraction(1, 5))

    assert same(found, read_pictures(source)[10:15])


def test_a_span_moves_all_streams_by_whole_ticks_of_the_video():
    """Else sound and picture would be rounded apart, in AVI by half a frame."""
    span = Span(start=Fraction(3, 10), origin=Fraction(0), tick=Fraction(1, 25))

    assert span.shift / span.tick == round(span.shift / span.tick)
    assert abs(span.shift - span.start) <= span.tick / 2


def test_reading_ends_with_the_span_although_there_is_a_cover(tmp_path):
    """A cover picture has no end to wait for."""
    with av.open(str(tmp_path / "c.jpg"), "w", format="image2") as file:
        picture = file.add_stream("mjpeg", rate=1)
        picture.codec_context.width, picture.codec_context.height = 64, 48
        picture.codec_context.pix_fmt = "yuvj420p"
        file.mux(picture.encode(make_frame(0, (64, 48), "yuvj420p", 0, Fraction(1))))
        file.mux(picture.encode(None))
    video = make_video(tmp_path / "v.mkv", frames=50, audio=False)
    with av.open(str(video)) as old, av.open(str(tmp_path / "a.mkv"), "w") as new:
        copy = new.add_stream_from_template(old.streams[0], opaque=True)
        new.add_attachment("cover.jpg", "image/jpeg", (tmp_path / "c.jpg").read_bytes())
        for packet in old.demux():
            if packet.size:
                packet.stream = copy
                new.mux(packet)
    with open_input(tmp_path / "a.mkv") as container:
        video = video_stream(container, tmp_path / "a.mkv")
        assert len(container.streams.video) == 2
        list(demux(container, video, span_of(container, video, None, Fraction(1, 5))))
        assert [packet for packet in container.demux() if packet.size]
