"""Damaged sources: what does not decode is counted and said, and ends the run only if asked to."""

import json
import os

import av
import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.errors import InputError, VerificationError
from deblurvid.events import Notice
from tests.media import make_video, read_pictures, read_stamps

FRAMES = 40


def run(source, target, **options):
    return list(deblur_video(source, target, **{"engine": "identity", "codec": "ffv1", **options}))


def notices(events):
    return [event.text for event in events if isinstance(event, Notice)]


def make_damaged(path, codec, broken, *, suffix=".mkv", pixel_format="yuv420p", **options):
    """A video in which the middle third of some packets, counted as stored, is noise."""
    whole = make_video(
        path.with_name(f"whole{suffix}"), codec=codec, pixel_format=pixel_format, frames=FRAMES,
        size=(192, 112), audio=False, **options,
    )  # fmt: skip
    rng = np.random.default_rng(1)
    with av.open(str(whole)) as old, av.open(str(path), "w") as new:
        copy = new.add_stream_from_template(old.streams.video[0], opaque=True)
        stored = (packet for packet in old.demux(video=0) if packet.size)
        for number, packet in enumerate(stored):
            data = bytearray(bytes(packet))
            if number in broken:
                third = len(data) // 3
                data[third : 2 * third] = rng.integers(0, 256, third, np.uint8).tobytes()
            written = av.Packet(bytes(data))
            written.pts, written.dts, written.time_base = packet.pts, packet.dts, packet.time_base
            written.is_keyframe, written.duration = packet.is_keyframe, packet.duration
            written.stream = copy
            new.mux(written)
    whole.unlink()
    return path


def corrupt_frames(path):
    """Which frames FFmpeg calls corrupt, read without any thread that decodes ahead."""
    with av.open(str(path)) as file:
        return [n for n, frame in enumerate(file.decode(video=0)) if frame.is_corrupt]


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "prores_ks"])
@pytest.mark.parametrize("policy", ["keep", "drop"])
def test_corrupt_frames_are_counted(tmp_path, codec, policy):
    """As many as FFmpeg flags; keep restores them as they decode, drop leaves them out, in time."""
    suffix = ".mov" if codec == "prores_ks" else ".mkv"
    pixel_format = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    source = make_damaged(
        tmp_path / f"a{suffix}", codec, {6, 13, 20}, suffix=suffix, pixel_format=pixel_format
    )
    bad = corrupt_frames(source)
    events = run(source, tmp_path / "b.mkv", on_corrupt=policy)

    kept = [n for n in range(FRAMES) if policy == "keep" or n not in bad]
    assert bad
    assert events[-1].corrupt_frames == len(bad)
    assert [text for text in notices(events) if f"{len(bad)} frames" in text and "corrupt" in text]
    stamps, pictures = read_stamps(source), read_pictures(source)
    assert read_stamps(tmp_path / "b.mkv") == [stamps[n] for n in kept]
    # From the damage on, what a decoder makes up may depend on its threads.
    for number, after in zip(kept[: bad[0]], read_pictures(tmp_path / "b.mkv"), strict=False):
        assert all(map(np.array_equal, pictures[number], after))


@pytest.mark.parametrize(
    ("codec", "suffix", "pixel_format"),
    [("ffv1", ".mkv", "yuv420p"), ("png", ".mov", "rgb24")],
)
@pytest.mark.parametrize("broken", [{10}, {10, 20, 39}, {39}])
def test_packets_that_do_not_decode_are_counted(tmp_path, codec, suffix, pixel_format, broken):
    """They do not end the run, not even at its end, and the other frames keep their times.

    What was decoded ahead of a packet that breaks at the very end is lost with it, and counted.
    """
    source = make_damaged(
        tmp_path / f"a{suffix}", codec, broken, suffix=suffix, pixel_format=pixel_format
    )
    events = run(source, tmp_path / "b.mkv")

    assert events[-1].undecodable_packets == FRAMES - events[-1].frames
    assert len(broken) <= events[-1].undecodable_packets <= len(broken) + (os.cpu_count() or 1)
    assert [text for text in notices(events) if "could not be decoded" in text]
    assert not [text for text in notices(events) if "cut off" in text]
    expected = [n for n in range(FRAMES) if n not in broken]
    found = [round(float(stamp) * 25) for stamp in read_stamps(tmp_path / "b.mkv")]
    assert found == expected[: len(found)]


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("libx264", r"frame \d+ at \d\.\d+ s is corrupt; --on-corrupt keep"),
        ("ffv1", r"cannot decode the video: .*near \d\.\d+ s.*--on-corrupt keep"),
    ],
)
def test_fail_ends_the_run(tmp_path, codec, message):
    """With fail the first damage is an error that names its place, and no file appears."""
    source = make_damaged(tmp_path / "a.mkv", codec, {10})
    with pytest.raises(InputError, match=message):
        run(source, tmp_path / "b.mkv", on_corrupt="fail")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.parametrize("policy", ["keep", "drop"])
@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_strict_fails(tmp_path, codec, policy):
    """Strict takes no damage, kept or dropped."""
    source = make_damaged(tmp_path / "a.mkv", codec, {10})
    with pytest.raises(VerificationError, match=r"corrupt|could not be decoded"):
        run(source, tmp_path / "b.mkv", on_corrupt=policy, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_damage_outside_the_span_is_none(tmp_path):
    """What is broken before --start or after the end does not count."""
    source = make_damaged(tmp_path / "a.mkv", "ffv1", {3, 35})
    events = run(source, tmp_path / "b.mkv", start=0.4, duration=0.4)

    assert (events[-1].frames, events[-1].undecodable_packets) == (10, 0)


def test_json_tells_the_counts(tmp_path, capsys):
    """Programs find both counts in the last object."""
    from deblurvid.cli import main

    source = make_damaged(tmp_path / "a.mkv", "libx264", {10})
    arguments = ["run", source, "-o", tmp_path / "b.mkv", "--engine", "identity"]
    main([str(part) for part in [*arguments, "--progress", "json", "--on-corrupt", "drop"]])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert (last["corrupt_frames"], last["undecodable_packets"]) == (1, 0)


def test_a_whole_source_has_none(tmp_path):
    """Nothing is said of a file without damage."""
    source = make_video(tmp_path / "a.mkv", bframes=2)
    events = run(source, tmp_path / "b.mkv", strict=True)

    assert (events[-1].corrupt_frames, events[-1].undecodable_packets) == (0, 0)
