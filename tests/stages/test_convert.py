"""Sound and subtitles that the target cannot hold: converted, at their times, and said."""

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import UsageError
from deblurvid.events import Notice
from tests.ffmpeg_tools import ffmpeg, ffprobe_json, stream_md5
from tests.media import make_video, read_packets

PICTURE = (
    "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2,format=yuv420p", "-c:v", "libx264",
    "-preset", "ultrafast", "-threads", "1",
)  # fmt: skip
SUBTITLES = """1
00:00:00,120 --> 00:00:00,320
Hello <i>you</i>

2
00:00:00,520 --> 00:00:00,920
Ägain
"""
TARGETS = {
    ".mp4": ("truehd", "aac"),
    ".mov": ("libopus", "aac"),
    ".webm": ("aac", "libopus"),
    ".ts": ("pcm_s16le", "aac"),
    ".avi": ("libopus", "pcm_s16le"),
    ".mkv": ("wmav2", "flac"),
}
CODECS = {".webm": "libvpx-vp9", ".avi": "mpeg4"}


def run(source, target, **options):
    options = {"codec": CODECS.get(target.suffix)} | options
    events = deblur_video(source, target, engine="identity", overwrite=True, **options)
    return [event.text for event in events if isinstance(event, Notice)]


def with_beep(path, codec, *, begin=Fraction(7, 10), channels=2):
    """Two seconds of picture; beside it silence with one short beep at `begin`."""
    beep = f"aevalsrc='between(t,{float(begin)},{float(begin + Fraction(1, 20))})*sin(2*PI*880*t)'"
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    sound = f"{beep}:s=48000:d=2,aformat=channel_layouts={layout}"
    ffmpeg(
        *PICTURE[:4], "-f", "lavfi", "-i", sound, *PICTURE[4:], "-c:a", codec, "-strict", "-2",
        "-metadata:s:a", "language=deu", "-metadata:s:a", "title=Ton", path,
    )  # fmt: skip
    return path


def beep_beside_picture(path):
    """Seconds from the first picture to where the sound rises, in FFmpeg's decoding."""
    with av.open(str(path)) as file:
        first = next(file.decode(video=0)).time
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            wave = frame.to_ndarray()
            scale = 1 if wave.dtype.kind == "f" else np.iinfo(wave.dtype).max
            if not frame.format.is_planar:
                wave = wave.reshape(-1, frame.layout.nb_channels).T
            loud = (np.abs(wave) > 0.2 * scale).any(0)
            if loud.any():
                return frame.time + int(loud.argmax()) / frame.sample_rate - first
    raise AssertionError("no beep")


def sound_of(path):
    return next(s for s in ffprobe_json(path)["streams"] if s["codec_type"] == "audio")


@pytest.mark.parametrize("suffix", TARGETS)
def test_sound_that_is_not_held_is_converted_and_stays_in_time(tmp_path, suffix):
    """A beep stays beside its picture to 3 ms; codec, rate, channels and language are as said."""
    codec, wanted = TARGETS[suffix]
    source = with_beep(tmp_path / ("a.asf" if codec == "wmav2" else "a.mkv"), codec)
    texts = run(source, tmp_path / f"b{suffix}")

    (said,) = [text for text in texts if "converted" in text]
    sound = sound_of(tmp_path / f"b{suffix}")
    name = {"libopus": "opus"}.get(wanted, wanted)
    assert (sound["codec_name"], sound["sample_rate"], sound["channels"]) == (name, "48000", 2)
    assert f"converted to {wanted} (stereo, 48000 Hz" in said
    moved = beep_beside_picture(tmp_path / f"b{suffix}") - beep_beside_picture(source)
    # An AVI frame is 40 ms, and reading wmav2 back loses a packet: not looked at to the sample.
    assert abs(moved) <= 0.003


def test_converted_sound_lasts_as_long(tmp_path):
    """Not a sample more or less: in MP4 by its edit list, in WebM by what Opus leaves out."""
    run(with_beep(tmp_path / "a.mkv", "pcm_s24le"), tmp_path / "b.mp4")
    run(with_beep(tmp_path / "a.mkv", "flac"), tmp_path / "b.webm")

    assert sound_of(tmp_path / "b.mp4")["duration_ts"] == 96_000
    assert samples(tmp_path / "b.webm") == 96_000


def samples(path):
    """How many samples ffmpeg's own program decodes."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "s16le", "-ac", "1", "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    return len(done.stdout) // 2


def test_six_channels_stay_six(tmp_path):
    """AC-3's 5.1 has its rear channels at the side, which Opus calls otherwise."""
    source = with_beep(tmp_path / "a.mkv", "ac3", channels=6)
    run(source, tmp_path / "b.webm")

    assert sound_of(tmp_path / "b.webm")["channels"] == 6
    assert abs(beep_beside_picture(tmp_path / "b.webm") - 0.7) <= 0.003


