"""Every frame at its time: random timestamps through the real muxers."""

import itertools
import struct
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deblurvid import deblur_video
from deblurvid.events import Notice
from deblurvid.stages.clock import Clock
from tests.ffmpeg_tools import ffmpeg, ffprobe_json
from tests.media import make_video, read_packets, read_stamps

BASES = [
    Fraction(1, 90_000),
    Fraction(1, 1_000_000_000),
    Fraction(1),
    Fraction(1, 1000),
    Fraction(1001, 30_000),
    Fraction(1, 12_345_678),
]
CODECS = {".mp4": "libx264", ".mkv": "ffv1", ".ts": "libx264", ".webm": "libvpx-vp9"}
LEAST_GAP = Fraction(2, 1000)
"""Seconds between two frames, so that Matroska's milliseconds keep them apart."""


def run(source, target, **options):
    """The texts of the notices."""
    events = deblur_video(source, target, engine="identity", overwrite=True, **options)
    return [event.text for event in events if isinstance(event, Notice)]


def half_tick(path):
    with av.open(str(path)) as file:
        return Fraction(file.streams.video[0].time_base) / 2


@st.composite
def rows(draw):
    """(time base, rising timestamps in its ticks): any rate, any gaps, a late start."""
    base = draw(st.sampled_from(BASES))
    least = max(1, -(-LEAST_GAP // base))
    most = max(least + 3, int(Fraction(3) / base))
    ticks = [draw(st.integers(0, int(4 / base)))]
    for gap in draw(st.lists(st.integers(least, most), min_size=1, max_size=9)):
        ticks.append(ticks[-1] + gap)
    return base, ticks


@pytest.mark.parametrize("suffix", CODECS)
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(row=rows())
def test_any_times_come_through(tmp_path, suffix, row):
    """As many frames, each within half a tick of the target's base, strictly rising."""
    base, ticks = row
    source = make_video(
        tmp_path / "a.nut", size=(64, 48), codec="ffv1", time_base=base, stamps=ticks, audio=False
    )
    texts = run(source, tmp_path / f"b{suffix}", codec=CODECS[suffix])

    found = read_stamps(tmp_path / f"b{suffix}")
    moved = Fraction(0)
    if texts:  # MPEG-TS cannot begin with the negative decoding times of B-frames
        assert suffix == ".ts"
        assert ["later together" in text for text in texts] == [True]
        moved = found[0] - ticks[0] * base
    worst = max(abs(a * base + moved - b) for a, b in zip(ticks, found, strict=True))
    assert worst <= half_tick(tmp_path / f"b{suffix}") * (2 if moved else 1)
    assert all(a < b for a, b in itertools.pairwise(found))


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(
    times=st.lists(st.one_of(st.none(), st.integers(-5000, 5000)), min_size=1, max_size=30),
    step=st.integers(1, 4000),
)
def test_a_clock_only_moves_what_does_not_rise(times, step):
    """Rising times are kept to the tick; others rise behind the one before; each is counted."""
    video = SimpleNamespace(
        index=0,
        average_rate=Fraction(90_000, step),
        time_base=Fraction(1, 90_000),
        container=SimpleNamespace(format=SimpleNamespace(name="matroska")),
    )
    clock = Clock(video)
    given_back = [clock.stamp(SimpleNamespace(pts=time)) for time in times]

    wanted, last = [], None
    for time in times:
        if time is None:
            last = 0 if last is None else last + step
        else:
            last = time if last is None or time > last else last + 1
        wanted.append(last)
    assert wanted == given_back
    assert clock.mended == sum(a != b for a, b in zip(times, given_back, strict=True))


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(
    runs=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    gaps=st.lists(st.integers(1, 5), min_size=25, max_size=25),
    lag=st.integers(5, 8),
)
def test_in_avi_the_kth_frame_takes_the_kth_time(runs, gaps, lag):
    """Whatever the order of decoding: AVI tells only when packets are decoded."""
    order = [0]  # packets by the order in which their pictures are shown
    for bframes in runs:  # those between two P-frames are decoded after both
        after = len(order)
        order += [*range(after + 1, after + 1 + bframes), after]
    gaps = gaps[: len(order)]
    times = list(itertools.accumulate(gaps))
    video = SimpleNamespace(
        index=0,
        average_rate=None,
        guessed_rate=None,
        time_base=Fraction(1, 25),
        container=SimpleNamespace(format=SimpleNamespace(name="avi")),
    )
    clock = Clock(video)
    packets = iter([SimpleNamespace(stream_index=0, dts=time, pts=None) for time in times])
    noted = clock.noting(packets)
    sent = list(itertools.islice(noted, lag))
    found = []
    for number in order:  # the decoder gives the picture of packet `number`
        sent += [packet for packet in [next(noted, None)] if packet]
        found.append(clock.stamp(SimpleNamespace(pts=sent[number].pts)))

    assert times == found
    assert clock.mended == 0


def test_a_lost_packet_does_not_shift_an_avi_for_ever():
    """Its time is given up once it cannot come any more."""
    video = SimpleNamespace(
        index=0,
        average_rate=None,
        guessed_rate=None,
        time_base=Fraction(1, 25),
        container=SimpleNamespace(format=SimpleNamespace(name="avi")),
    )
    clock = Clock(video)
    packets = [SimpleNamespace(stream_index=0, dts=time, pts=None) for time in range(100)]
    found = {}
    for packet in clock.noting(packets):
        if packet.dts != 20:
            found[packet.dts] = clock.stamp(SimpleNamespace(pts=packet.pts))

    assert all(found[number] in (number, number - 1) for number in found)
    assert [found[number] for number in range(60, 100)] == list(range(60, 100))


@pytest.mark.parametrize(
    ("codec", "options"),
    [("mpeg4", {"bf": "2"}), ("libx264", {"bf": "3"}), ("libx264", {"bf": "0"})],
)
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_an_avi_begins_with_its_first_frame(tmp_path, codec, options, suffix):
    """In AVI the first frame is shown at 0, the next a frame later, B-frames or not."""
    source = make_video(tmp_path / "a.avi", codec=codec, frames=50, audio=False, options=options)
    assert run(source, tmp_path / f"b{suffix}") == []

    assert read_stamps(tmp_path / f"b{suffix}") == [Fraction(n, 25) for n in range(50)]


def test_repeated_times_are_mended_counted_and_said(tmp_path):
    """Two frames at one time in the file: the second comes a tick later."""
    video = make_video(tmp_path / "v.mkv", codec="ffv1", frames=10, audio=False)
    with av.open(str(video)) as old, av.open(str(tmp_path / "a.mkv"), "w") as new:
        copy = new.add_stream_from_template(old.streams[0], opaque=True)
        for number, packet in enumerate(p for p in old.demux() if p.size):
            if number in (4, 5):
                packet.pts = packet.dts = 120
            packet.stream = copy
            new.mux(packet)
    assert run(tmp_path / "a.mkv", tmp_path / "b.mkv", codec="ffv1") == [
        "2 frames had no rising timestamp and were given one"
    ]

    milliseconds = [0, 40, 80, 120, 121, 122, 240, 280, 320, 360]
    assert read_stamps(tmp_path / "b.mkv") == [Fraction(m, 1000) for m in milliseconds]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("even", [True, False])
def test_the_last_frame_stands_as_long_as_it_did(tmp_path, suffix, even):
    """The file's length, at a constant rate and at a varying one, B-frames included."""
    stamps = list(range(0, 1200, 100)) if even else [0, 100, 120, 400, 700]
    source = make_video(
        tmp_path / "a.mp4", time_base=Fraction(1, 1000), stamps=stamps, rate=10, audio=False
    )
    run(source, tmp_path / f"b{suffix}")

    before, after = length(source), length(tmp_path / f"b{suffix}")
    assert before == pytest.approx((stamps[-1] + 100) / 1000, abs=0.002)
    assert after == pytest.approx(before, abs=0.002)


def length(path):
    """Seconds that the file says: Matroska in its segment, MP4 in mvhd (ISO 14496-12, 8.2.2).

    ffprobe adds up MP4's samples, which with B-frames at a varying rate is another length.
    """
    if path.suffix == ".mkv":
        return float(ffprobe_json(path)["format"]["duration"])
    data = path.read_bytes()
    place = data.index(b"mvhd") + 4
    version, _, _, scale, ticks = struct.unpack(">5I", data[place : place + 20])
    assert version == 0
    return ticks / scale


def late_recording(path, begin):
    """Two seconds of picture and sound whose clock says `begin` seconds."""
    return ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2,format=yuv420p",
        "-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:v", "libx264", "-c:a", "mp2",
        "-output_ts_offset", begin, path,
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_recording_that_begins_at_14_h(tmp_path, suffix):
    """MPEG-TS and Matroska keep its clock; MP4 begins at once, and says so. Sound stays beside."""
    late_recording(tmp_path / "a.ts", 50_400)
    texts = run(tmp_path / "a.ts", tmp_path / f"b{suffix}")

    before, after = starts(tmp_path / "a.ts"), starts(tmp_path / f"b{suffix}")
    if suffix in (".mp4", ".mov"):
        assert ["earlier together" in text for text in texts] == [True]
        assert min(after.values()) == pytest.approx(0, abs=0.001)
    else:
        assert texts == []
        assert after == pytest.approx(before, abs=0.001)
    assert after["audio"] - after["video"] == pytest.approx(
        before["audio"] - before["video"], abs=0.001
    )


def starts(path):
    """When each stream begins, in ffprobe's reading."""
    return {s["codec_type"]: float(s["start_time"]) for s in ffprobe_json(path)["streams"]}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_recordings_joined_by_their_bytes_play_one_after_another(tmp_path, suffix):
    """Their clocks start again, which players of other containers cannot follow."""
    late_recording(tmp_path / "one.ts", 0)
    (tmp_path / "a.ts").write_bytes((tmp_path / "one.ts").read_bytes() * 3)
    texts = run(tmp_path / "a.ts", tmp_path / f"b{suffix}")

    assert [text for text in texts if "start again 2 times" in text]
    found = read_stamps(tmp_path / f"b{suffix}")
    assert len(found) == 150
    gaps = [b - a for a, b in itertools.pairwise(found)]
    assert all(Fraction(38, 1000) <= gap <= Fraction(80, 1000) for gap in gaps)
    sound = [stamp for stamp, _ in read_packets(tmp_path / f"b{suffix}", "audio")]
    assert abs((sound[-1] - sound[0]) - (found[-1] - found[0])) < Fraction(1, 10)


@pytest.mark.parametrize(("suffix", "most_hidden"), [(".mkv", 0.025), (".avi", 0.0), (".mp4", 0.0)])
def test_what_an_edit_list_hides_stays_hidden(tmp_path, suffix, most_hidden):
    """1.5 s were cut out of an MP4 without encoding; only they are seen and heard elsewhere."""
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=4,format=yuv420p",
        "-f", "lavfi", "-i", "sine=r=48000:d=4", "-c:v", "libx264", "-g", "100", "-bf", "2",
        "-c:a", "aac", tmp_path / "whole.mp4",
    )  # fmt: skip
    ffmpeg("-ss", 1.3, "-t", 1.5, "-i", tmp_path / "whole.mp4", "-c", "copy", tmp_path / "a.mp4")
    # FFmpeg guesses when H.264 in AVI is shown: a frame too late.
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    run(tmp_path / "a.mp4", tmp_path / f"b{suffix}", codec=codec)

    source, target = heard_and_seen(tmp_path / "a.mp4"), heard_and_seen(tmp_path / f"b{suffix}")
    assert source["frames"] == target["frames"]
    before = target["picture"] - target["sound"]  # sound that is heard before the picture
    assert before - (source["picture"] - source["sound"]) <= most_hidden + 0.001
    # AVI's last packet of sound is whole.
    assert target["seconds"] == pytest.approx(source["seconds"] + before, abs=0.03)


def heard_and_seen(path):
    with av.open(str(path)) as file:
        pictures = [frame.time for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        sounds = [(frame.time, frame.samples / frame.sample_rate) for frame in file.decode(audio=0)]
    return {
        "frames": len(pictures),
        "picture": pictures[0],
        "sound": sounds[0][0],
        "seconds": sum(seconds for _, seconds in sounds),
    }
