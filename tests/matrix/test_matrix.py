"""Every pair of container, codec, samples, timing, streams, tags, encoder and target keeps all."""

import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import DeblurvidError
from deblurvid.events import Notice, Started
from tests.matrix.alone import LOSSLESS, encode_alone, lossless_encoder
from tests.matrix.judge import Judge
from tests.matrix.known import KNOWN
from tests.matrix.reading import pictures, read
from tests.matrix.sources import make_source
from tests.matrix.table import CASES, REFUSED, name_of

VARIES = ("libx264", "libx264rgb")
"""Encode the same frames now and then otherwise, grey ones always, even in one thread."""


def marked(case):
    """A case as pytest takes it; where it is known to fail it must."""
    reasons = [reason for reason, names in KNOWN.items() if name_of(case) in names]
    marks = [pytest.mark.xfail(reason=reason, strict=True) for reason in reasons]
    return pytest.param(case, id=name_of(case), marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_run_keeps_everything_or_says_what_not(case, tmp_path):
    """By ffmpeg's own reading: pictures, times, streams, tags are the source's, or a notice says."""
    source, target = make_source(case, tmp_path), tmp_path / f"output.{case['target']}"
    lossless = case["encode"] == "lossless"
    options = {}
    if lossless:
        encoder = lossless_encoder(case)
        options = {"codec": encoder, "encoder_options": LOSSLESS[encoder]}
    events = list(deblur_video(source, target, engine="identity", **options))
    notices = [event.text for event in events if isinstance(event, Notice)]
    here, there = read(source), read(target)
    assert Judge(here, there, case["target"], notices).unsaid() == []

    # H.264 holds grey as grey, and FFmpeg decodes it to 4:2:0.
    luma = case["pixels"].startswith("gray")
    places = [(source, here.video.index), (target, there.video.index)]
    if lossless:
        shown, actual = pictures(*places, luma=luma)
        assert changed(shown, actual) == []
        return
    encoder = next(event for event in events if isinstance(event, Started)).encoder.split()[0]
    alone = encode_alone(source, tmp_path / "alone.mkv", encoder)
    shown, actual, expected = pictures(*places, (alone, 0), luma=luma)
    if encoder in VARIES:
        deep = here.video.facts["pix_fmt"].endswith("le")
        most = [1.5 * error + 1 for error in errors(shown, expected, deep=deep)]
        found = errors(shown, actual, deep=deep)
        assert [n for n, error in enumerate(found) if error > most[n]] == []
    else:
        assert changed(expected, actual) == []


def changed(old, new):
    """Numbers of the pictures that are not the same to the bit."""
    return [n for n, (one, two) in enumerate(zip(old, new, strict=True)) if one != two]


def errors(old, new, *, deep):
    """Mean squared difference of each picture, all planes together."""
    codes = np.uint16 if deep else np.uint8
    return [
        float(np.mean((np.frombuffer(one, codes).astype(float) - np.frombuffer(two, codes)) ** 2))
        for one, two in zip(old, new, strict=True)
    ]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: name_of(refused.case))
def test_what_is_not_supported_is_refused_before_work_begins(refused, tmp_path):
    """These, and no others, end in an error before Started; nothing is left behind."""
    source = make_source(refused.case, tmp_path)
    target = tmp_path / f"output.{refused.case['target']}"
    codec = None if refused.case["encode"] == "default" else refused.case["encode"]
    events = []
    with pytest.raises(DeblurvidError) as caught:
        events.extend(deblur_video(source, target, engine="identity", codec=codec))

    assert refused.error in str(caught.value)
    assert not any(isinstance(event, Started) for event in events)
    assert [source] == list(tmp_path.iterdir())
