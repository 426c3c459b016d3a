"""A run with an engine that is open already, which is how benchmarks run."""

import pytest

from deblurvid import deblur_video
from deblurvid.errors import UsageError
from deblurvid.frames import PictureFormat
from deblurvid.judge.waiting import WaitEngine
from tests.media import make_video

YUV420 = PictureFormat(source="yuv420", depth=8)


class Closing(WaitEngine):
    """Remembers whether it was closed."""

    closed = False

    def close(self):
        """Take note."""
        self.closed = True
        super().close()


def test_it_stays_open(tmp_path):
    """Two runs can share it; whoever opened it closes it."""
    source = make_video(tmp_path / "in.mp4", size=(64, 48), frames=5)
    engine = Closing((64, 48), YUV420, wait_seconds=0)
    for number in range(2):
        events = list(deblur_video(source, tmp_path / f"{number}.mp4", engine=engine))
        assert events[-1].frames == 5

    assert not engine.closed


@pytest.mark.parametrize(("size", "depth"), [((62, 48), 8), ((64, 48), 10)], ids=["size", "depth"])
def test_it_must_fit_the_video(tmp_path, size, depth):
    """Before anything is written, with both formats named."""
    source = make_video(tmp_path / "in.mp4", size=(64, 48))
    engine = WaitEngine(size, PictureFormat(source="yuv420", depth=depth), wait_seconds=0)
    with pytest.raises(UsageError, match="64x48"):
        list(deblur_video(source, tmp_path / "out.mp4", engine=engine))

    assert not (tmp_path / "out.mp4").exists()


def test_a_class_makes_one_for_the_video_and_the_run_closes_it(tmp_path):
    """It is given size and format; nobody else could close what it makes."""
    source = make_video(tmp_path / "in.mp4", size=(62, 46), frames=5, pixel_format="yuv444p10le", codec="libx265")  # fmt: skip
    made = []

    def make(size, picture):
        made.append(Closing(size, picture, wait_seconds=0))
        return made[-1]

    events = list(deblur_video(source, tmp_path / "out.mp4", engine=make))
    (engine,) = made

    assert events[-1].frames == 5
    assert (engine.spec.width, engine.spec.height) == (62, 46)
    assert PictureFormat(source="yuv444", depth=10) == engine.spec.picture
    assert engine.closed
