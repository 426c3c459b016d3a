"""Views of a camera that turns and moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.synthesis import homography
from train.synthesis.homography import Pinhole

CAMERA = Pinhole(focal=1000.0, centre=(130.0, 90.0))
POINT = np.array([[130.0, 90.0], [230.0, 40.0]])


def see(turn, move, points=POINT):
    return homography.seen_at(CAMERA.views(np.array([turn]), np.array([move])), points)[0]


def test_a_camera_that_rests_sees_the_picture():
    """No turn and no move is the identity."""
    assert CAMERA.views(np.zeros((1, 3)), np.zeros((1, 3)))[0] == pytest.approx(np.eye(3))


def test_a_pan_moves_the_middle_by_the_tangent():
    """Turned by a about y, the principal point looks f tan a to the right; about x, upwards."""
    assert see([0, 0.01, 0], [0, 0, 0])[0] == pytest.approx([130 + 1000 * np.tan(0.01), 90])
    assert see([0.01, 0, 0], [0, 0, 0])[0] == pytest.approx([130, 90 - 1000 * np.tan(0.01)])


def test_a_roll_turns_about_the_principal_point():
    """(100, -50) from it goes to that vector turned."""
    c, s = np.cos(0.1), np.sin(0.1)

    assert see([0, 0, 0.1], [0, 0, 0])[1] == pytest.approx(
        [130 + c * 100 + s * 50, 90 + s * 100 - c * 50]
    )


def test_a_step_forward_narrows_the_view():
    """A tenth of the distance nearer, it sees nine tenths as far from the middle."""
    assert see([0, 0, 0], [0, 0, 0.1])[1] == pytest.approx([130 + 90, 90 - 45])


def test_views_are_rays_that_meet_the_plane():
    """Any motion: the ray of a pixel, rotated and moved, cut with the plane z = 1."""
    rng = np.random.default_rng(0)
    turn, move = rng.normal(0, 0.05, 3), rng.normal(0, 0.05, 3)
    rotation = cv2.Rodrigues(turn)[0]
    matrix = np.array([[1000.0, 0, 130], [0, 1000, 90], [0, 0, 1]])
    expected = []
    for point in POINT:
        ray = rotation @ np.linalg.solve(matrix, [*point, 1])
        at = move + ray * (1 - move[2]) / ray[2]
        expected.append((matrix @ at)[:2])

    assert see(turn, move) == pytest.approx(np.array(expected))


def test_few_views_keep_the_mean_of_all():
    """Shares of the time need not hold whole views."""
    views = np.random.default_rng(1).normal(size=(48, 3, 3))
    few = homography.mean_views(views, 7)

    assert few.mean(0) == pytest.approx(views.mean(0))
    assert few[0] == pytest.approx((views[:6].sum(0) + views[6] * 6 / 7) / (48 / 7))


@pytest.mark.parametrize(("length", "count"), [(0.0, 1), (6.0, 9), (300.0, 48)])
def test_as_many_views_as_the_way_is_long(length, count):
    """One per 0.75 pixel of way and one more, at most as many as there are."""
    path = np.stack([np.linspace(0, length, 48), np.zeros(48)], 1)

    assert len(homography.thinned(homography.shifted_views(path), (64, 64))) == count


def test_the_extent_of_a_roll_is_that_of_the_corners():
    """Turned by a from side to side, a corner at radius r goes 2 r sin(a / 2) along its tangent."""
    views = homography.rolled_views(np.zeros((3, 2)), np.array([-0.01, 0, 0.01]), (201, 201))
    extent = homography.views_extent(views, homography.landmarks((201, 201)))

    # the tangent is diagonal, so each side of the bounding box is 1 / sqrt(2) of the chord
    assert extent == pytest.approx(2 * 100 * np.sin(0.01))
