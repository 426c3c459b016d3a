"""What a target asks for by its name, and what is said of it before work begins."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest

from deblurvid import OutputError, UsageError, deblur_video
from deblurvid.events import Finished, Notice
from tests.ffmpeg_tools import ffmpeg, ffprobe_json
from tests.media import make_video, read_pictures, read_stamps
from tests.processes import piped


def run(source, target, **options):
    return list(deblur_video(source, target, engine="identity", **options))


def notices(events):
    return [event.text for event in events if isinstance(event, Notice)]


def test_nut_begins_later_with_b_frames(tmp_path):
    """It cannot hold negative decoding times: all is moved by the same, and that is said."""
    source = make_video(tmp_path / "a.mp4", bframes=2)
    events = run(source, tmp_path / "b.nut")

    moved = [
        b - a for a, b in zip(read_stamps(source), read_stamps(tmp_path / "b.nut"), strict=True)
    ]
    assert max(moved) - min(moved) <= Fraction(1, 1000)
    assert [f"{float(moved[0]):.3f}"] == [
        text.split()[3] for text in notices(events) if text.startswith("all streams begin")
    ]


@pytest.mark.parametrize(("suffix", "packet"), [(".ts", 188), (".m2ts", 192), (".mts", 192)])
def test_a_stream_for_discs_has_times_before_its_packets(tmp_path, suffix, packet):
    """188 bytes that begin with 47h, behind four more in a .m2ts file (BDAV)."""
    run(make_video(tmp_path / "a.mp4"), tmp_path / f"b{suffix}")

    data = (tmp_path / f"b{suffix}").read_bytes()
    assert len(data) % packet == 0
    assert set(data[packet - 188 :: packet]) == {0x47}


def test_raw_frames_go_into_avi(tmp_path):
    """Their rate is as constant as it is said to be."""
    frames = np.random.default_rng(1).integers(0, 256, (5, 64 * 48 * 3 // 2), np.uint8)
    (tmp_path / "a.raw").write_bytes(frames.tobytes())
    facts = {"input_format": "rawvideo", "size": (64, 48), "pixel_format": "yuv420p"}
    run(tmp_path / "a.raw", tmp_path / "b.avi", codec="ffv1", frame_rate=Fraction(10), **facts)

    assert [Fraction(n, 10) for n in range(5)] == read_stamps(tmp_path / "b.avi")
    first = [plane.ravel() for plane in read_pictures(tmp_path / "b.avi")[0]]
    assert np.array_equal(np.concatenate(first), frames[0])


def test_the_name_of_an_image_is_no_other_format(tmp_path):
    """--format and the suffix of images contradict each other: refused before work."""
    source = make_video(tmp_path / "a.mkv", frames=2)
    with pytest.raises(UsageError, match=r"--format matroska: .*x\.png is an image by its name"):
        run(source, tmp_path / "x.png", format="matroska")


@pytest.mark.parametrize(
    ("name", "said"),
    [("b%02d.jpg", "10 bits to 8"), ("b.y4m", "holds no chapters and no tags of the file")],
)
def test_strict_refuses_what_pictures_alone_do_not_hold(tmp_path, name, said):
    """Before anything is written; without it the same is a notice."""
    source = make_video(
        tmp_path / "a.mkv", frames=2, pixel_format="yuv420p10le", codec="ffv1", audio=False,
        metadata={"title": "T"},
    )  # fmt: skip
    with pytest.raises(UsageError, match=said):
        run(source, tmp_path / name, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]

    assert any(said in text for text in notices(run(source, tmp_path / name)))


@pytest.mark.parametrize("verify", ["fast", "off"])
def test_rotation_is_told_of_without_a_check_too(tmp_path, verify):
    """That images hold none is known before the first frame."""
    source = make_video(tmp_path / "a.mp4", frames=2, rotation=90)

    texts = notices(run(source, tmp_path / "b%02d.png", verify=verify))
    assert len([text for text in texts if "rotation" in text]) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's here")
def test_strict_sends_nothing_down_a_pipe(tmp_path):
    """Exit code 2 with not one byte on standard output."""
    source = make_video(tmp_path / "a.mkv", frames=2)
    words = ["--format", "yuv4mpegpipe", "--strict"]
    code, out, err = piped(str(source), "-o", "-", *words, given=b"")

    assert (code, out) == (2, b"")
    assert "--strict makes this an error" in err


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="there is no /dev/stdout")  # noqa: PTH110
def test_events_and_video_do_not_mix(tmp_path):
    """/dev/stdout is standard output by another name."""
    source = make_video(tmp_path / "a.mkv", frames=2)
    words = ["--format", "matroska", "--progress", "json"]
    code, out, err = piped(str(source), "-o", "/dev/stdout", *words, given=b"")

    assert (code, out) == (2, b"")
    assert "--progress json writes to standard output" in err


def test_an_image_is_written_through_a_link_and_keeps_its_mode(tmp_path):
    """As a video is: the link stays, and what it names is replaced."""
    run(make_video(tmp_path / "a.mkv", frames=1, audio=False), tmp_path / "real.png")
    before = (tmp_path / "real.png").read_bytes()
    (tmp_path / "real.png").chmod(0o600)
    (tmp_path / "link.png").symlink_to("real.png")
    other = make_video(tmp_path / "b.mkv", frames=1, size=(32, 32), audio=False)
    run(other, tmp_path / "link.png", overwrite=True)

    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_bytes() != before
    assert (tmp_path / "real.png").stat().st_mode & 0o777 == 0o600


def test_a_link_to_itself_is_refused(tmp_path):
    """Before work, with what to do."""
    (tmp_path / "b.mkv").symlink_to("b.mkv")
    with pytest.raises((OutputError, UsageError), match="link leads to itself; remove it"):
        run(make_video(tmp_path / "a.mkv", frames=1), tmp_path / "b.mkv")


def test_rows_in_adam7_s_order_are_no_fields(tmp_path):
    """FFmpeg marks such a PNG as interlaced, which no camera was."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=1:d=1", "-flags", "+ildct", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[28] == 1
    run(tmp_path / "a.png", tmp_path / "b.png")

    shown, restored = read_pictures(tmp_path / "a.png"), read_pictures(tmp_path / "b.png")
    assert np.array_equal(shown[0], restored[0])


