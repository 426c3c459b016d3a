"""AVI as a target: what it cannot hold is refused before work begins."""

from fractions import Fraction

import av
import pytest

from deblurvid import deblur_video
from deblurvid.errors import EncoderError, UsageError
from tests.ffmpeg_tools import ffprobe_json
from tests.media import make_video


def run(source, target, **options):
    return list(deblur_video(source, target, **{"engine": "identity", **options}))


@pytest.mark.parametrize("codec", [None, "mpeg4", "ffv1"])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001)])
def test_a_constant_rate_is_held(tmp_path, codec, rate):
    """As many frames, one a place, at the source's rate, in ffprobe's reading too."""
    source = make_video(tmp_path / "a.mkv", frames=40, rate=rate, bframes=2)
    run(source, tmp_path / "b.avi", codec=codec)

    with av.open(str(tmp_path / "b.avi")) as file:
        assert [p.dts for p in file.demux(video=0) if p.size] == list(range(40))
    video = ffprobe_json(tmp_path / "b.avi")["streams"][0]
    assert Fraction(video["r_frame_rate"]) == rate
    assert video.get("has_b_frames", 0) == 0


def test_left_out_frames_leave_their_places_empty(tmp_path):
    """A camera that dropped two frames: the others stay where they were."""
    stamps = [0, 1, 2, 5, 6, 7, 8, 9]
    source = make_video(tmp_path / "a.mp4", stamps=stamps, time_base=Fraction(1, 25), audio=False)
    run(source, tmp_path / "b.avi", codec="mpeg4")

    with av.open(str(tmp_path / "b.avi")) as file:
        assert [p.dts for p in file.demux(video=0) if p.size] == stamps


def test_a_varying_rate_is_refused(tmp_path):
    """With the frame, and a container that holds it; nothing is written."""
    source = make_video(
        tmp_path / "a.mp4",
        stamps=[0, 40, 97, 120, 160, 211],
        time_base=Fraction(1, 1000),
        audio=False,
    )
    with pytest.raises(UsageError, match=r"constant rate only, and frame \d is at .*\.mkv"):
        run(source, tmp_path / "b.avi")
    assert not list(tmp_path.glob("*b.*"))


@pytest.mark.parametrize("options", [{"bf": "2"}, {"x264-params": "bframes=2"}])
def test_bframes_are_refused(tmp_path, options):
    """Where the user asks for them; otherwise there are none."""
    source = make_video(tmp_path / "a.mkv", audio=False)
    with pytest.raises(EncoderError, match=r"B-frames.*bf=0.*\.mkv"):
        run(source, tmp_path / "b.avi", encoder_options=options)
    assert not list(tmp_path.glob("*b.*"))
