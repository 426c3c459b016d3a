"""The choice of an encoder, and what is refused before any work."""

import pytest

from deblurvid.errors import EncoderError
from deblurvid.stages.encoders import DEFAULT_CODECS, choose_encoder
from deblurvid.stages.ffmpeg import WRITABLE_NAMES
from tests.stages.test_pictures import info_of


def choose(pixel_format="yuv420p", muxer="mp4", codec=None, **options):
    return choose_encoder(
        info_of((64, 48), pixel_format), muxer, codec=codec, options=dict(options)
    )


@pytest.mark.parametrize(
    ("pixel_format", "muxer", "expected"),
    [
        ("yuv420p", "mp4", "libx264"),
        ("yuv420p10le", "mp4", "libx265"),
        ("gbrp", "matroska", "libx264rgb"),
        ("gbrp10le", "matroska", "libx265"),
        ("gray16le", "matroska", "ffv1"),
        ("yuv420p", "webm", "libsvtav1"),
    ],
)
def test_defaults_play_everywhere(pixel_format, muxer, expected):
    """8 bits H.264, more HEVC, WebM AV1; what players show none of, lossless."""
    assert expected == choose(pixel_format, muxer).codec


def test_every_container_has_defaults():
    """No muxer that is written lacks a list of encoders to choose from."""
    assert set(DEFAULT_CODECS) == set(WRITABLE_NAMES)


def test_defaults_are_visually_lossless_and_quick():
    """Veryfast at crf 16, which a user's option replaces."""
    assert choose().options == {"preset": "veryfast", "crf": "16"}
    assert choose(crf="30").options == {"preset": "veryfast", "crf": "30"}


def test_a_bit_rate_replaces_the_quality():
    """With a bit rate asked for, no default crf stands in its way."""
    assert choose(b="2M").options == {"preset": "veryfast", "b": "2M"}


@pytest.mark.parametrize(
    ("codec", "options", "message"),
    [
        ("libx999", {}, "'libx999' is not in this FFmpeg"),
        ("aac", {}, "encodes audio"),
        ("libx264", {"crff": "3"}, "no option 'crff'; did you mean crf"),
        ("prores_ks", {}, "does not take yuv420p"),
    ],
)
def test_refusals_name_the_value(codec, options, message):
    """What cannot be done is said with the value and a way out."""
    with pytest.raises(EncoderError, match=message):
        choose(codec=codec, **options)
