"""The programs in examples/ run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.media import make_video, read_stamps

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "examples/shaky.mp4"


def test_the_clip_is_what_its_credit_says():
    """84 frames at 24 a second, 1280x720, with sound."""
    import av

    with av.open(str(CLIP)) as file:
        video = file.streams.video[0]
        assert (video.width, video.height, video.codec_context.name) == (1280, 720, "h264")
        assert [stream.codec_context.name for stream in file.streams.audio] == ["aac"]
    assert len(read_stamps(CLIP)) == 84
    credit = (ROOT / "examples/README.md").read_text()
    assert "CC0" in credit


def test_before_after_makes_a_picture(tmp_path):
    """Three crops side by side, one row a frame."""
    cv2 = pytest.importorskip("cv2", reason="needs the train extra")
    video = make_video(tmp_path / "a.mp4", size=(320, 240), frames=3, audio=False)
    picture = tmp_path / "p.png"
    places = ["--at", "0", "10", "10", "--at", "2", "20", "30"]
    command = [sys.executable, "examples/before_after.py", *[str(video)] * 3, str(picture), *places]
    subprocess.run(command, cwd=ROOT, check=True)

    height, width = cv2.imread(str(picture)).shape[:2]
    assert (height, width) == (2 * (300 + 34), 3 * 450 + 2 * 6)