@pytest.mark.parametrize(
    ("muxer", "suffix"), [("apng", ".png"), ("gif", ".gif"), ("mjpeg", ".mjpeg")]
)
def test_moving_images_are_videos(tmp_path, muxer, suffix):
    """All their frames come, not the first alone."""
    source = tmp_path / f"a{suffix}"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.7", "-f", muxer, source)
    events = run(source, tmp_path / "b.mkv")

    assert next(event.frames for event in events if isinstance(event, Finished)) == 7
    assert len(read_stamps(tmp_path / "b.mkv")) == 7


def test_parameters_of_a_frame_are_no_missing_end(tmp_path):
    """yuv4mpegpipe's FRAME lines may have some; whole frames stay whole."""
    header, frame = b"YUV4MPEG2 W16 H16 F25:1 Ip A1:1 C420jpeg\n", bytes(16 * 16 * 3 // 2)
    (tmp_path / "a.y4m").write_bytes(header + 3 * (b"FRAME Ip\n" + frame))
    events = run(tmp_path / "a.y4m", tmp_path / "b.mkv", codec="ffv1")

    assert not [text for text in notices(events) if "inside a frame" in text]


def test_transparency_beside_vp9_is_told_of(tmp_path):
    """FFmpeg's decoder passes it over without a word, and the tag must not claim it any more."""
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3,format=yuva420p",
        "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", tmp_path / "a.webm",
    )  # fmt: skip
    events = run(tmp_path / "a.webm", tmp_path / "b.mkv")

    assert any("transparency is left out" in text for text in notices(events))
    tags = ffprobe_json(tmp_path / "b.mkv")["streams"][0].get("tags", {})
    assert "alpha_mode" not in {name.lower() for name in tags}


def test_what_a_camera_notes_stays_in_mov(tmp_path):
    """QuickTime's own tags beside the usual ones, and nothing is said to be lost."""
    source = tmp_path / "a.mov"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-timecode", "01:00:00:00", "-metadata", "com.apple.quicktime.make=Maker",
        "-metadata", "title=T", "-movflags", "use_metadata_tags", source,
    )  # fmt: skip
    run(source, tmp_path / "b.mov", strict=True)

    tags = ffprobe_json(tmp_path / "b.mov")["format"]["tags"]
    assert (tags["com.apple.quicktime.make"], tags["title"]) == ("Maker", "T")


def test_what_an_edit_list_hides_of_subtitles_is_not_shown(tmp_path):
    """Hidden subtitles stay hidden, and the others keep their times, by ffprobe's reading."""
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,000 --> 00:00:00,100\nearly\n\n2\n00:00:00,600 --> 00:00:00,800\nlate\n"
    )
    whole, source = tmp_path / "whole.mp4", tmp_path / "a.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1", "-i", tmp_path / "a.srt",
        "-c:v", "libx264", "-g", "50", "-pix_fmt", "yuv420p", "-c:s", "mov_text", whole,
    )  # fmt: skip
    ffmpeg("-ss", "0.4", "-i", whole, "-map", "0", "-c", "copy", source)
    run(source, tmp_path / "b.mp4")

    def subtitles(path):
        packets = ffprobe_json(path, "-show_packets", "-select_streams", "s")["packets"]
        return [(packet["pts_time"], packet["size"], "D" in packet["flags"]) for packet in packets]

    hidden = [facts for facts in subtitles(source) if facts[2]]
    assert hidden
    assert [f for f in subtitles(source) if f not in hidden] == subtitles(tmp_path / "b.mp4")