@pytest.mark.parametrize("suffix", [".webm", ".avi"])
def test_converted_sound_begins_late_if_it_did(tmp_path, suffix):
    """Sound that begins 0.4 s behind the picture; in AVI silence goes before it."""
    with_beep(tmp_path / "s.mkv", "flac")
    ffmpeg(
        "-i", tmp_path / "s.mkv", "-itsoffset", 0.4, "-i", tmp_path / "s.mkv",
        "-map", "0:v", "-map", "1:a", "-c", "copy", tmp_path / "a.mkv",
    )  # fmt: skip
    run(tmp_path / "a.mkv", tmp_path / f"b{suffix}")

    assert abs(beep_beside_picture(tmp_path / f"b{suffix}") - 1.1) <= 0.003


@pytest.mark.parametrize("suffix", [".webm", ".avi"])
def test_a_hole_in_the_sound_stays(tmp_path, suffix):
    """Packets are missing from 0.2 to 0.5 s; the beep at 0.7 s is where it was."""
    whole = with_beep(tmp_path / "w.mkv", "flac")
    with av.open(str(whole)) as old, av.open(str(tmp_path / "a.mkv"), "w") as new:
        copies = [new.add_stream_from_template(s, opaque=True) for s in old.streams]
        for packet in old.demux():
            hole = packet.stream.type == "audio" and 200 <= (packet.pts or 0) < 500
            if packet.size and not hole:
                packet.stream = copies[packet.stream_index]
                new.mux(packet)
    run(tmp_path / "a.mkv", tmp_path / f"b{suffix}")

    assert abs(beep_beside_picture(tmp_path / f"b{suffix}") - 0.7) <= 0.003


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_span_of_converted_sound(tmp_path, suffix):
    """From 0.5 s on, the beep at 0.7 s comes 0.2 s after the first frame."""
    source = with_beep(tmp_path / "a.mkv", "flac")
    if suffix == ".mp4":
        source = with_beep(tmp_path / "p.mkv", "pcm_s16le")
    run(source, tmp_path / f"b{suffix}", start=Fraction(49, 100))

    # The first frame from 0.49 s on is at 0.52 s (13 of 1/25 s).
    assert abs(beep_beside_picture(tmp_path / f"b{suffix}") - 0.18) <= 0.003


def subtitles(path, number=0):
    """What ffmpeg's own program reads, as an SRT file's lines, and the languages of ffprobe."""
    return ffmpeg("-i", path, "-map", f"0:s:{number}", "-f", "srt", "-").split("\n\n")


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "s.srt"
    path.write_text(SUBTITLES)
    return path


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("subrip", ".mp4"),
        ("ass", ".mov"),
        ("webvtt", ".mp4"),
        ("mov_text", ".mkv"),
        ("mov_text", ".webm"),
        ("subrip", ".webm"),
        ("ass", ".mkv"),
    ],
)
def test_text_subtitles_come_through_every_container(tmp_path, written, form, suffix):
    """Two tracks: words, times, languages and titles, in the form that the container holds."""
    source = tmp_path / ("a.mp4" if form == "mov_text" else "a.mkv")
    ffmpeg(
        *PICTURE[:4], "-i", written, "-map", "0", "-map", "1", "-map", "1", *PICTURE[4:],
        "-c:s", form, "-metadata:s:s:0", "language=deu", "-metadata:s:s:1", "language=eng",
        source,
    )  # fmt: skip
    before = subtitles(source)
    texts = run(source, tmp_path / f"b{suffix}")

    assert "Hello <i>you</i>" in before[0]
    assert "00:00:00,120 --> 00:00:00,320" in before[0]
    assert before == subtitles(tmp_path / f"b{suffix}") == subtitles(tmp_path / f"b{suffix}", 1)
    tracks = [
        s for s in ffprobe_json(tmp_path / f"b{suffix}")["streams"] if "subtitle" in s["codec_type"]
    ]
    languages = [track["tags"]["language"] for track in tracks]
    assert languages == ["ger" if suffix == ".mov" else "deu", "eng"]
    held = {".mp4": "mov_text", ".mov": "mov_text", ".webm": "webvtt", ".mkv": "subrip"}[suffix]
    kept = form == held or (suffix == ".mkv" and form != "mov_text")
    assert len([text for text in texts if f"converted to {held}" in text]) == (0 if kept else 2)


