"""What a run says of its frames."""

import pytest

from deblurvid.remarks import numbered


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([0], "frame 0"),
        ([3, 4], "2 frames (3-4)"),
        ([0, 2, 3, 4, 9], "5 frames (0, 2-4, 9)"),
        (list(range(0, 40, 2)), "20 frames (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, and 10 more)"),
    ],
)
def test_frames_are_named_by_runs(frames, words):
    """Neighbours are one run; what would be too long a line is counted."""
    assert words == numbered(frames)
