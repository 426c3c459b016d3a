"""What becomes of streams, chapters and tags that the target does not hold."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import EncoderError, UsageError
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
    with pytest.raises(UsageError, match="CUSTOM"):
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
        type="data",
        name=None,
        metadata={},
        frames=packets,
        container=container,
        disposition=0,
    )
    (plan,) = plan_streams(SimpleNamespace(streams=[stream]), None, "mov")

    assert plan.fate == fate


def make_recording(path: Path, codec: str) -> list[bytes]:
    """A second of pictures, and three packets of telemetry 0.3 s apart; gives the latter."""
    packets = [b"DEVC" + bytes([number] * 40) for number in range(3)]
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        telemetry = file.add_data_stream(codec)
        telemetry.time_base = Fraction(1, 1000)
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((96, 64), 9 * number, np.uint8), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        for number, data in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = telemetry, Fraction(1, 1000)
            packet.pts = packet.dts = 300 * number
            packet.duration = 300
            file.mux(packet)
    return packets


def telemetry_of(path: Path) -> list[tuple[int, bytes]]:
    """Times from the first picture on, in ms, and bytes of the packets of the data stream."""
    with av.open(str(path)) as file:
        (stream,) = file.streams.data
        video = file.streams.video[0]
        begin = (video.start_time or 0) * Fraction(video.time_base or 1)
        packets = [p for p in file.demux(stream) if p.size]
        times = [(p.pts or 0) * Fraction(p.time_base) - begin for p in packets]
        return [(round(1000 * at), bytes(p)) for at, p in zip(times, packets, strict=True)]


@pytest.mark.parametrize(
    ("codec", "source", "target"),
    [
        ("bin_data", "a.mp4", "b.mp4"),
        ("bin_data", "a.mp4", "b.mov"),
        ("klv", "a.ts", "b.ts"),
    ],
)
def test_telemetry_is_copied(tmp_path, codec, source, target):
    """GoPro's in MP4, KLV in MPEG-TS: the same bytes at the same times beside the picture."""
    packets = make_recording(tmp_path / source, codec)

    assert notices(tmp_path / source, tmp_path / target, strict=True) == []
    found = telemetry_of(tmp_path / target)
    assert [data for _, data in found] == packets
    assert [at for at, _ in found] == [0, 300, 600]


def test_telemetry_is_cut_with_the_picture(tmp_path):
    """From 0.2 s on: what was measured at 0.3 s stands at 0.1 s."""
    packets = make_recording(tmp_path / "a.mp4", "bin_data")

    notices(tmp_path / "a.mp4", tmp_path / "b.mp4", start=Fraction(1, 5))
    assert telemetry_of(tmp_path / "b.mp4") == [(100, packets[1]), (400, packets[2])]


@pytest.mark.parametrize(("source", "target"), [("a.mp4", "b.mkv"), ("a.ts", "b.mp4")])
def test_telemetry_that_cannot_be_held_is_said(tmp_path, source, target):
    """A notice that names who holds it; with strict an error before work begins."""
    make_recording(tmp_path / source, "klv" if source.endswith("ts") else "bin_data")

    told = notices(tmp_path / source, tmp_path / target)
    assert any("telemetry is held by m" in text for text in told)
    with pytest.raises(UsageError, match="telemetry"):
        notices(tmp_path / source, tmp_path / f"strict-{target}", strict=True)
