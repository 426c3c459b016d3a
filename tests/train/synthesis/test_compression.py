"""Encoders, there and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.colour import BT709, BT709_FULL
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.compression import (
    Encoder,
    draw_encoder,
    rounded_planes,
    through_h264,
    through_h264_clip,
)


def image(seed, size=(48, 64)):
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2.0) * 2 - 100


def error(first, second):
    return np.square(first[0].astype(float) - second[0]).mean()


def test_a_clip_comes_back_whole_and_in_order():
    """Each decoded picture is nearest to the one that went in at its place."""
    frames = [rounded_planes(image(seed), BT709) for seed in range(4)]
    coded = through_h264_clip(frames, 16)

    assert len(coded) == 4
    for place, picture in enumerate(coded):
        assert [p.shape for p in picture] == [(48, 64), (24, 32), (24, 32)]
        assert np.argmin([error(picture, frame) for frame in frames]) == place


def test_a_frame_of_a_clip_is_predicted_from_those_before():
    """Traces of the frames before stay in the last: after others it comes out otherwise."""
    frame = rounded_planes(image(0, (128, 128)), BT709)
    near, far = (
        rounded_planes(np.roll(image(seed, (128, 128)), 3, axis=1), BT709) for seed in (0, 9)
    )
    alone, after_near, after_far = (
        through_h264_clip(clip, 23)[-1] for clip in ([frame], [near, frame], [far, frame])
    )

    assert np.array_equal(alone[0], through_h264(frame, 23)[0])
    pairs = ((alone, after_near), (alone, after_far), (after_near, after_far))
    for first, second in pairs:
        assert not np.array_equal(first[0], second[0])
    for coded in (alone, after_near, after_far):
        assert 0 < error(coded, frame) < 255**2 / 10**2.5


@pytest.mark.parametrize("codec", ["none", "jpeg", "h264", "h264_clip"])
def test_an_encoders_images_and_planes_are_one_picture(codec):
    """Planes are those of the images where nothing or JPEG coded them; H.264's images, of its planes."""
    encoder = Encoder(codec=codec, strength=90 if codec == "jpeg" else 20, space=BT709)
    frames = [image(seed) for seed in range(encoder.frames)]
    images, planes = encoder.images(frames)[-1], encoder.planes(frames)[-1]

    assert encoder.frames == (3 if codec == "h264_clip" else 1)
    near = rounded_planes(images, BT709)[0].astype(int) - planes[0]
    assert np.abs(near).mean() < (1e-9 if codec in {"none", "jpeg"} else 3)
    assert np.array_equal(images, frames[-1]) == (codec == "none")


@pytest.mark.parametrize("codec", ["h264", "h264_clip"])
def test_planes_are_coded_alone_or_in_a_row(codec):
    """By the codec's own function, all frames, in order."""
    frames = [image(seed) for seed in range(3)]
    planes = [rounded_planes(frame, BT709) for frame in frames]
    expected = (
        through_h264_clip(planes, 21)
        if codec == "h264_clip"
        else [through_h264(picture, 21) for picture in planes]
    )
    coded = Encoder(codec=codec, strength=21, space=BT709).planes(frames)

    assert [p[0].tolist() for p in coded] == [p[0].tolist() for p in expected]
    assert [p[2].tolist() for p in coded] == [p[2].tolist() for p in expected]


def test_jpeg_is_that_of_opencv():
    """BGR order in between, quality as given."""
    picture = image(3)
    coded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    expected = cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1]

    encoder = Encoder(codec="jpeg", strength=85, space=BT709_FULL)
    assert np.array_equal(encoder.images([picture])[0], expected)


def test_encoders_are_drawn_by_their_shares():
    """Of 4000 draws, as many of each as the recipe says within two hundredths."""
    rng = np.random.default_rng(0)
    recipe = BlurRecipe(jpeg_share=0.1, h264_share=0.2, h264_clip_share=0.3)
    drawn = [draw_encoder(rng, recipe).codec for _ in range(4000)]

    for codec, share in (("jpeg", 0.1), ("h264", 0.2), ("h264_clip", 0.3), ("none", 0.4)):
        assert drawn.count(codec) / 4000 == pytest.approx(share, abs=0.02)
