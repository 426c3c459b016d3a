"""What becomes of streams, chapters and tags that the target does not hold."""

from types import SimpleNamespace

import av
import pytest

from deblurvid import deblur_video
from deblurvid.errors import EncoderError, VerificationError
from deblurvid.events import Notice
from deblurvid.stages.streams import plan_streams
from tests.media import make_video

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,300\nHello\n"


def notices(source, target, **options):
    events = deblur_video(source, target, engine="identity", **options)
    return [event.text for event in events if isinstance(event, Notice)]


@pytest.fixture
def subtitled(tmp_path):
    """Matroska with text subtitles."""
    (tmp_path / "s.srt").write_text(SUBTITLES)
    video = make_video(tmp_path / "v.mkv", audio=False)
    files = [av.open(str(video)), av.open(str(tmp_path / "s.srt"))]
    with av.open(str(tmp_path / "a.mkv"), "w") as new:
        copies = [new.add_stream_from_template(file.streams[0], opaque=True) for file in files]
        for file, copy in zip(files, copies, strict=True):
            for packet in file.demux():
                if packet.size:
                    packet.stream = copy
                    new.mux(packet)
    for file in files:
        file.close()
    return tmp_path / "a.mkv"


def test_what_mpegts_would_hide_is_left_out_and_said(subtitled, tmp_path):
    """FFmpeg writes any codec into MPEG-TS, as private data that nothing finds again."""
    (text,) = [n for n in notices(subtitled, tmp_path / "b.ts") if "subtitle" in n]

    assert "mpegts cannot hold subrip" in text


def test_an_encoder_that_mpegts_would_hide_is_refused(tmp_path):
    """The same of the restored stream, before work begins."""
    source = make_video(tmp_path / "a.mp4")
    with pytest.raises(EncoderError, match="mpegts cannot hold what ffv1 encodes"):
        notices(source, tmp_path / "b.ts", codec="ffv1")


def test_lost_chapters_and_tags_are_said(tmp_path):
    """MPEG-TS has neither; MP4 only the tags that it knows."""
    source = make_video(
        tmp_path / "a.mkv",
        audio=False,
        metadata={"title": "Ein Film", "custom": "kept in Matroska only"},
        chapters=[(0, 200, "Eins"), (200, 480, "Zwei")],
    )

    told = notices(source, tmp_path / "b.ts")
    assert any("does not keep 2 chapters" in text for text in told)
    assert any("does not keep the tags" in text and "title" in text.lower() for text in told)
    assert [t.lower() for t in notices(source, tmp_path / "b.mp4")] == [
        "the output does not keep the tags custom"
    ]
    assert notices(source, tmp_path / "b.mkv", strict=True) == []
    with pytest.raises(VerificationError, match="CUSTOM"):
        notices(source, tmp_path / "c.mp4", strict=True, overwrite=True)


def test_limited_range_need_not_be_said(tmp_path):
    """H.264 does not write what every player assumes; that is no loss, also with strict."""
    source = make_video(tmp_path / "a.mkv", codec="ffv1", audio=False, colour={"color_range": 1})

    assert notices(source, tmp_path / "b.mp4", strict=True) == []


@pytest.mark.parametrize(("packets", "fate"), [(2, "regenerate"), (60, "drop")])
def test_telemetry_is_not_taken_for_chapter_titles(packets, fate):
    """MOV has both as data; the titles' track, which is made anew, has a packet a chapter."""
    container = SimpleNamespace(
        chapters=lambda: ["Eins", "Zwei"], format=SimpleNamespace(name="mov,mp4,m4a")
    )
    stream = SimpleNamespace(
        type="data", metadata={}, frames=packets, container=container, disposition=0
    )
    (plan,) = plan_streams(SimpleNamespace(streams=[stream]), None, "mov")

    assert plan.fate == fate
