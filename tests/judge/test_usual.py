"""The usual loop restores what a run restores, the usual way."""

import av
import numpy as np

from deblurvid.judge.usual import usual_cost
from deblurvid.stages.encoders import EncoderChoice
from deblurvid.stages.usual import usual_loop
from tests.media import make_video

LOSSLESS = EncoderChoice(
    codec="libx264", options={"preset": "ultrafast", "qp": "0"}, pixel_format="yuv420p"
)


def luma(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]


def test_pictures_pass_through_the_restorer_in_order(tmp_path):
    """Only the first frames; each is what the function gave for it."""
    source, target = make_video(tmp_path / "in.mp4", frames=6), tmp_path / "out.mkv"
    shapes = []

    def grey(rgb):
        shapes.append(rgb.shape)
        return np.full_like(rgb, 50 * len(shapes))

    assert usual_loop(source, target, LOSSLESS, grey, frames=4) == 4
    assert shapes == [(48, 64, 3)] * 4
    assert all(frame.min() == frame.max() for frame in luma(target))
    assert np.diff([frame.max() for frame in luma(target)]).min() > 0


def test_identity_is_the_plain_loop(tmp_path):
    """The generator's RGB engine changes nothing, plane order included."""
    source = make_video(tmp_path / "in.mp4", frames=4)
    plain, restored = tmp_path / "plain.mkv", tmp_path / "restored.mkv"
    usual_loop(source, plain, LOSSLESS, lambda rgb: rgb, frames=4)
    cost = usual_cost(source, restored, LOSSLESS, engine="identity", size=(64, 48), frames=4)

    assert cost.frames == 4
    assert all(np.array_equal(a, b) for a, b in zip(luma(plain), luma(restored), strict=True))
