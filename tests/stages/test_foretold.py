"""What a target will not keep is known before work begins."""

from fractions import Fraction

import pytest

from deblurvid import deblur_video
from deblurvid.errors import UsageError
from deblurvid.events import FrameDone, Notice, Started
from tests.media import make_video

ROTATED = "the output does not keep rotation 90"


@pytest.fixture
def source(tmp_path):
    """A rotated clip with non-square samples: AVI holds neither."""
    return make_video(
        tmp_path / "a.mp4", rotation=90, sample_aspect_ratio=Fraction(4, 3), audio=False
    )


def events_of(source, target, **options):
    return list(deblur_video(source, target, engine="identity", **options))


def test_strict_refuses_before_work_begins(source, tmp_path):
    """No event comes, and no file is made."""
    target = tmp_path / "b.avi"
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UsageError, match="rotation 90"):
        next(iter(deblur_video(source, target, engine="identity", strict=True)))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("verify", ["fast", "off"])
def test_a_loss_is_said_once_and_before_the_first_frame(source, tmp_path, verify):
    """Whether the finished file is looked at or not."""
    events = events_of(source, tmp_path / "b.avi", verify=verify)
    kinds = [type(event) for event in events]

    said = [n for n, e in enumerate(events) if isinstance(e, Notice) and e.text == ROTATED]
    assert len(said) == 1
    assert kinds.index(Started) < said[0] < kinds.index(FrameDone)


def test_what_is_kept_is_not_said_to_be_lost(source, tmp_path):
    """MP4 and Matroska hold both."""
    for name in ("b.mp4", "b.mkv", "b.mov"):
        events = events_of(source, tmp_path / name, strict=True)
        assert not [e.text for e in events if isinstance(e, Notice)]


def test_a_pipe_is_told_of_too(source, tmp_path, monkeypatch, capfdbinary):
    """What goes down a pipe cannot be read back, and yet its losses are known."""
    events = events_of(source, "-", format="mpegts")

    assert [e.text for e in events if isinstance(e, Notice)].count(ROTATED) == 1
    assert len(capfdbinary.readouterr().out) > 188
