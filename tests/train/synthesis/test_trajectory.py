"""Boracchi and Foi's random motion, each of its forces alone."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis.trajectory import SPEED, STEPS, Hand, draw_hand, trajectory

CALM = {"anxiety": 1.0, "shaking": 0.0, "pull": 0.0, "strikes": 0.0}


def follow(seed, steps, **forces):
    return trajectory(np.random.default_rng(seed), Hand(**(CALM | forces)), steps)


def headings(path):
    step = np.diff(path, axis=0)
    return np.unwrap(np.arctan2(step[:, 1], step[:, 0]))


def test_speed_is_constant_and_a_full_path_is_60_pixels_long():
    """Whatever shakes the hand turns it, and never speeds it up."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        path = trajectory(rng, draw_hand(rng), STEPS)
        way = np.linalg.norm(np.diff(path, axis=0), axis=1)

        assert way == pytest.approx(60 / 1999)
        assert way.sum() == pytest.approx(60)


def test_an_undisturbed_camera_goes_straight_on():
    """Inertia: without forces the path is a straight line, in a direction of its own."""
    paths = [follow(seed, 100) for seed in range(2)]

    for path in paths:
        assert np.linalg.norm(path[-1]) == pytest.approx(99 * SPEED)
    assert np.abs(paths[0][-1] - paths[1][-1]).max() > SPEED


def test_an_impulse_all_but_reverses_the_motion():
    """To v is added 2 v e^(i (pi +- 0.5)): it turns by |arg(1 - 2 e^(0.5 i))| or more."""
    turns = np.diff(headings(follow(1, 2000, strikes=1.0)))
    least = abs(np.angle(1 - 2 * np.exp(0.5j)))

    assert np.abs(turns).min() >= least - 1e-9
    assert np.abs(turns).min() < least + 0.01
    assert least > np.deg2rad(125)


def test_impulses_come_as_often_as_stated():
    """With anxiety 0.01 and strikes 0.2, one step in 500 turns."""
    turned = np.abs(np.diff(headings(follow(2, 100_000, anxiety=0.01, strikes=0.2)))) > 0.1

    assert turned.mean() == pytest.approx(0.002, rel=0.15)


def test_shaking_turns_by_its_own_deviation():
    """A Gaussian of a s times the speed turns a step by a s radians, in either direction."""
    turns = np.diff(headings(follow(3, 50_000, anxiety=0.01, shaking=5.0)))

    assert turns.std() == pytest.approx(0.05, rel=0.03)
    assert turns.mean() == pytest.approx(0, abs=1e-3)


def test_the_pull_keeps_a_camera_near():
    """Where the pull a p |x| exceeds the speed's unit it turns round: |x| < 1 / (a p) + a step."""
    path = follow(4, 1000, pull=0.5)
    distance = np.linalg.norm(path, axis=1)

    assert distance.max() <= 1 / 0.5 + 1.01 * SPEED
    assert distance.max() > 0.9 / 0.5


def test_hands_are_drawn_from_the_published_ranges():
    """Anxiety is one of six, shaking is at most 10, pull 0.7, strikes 0.2; all are used."""
    rng = np.random.default_rng(0)
    hands = [draw_hand(rng) for _ in range(2000)]

    assert {h.anxiety for h in hands} == {0.01, 0.009, 0.008, 0.007, 0.005, 0.003}
    for name, largest in (("shaking", 10), ("pull", 0.7), ("strikes", 0.2)):
        values = np.array([getattr(h, name) for h in hands])
        assert 0 <= values.min() < 0.01 * largest
        assert 0.99 * largest < values.max() <= largest
