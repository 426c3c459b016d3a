"""Every pair of container, codec, samples, timing, streams, tags, encoder and target keeps all."""

import pytest

from deblurvid import deblur_video
from deblurvid.errors import DeblurvidError
from deblurvid.events import Notice, Started
from tests.matrix.alone import LOSSLESS, encode_alone, encoder_of
from tests.matrix.judge import Judge
from tests.matrix.reading import pictures, read
from tests.matrix.sources import make_source
from tests.matrix.table import CASES, REFUSED, name_of


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_run_keeps_everything_or_says_what_not(case, tmp_path):
    """By ffmpeg's own reading: pictures, times, streams and tags are the source's, or a notice says."""
    source, target = make_source(case, tmp_path), tmp_path / f"output.{case['target']}"
    encoder = encoder_of(case)
    options = {}
    if case["encode"] == "lossless":
        options = {"codec": encoder, "encoder_options": LOSSLESS[encoder]}
    events = list(deblur_video(source, target, engine="identity", **options))
    notices = [event.text for event in events if isinstance(event, Notice)]
    here, there = read(source), read(target)
    wanted = (source, here.video.index)
    if case["encode"] == "default":
        alone = tmp_path / "alone.mkv"
        encode_alone(source, alone, encoder)
        wanted = (alone, 0)
    # H.264 holds grey as grey, and FFmpeg decodes it to 4:2:0.
    luma = case["pixels"].startswith("gray")
    expected, actual = pictures(wanted, (target, there.video.index), luma=luma)

    assert Judge(here, there, case["target"], notices).unsaid() == []
    assert expected == actual


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: name_of(refused.case))
def test_what_is_not_supported_is_refused_before_work_begins(refused, tmp_path):
    """These, and no others, end in an error before Started; nothing is left behind."""
    source = make_source(refused.case, tmp_path)
    target = tmp_path / f"output.{refused.case['target']}"
    codec = None if refused.case["encode"] == "default" else refused.case["encode"]
    events = []
    with pytest.raises(DeblurvidError) as caught:
        for event in deblur_video(source, target, engine="identity", codec=codec):
            events.append(event)  # noqa: PERF402 - what came before the error counts

    assert refused.error in str(caught.value)
    assert not any(isinstance(event, Started) for event in events)
    assert [source] == list(tmp_path.iterdir())