def test_a_span_moves_converted_subtitles(tmp_path, written):
    """From 0.4 s on, the second subtitle comes at 0.12 s; the first is gone."""
    ffmpeg(*PICTURE[:4], "-i", written, *PICTURE[4:], "-c:s", "subrip", tmp_path / "a.mkv")
    run(tmp_path / "a.mkv", tmp_path / "b.mp4", start=Fraction(4, 10))

    assert [t for t in subtitles(tmp_path / "b.mp4") if t.strip()] == [
        "1\n00:00:00,120 --> 00:00:00,520\nÄgain"
    ]


def test_strict_refuses_a_conversion_before_work(tmp_path):
    """Nothing is written, and the message says what would have become what."""
    source = with_beep(tmp_path / "a.mkv", "flac")
    with pytest.raises(UsageError, match=r"flac.* converted to libopus .*webm cannot hold flac"):
        run(source, tmp_path / "b.webm", strict=True)
    assert not list(tmp_path.glob("*b.*"))


def test_copied_streams_are_the_same_bytes(tmp_path, written):
    """By ffmpeg's own hash of their packets, two of sound and one of text."""
    ffmpeg(
        *PICTURE[:4], "-f", "lavfi", "-i", "sine=d=2", "-i", written, "-map", "0", "-map", "1",
        "-map", "1", "-map", "2", *PICTURE[4:], "-c:a:0", "ac3", "-c:a:1", "aac", "-c:s", "ass",
        tmp_path / "a.mkv",
    )  # fmt: skip
    assert run(tmp_path / "a.mkv", tmp_path / "b.mkv", strict=True) == []

    for spec in ("0:a:0", "0:a:1", "0:s:0"):
        assert stream_md5(tmp_path / "a.mkv", spec) == stream_md5(tmp_path / "b.mkv", spec)


@pytest.mark.parametrize(
    ("first", "second", "third"), [(".mp4", ".mkv", "png"), (".mkv", ".mp4", "jpg")]
)
def test_a_cover_goes_both_ways(tmp_path, first, second, third):
    """The same picture file, and still a cover, JPEG and PNG."""
    picture = tmp_path / f"c.{third}"
    ffmpeg(*PICTURE[:4], "-frames:v", 1, picture)
    make_video(tmp_path / f"v{first}", audio=False)
    if first == ".mp4":
        ffmpeg(
            "-i", tmp_path / "v.mp4", "-i", picture, "-map", 0, "-map", 1, "-c", "copy",
            "-disposition:v:1", "attached_pic", tmp_path / "a.mp4",
        )  # fmt: skip
    else:
        ffmpeg(
            "-i", tmp_path / "v.mkv", "-attach", picture, "-c", "copy", "-metadata:s:t",
            f"mimetype=image/{third.replace('jpg', 'jpeg')}", "-metadata:s:t",
            f"filename=cover.{third}", tmp_path / "a.mkv",
        )  # fmt: skip
    assert run(tmp_path / f"a{first}", tmp_path / f"b{second}", strict=True) == []

    with av.open(str(tmp_path / f"b{second}")) as file:
        cover = file.streams.video[1]
        assert cover.disposition & av.stream.Disposition.attached_pic
        data = next(bytes(packet) for packet in file.demux(cover) if packet.size)
        kind = cover.metadata.get("mimetype")
    assert data == picture.read_bytes()
    assert kind == ("image/png" if second == ".mkv" else None)  # MP4 tells by the bytes


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_span_advances_the_timecode(tmp_path, suffix):
    """A second in, the timecode is a second later, in the track or the tag."""
    ffmpeg(*PICTURE, "-timecode", "01:00:00:00", tmp_path / "a.mov")
    run(tmp_path / "a.mov", tmp_path / f"b{suffix}", start=1)

    video = ffprobe_json(tmp_path / f"b{suffix}")["streams"][0]
    tags = {name.lower(): value for name, value in video["tags"].items()}
    assert tags["timecode"] == "01:00:01:00"


def test_a_codec_without_a_decoder_is_copied(tmp_path, written):
    """TTML in MP4, of which this FFmpeg reads no text."""
    ffmpeg(*PICTURE[:4], "-i", written, *PICTURE[4:], "-c:s", "ttml", tmp_path / "a.mp4")
    assert run(tmp_path / "a.mp4", tmp_path / "b.mp4", strict=True) == []

    assert read_packets(tmp_path / "a.mp4", "subtitle") == read_packets(
        tmp_path / "b.mp4", "subtitle"
    )
    assert [t for t in run(tmp_path / "a.mp4", tmp_path / "b.mkv") if "left out" in t]


def test_lost_languages_are_said(tmp_path):
    """AVI's sound has no language; a title it has."""
    source = with_beep(tmp_path / "a.mkv", "ac3")

    assert run(source, tmp_path / "b.avi") == [
        "the output does not keep the language 'deu' of the audio stream 1"
    ]