def test_an_empty_stream_is_told_of(tmp_path):
    """Nothing of the sound lies within what is restored."""
    source = make_video(tmp_path / "a.mkv", frames=50)
    with av.open(str(source)) as file:
        assert file.streams.audio
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,100\nearly\n")
    both = tmp_path / "both.mkv"
    ffmpeg("-i", source, "-i", tmp_path / "a.srt", "-map", "0", "-map", "1", "-c", "copy", both)
    events = run(both, tmp_path / "b.mkv", start=1)

    (text,) = [text for text in notices(events) if "lies within what is shown" in text]
    assert text.startswith("nothing of stream 2 (subtitle)")


def test_a_part_of_an_avi_begins_at_its_frame(tmp_path):
    """With B-frames, whose times are told by counting: a part is the whole's, cut."""
    source = tmp_path / "a.avi"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:r=30:d=2", "-c:v", "mpeg4", "-bf", "2", "-g", "12",
        "-vtag", "XVID", source,
    )  # fmt: skip
    run(source, tmp_path / "whole.mkv", codec="ffv1")
    run(source, tmp_path / "part.mkv", codec="ffv1", start=1)

    whole, part = read_pictures(tmp_path / "whole.mkv"), read_pictures(tmp_path / "part.mkv")
    assert len(part) == 30
    assert all(
        np.array_equal(old, new)
        for shown, restored in zip(whole[30:], part, strict=True)
        for old, new in zip(shown, restored, strict=True)
    )


def test_a_chapter_that_ends_where_a_part_begins_is_no_part_of_it(tmp_path):
    """It would last no time at all."""
    source = make_video(tmp_path / "a.mkv", frames=50, chapters=[(0, 1000, "A"), (1000, 2000, "B")])
    run(source, tmp_path / "b.mkv", start=1)

    chapters = ffprobe_json(tmp_path / "b.mkv")["chapters"]
    assert [chapter["tags"]["title"] for chapter in chapters] == ["B"]


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's here")
def test_a_pipe_that_stalls_is_one_line(tmp_path):
    """Without a word of Python, whatever FFmpeg asks for after the error."""
    data = make_video(tmp_path / "a.mkv", frames=90, size=(160, 120)).read_bytes()
    words = ["run", "-", "-o", str(tmp_path / "b.mkv"), "--engine", "identity"]
    with subprocess.Popen(
        [sys.executable, "-m", "deblurvid", *words, "--progress", "none", "--stall-timeout", "0.5"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=False,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(data[: len(data) // 2])
        process.stdin.flush()
        said = process.stderr.read().decode()
        with suppress(BrokenPipeError):
            process.stdin.close()

    assert process.returncode == 1
    assert said == (
        "deblurvid: error: standard input: nothing has come for 0.5 s; --stall-timeout allows more\n"
    )


def test_h264_in_an_avi_ends_at_its_frame(tmp_path):
    """Packets are numbered as they are decoded, and frames within a part lie in later ones too."""
    inner, source = tmp_path / "a.mp4", tmp_path / "a.avi"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=3", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-bf", "3", inner,
    )  # fmt: skip
    ffmpeg("-i", inner, "-c", "copy", source)
    run(inner, tmp_path / "whole.mkv", codec="ffv1")
    run(source, tmp_path / "part.mkv", codec="ffv1", start=1, duration=1)

    whole, part = read_pictures(tmp_path / "whole.mkv"), read_pictures(tmp_path / "part.mkv")
    assert len(part) == 25
    assert all(
        np.array_equal(old, new)
        for shown, restored in zip(whole[25:50], part, strict=True)
        for old, new in zip(shown, restored, strict=True)
    )


def test_samples_that_are_cut_into_other_packets_are_all_there(tmp_path):
    """MXF has a packet of PCM a frame, and MOV cuts it anew; ffmpeg decodes the same samples."""
    source = tmp_path / "a.mxf"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=1", "-f", "lavfi", "-i", "sine=r=48000:d=1",
        "-c:v", "mpeg2video", "-c:a", "pcm_s16le", source,
    )  # fmt: skip
    run(source, tmp_path / "b.mov")

    samples = [
        ffmpeg("-i", path, "-map", "0:a", "-f", "md5", "-") for path in (source, tmp_path / "b.mov")
    ]
    assert samples[0] == samples[1]


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's here")
def test_sound_stays_beside_the_picture_in_fragments(tmp_path):
    """A picture that begins half a second late does so in an mp4 down a pipe too."""
    early, source = make_video(tmp_path / "a.mkv", bframes=2), tmp_path / "late.mkv"
    ffmpeg(
        "-itsoffset", "0.5", "-i", early, "-i", early, "-map", "0:v", "-map", "1:a", "-c", "copy",
        source,
    )  # fmt: skip
    code, out, _ = piped(str(source), "-o", "-", "--format", "mp4", given=b"")
    (tmp_path / "b.mp4").write_bytes(out)

    def apart(path):
        packets = ffprobe_json(path, "-show_packets")["packets"]
        first = {
            kind: min(float(p["pts_time"]) for p in packets if p["codec_type"] == kind)
            for kind in ("video", "audio")
        }
        return first["video"] - first["audio"]

    assert code == 0
    assert apart(source) == pytest.approx(apart(tmp_path / "b.mp4"), abs=0.022)
