"""What `resumable` promises: after an interruption the same command gives the same video."""

import os
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.errors import DeblurvidError, EngineError, InputError, UsageError
from deblurvid.events import Finished, FrameDone, Notice, Started
from deblurvid.stages import journal as journals
from deblurvid.stages import mux, resume
from deblurvid.stages.journal import journal_folder
from tests.graph.generators import constant_planes, save
from tests.media import make_video, read_packets, read_pictures, read_stamps
from tests.test_corrupt import make_damaged

SEGMENT = 8
FRAMES = 30


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_FRAMES", SEGMENT)


def begin(source, target, **options):
    # libx264's mbtree, which all but this preset use, does not give the same bytes twice.
    if "codec" not in options:
        options = {"encoder_options": {"preset": "ultrafast"}, **options}
    return deblur_video(source, target, resumable=True, **{"engine": "identity", **options})


def run(source, target, **options):
    return list(begin(source, target, **options))


def interrupt(source, target, *, after, **options):
    """Leave a run when `after` frames have been encoded."""
    events = begin(source, target, **options)
    for event in events:
        if isinstance(event, FrameDone) and event.index == after:
            break
    events.close()


def texts(events):
    return [event.text for event in events if isinstance(event, Notice)]


def same_frames(one, other):
    """Both decode to the same samples at the same times."""
    pairs = zip(read_pictures(one), read_pictures(other), strict=True)
    equal = [all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)) for a, b in pairs]
    return all(equal) and read_stamps(one) == read_stamps(other)


# Deliberately uneven: a frame of a fifth of a second after frames of a hundredth.
UNEVEN = [0]
for _number in range(FRAMES - 1):
    UNEVEN.append(UNEVEN[-1] + (18_000 if _number % 7 == 3 else 900 + 13 * _number))

KINDS = {
    "mp4, B-frames": (
        {"suffix": ".mp4", "bframes": 3},
        {"encoder_options": {"bf": "3", "preset": "ultrafast"}},
    ),
    "varying rate": (
        {"suffix": ".mp4", "bframes": 3, "time_base": Fraction(1, 90_000), "stamps": UNEVEN},
        {"encoder_options": {"bf": "3", "preset": "ultrafast"}},
    ),
    "hevc, 10 bit": (
        {"suffix": ".mkv", "codec": "libx265", "pixel_format": "yuv420p10le", "bframes": 3},
        {},
    ),
    "mpegts": ({"suffix": ".ts", "bframes": 2}, {}),
    "vp9 in webm": ({"suffix": ".webm", "codec": "libvpx-vp9"}, {"codec": "libvpx-vp9"}),
    "av1": ({"suffix": ".mkv"}, {"codec": "libsvtav1", "encoder_options": {"preset": "12"}}),
    "prores": (
        {"suffix": ".mov", "codec": "prores_ks", "pixel_format": "yuv422p10le"},
        {"codec": "prores_ks"},
    ),
    "ffv1, grey": (
        {"suffix": ".mkv", "codec": "ffv1", "pixel_format": "gray"},
        {"codec": "ffv1"},
    ),
    "cut out": (
        {"suffix": ".mp4", "bframes": 2},
        {"start": Fraction(3, 25), "duration": Fraction(22, 25)},
    ),
    "no key frame but the first": (
        {"suffix": ".mp4", "options": {"x264-params": "keyint=infinite:intra-refresh=1"}},
        {},
    ),
    "no timestamps": ({"suffix": ".h264", "audio": False, "container": "h264"}, {}),
    "AVI": ({"suffix": ".avi", "codec": "mpeg4", "options": {"bf": "2"}, "audio": False}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_run_gives_what_an_unbroken_one_gives(tmp_path, kind):
    """Frame by frame the same samples at the same times, whatever container, codec and rate."""
    facts, options = KINDS[kind]
    facts = {"frames": FRAMES, **facts}
    suffix = facts.pop("suffix")
    source = make_video(tmp_path / f"a{suffix}", **facts)
    end = suffix if suffix in (".mp4", ".mkv", ".mov", ".ts", ".webm") else ".mkv"
    whole, broken = tmp_path / f"whole{end}", tmp_path / f"broken{end}"
    run(source, whole, **options)
    interrupt(source, broken, after=SEGMENT + 3, **options)

    events = run(source, broken, **options)

    assert events[0].resumed_frames == SEGMENT
    assert same_frames(broken, whole)
    assert sorted(tmp_path.iterdir()) == sorted([source, whole, broken])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_times_and_sound_are_those_of_a_plain_run(tmp_path, suffix):
    """With a lossless encoder every sample of picture and every packet of sound is the same."""
    source = make_video(tmp_path / "a.mkv", frames=FRAMES, bframes=2, chapters=[(0, 400, "One")])
    plain, kept = tmp_path / f"plain{suffix}", tmp_path / f"kept{suffix}"
    options = {"codec": "libx264", "encoder_options": {"qp": "0", "preset": "ultrafast"}}
    list(deblur_video(source, plain, engine="identity", **options))
    interrupt(source, kept, after=SEGMENT, **options)
    run(source, kept, **options)

    assert same_frames(kept, plain)
    assert read_packets(kept, "audio") == read_packets(plain, "audio")


def test_progress_counts_on(tmp_path):
    """The kept frames are said once, and counted in all that follows."""
    source = make_video(tmp_path / "a.mp4", frames=FRAMES)
    interrupt(source, tmp_path / "b.mp4", after=2 * SEGMENT + 1)

    events = run(source, tmp_path / "b.mp4")

    assert events[0].resumed_frames == 2 * SEGMENT
    assert texts(events) == [f"continuing at frame {2 * SEGMENT} of {FRAMES}"]
    indices = [event.index for event in events if isinstance(event, FrameDone)]
    assert indices == list(range(2 * SEGMENT + 1, FRAMES + 1))
    assert (events[-1].frames, events[-1].resumed_frames) == (FRAMES, 2 * SEGMENT)


@pytest.mark.parametrize("frames", [SEGMENT - 3, SEGMENT, 2 * SEGMENT, 2 * SEGMENT + 1])
def test_an_end_at_the_edge_of_a_segment_is_no_special_case(tmp_path, frames):
    """A run whose every segment is finished has only to be joined, however long the last one is."""
    source = make_video(tmp_path / "a.mp4", frames=frames)
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    run(source, whole)
    events = begin(source, broken)
    list(islice(events, 1 + frames))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deblurvid.resuming._join", _fail)
        with pytest.raises(EngineError, match="planted"):
            list(events)

    assert run(source, broken)[0].resumed_frames == frames
    assert same_frames(broken, whole)


def _fail(*_):
    raise EngineError("planted")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strength": 0.5}, "strength was 1.0, and is 0.5"),
        ({"encoder_options": {"preset": "ultrafast", "crf": "30"}}, "options of the encoder was"),
        ({"codec": "ffv1"}, "the encoder was libx264, and is ffv1"),
        ({"start": Fraction(1, 25)}, "start was 0, and is 1/25"),
        ({"duration": 1}, "end was None, and is 1"),
        ({"engine": "fast"}, "the engine was identity on"),
    ],
)
def test_another_runs_frames_are_never_mixed_in(tmp_path, change, reason):
    """Whatever decides a frame must be the same; else the run is refused, or begins anew with -y."""
    source, target = make_video(tmp_path / "a.mkv", frames=FRAMES), tmp_path / "b.mkv"
    interrupt(source, target, after=SEGMENT + 1)

    with pytest.raises(UsageError, match=f"of another run: {reason}.*use -y .* to begin anew"):
        run(source, target, **change)
    assert journal_folder(target).is_dir()

    events = run(source, target, overwrite=True, **change)
    assert events[0].resumed_frames == 0
    assert "the frames kept of another run are removed" in texts(events)[0]
    run(source, tmp_path / "whole.mkv", **change)
    assert same_frames(target, tmp_path / "whole.mkv")


def test_other_weights_under_the_same_name_are_another_run(tmp_path):
    """A generator's file is known by its content."""
    source, target = make_video(tmp_path / "a.mkv", frames=FRAMES), tmp_path / "b.mkv"
    weights = tmp_path / "g.onnx"
    save(constant_planes((3 / 256, 0, 0)), weights)
    interrupt(source, target, after=SEGMENT + 1, engine=str(weights))
    save(constant_planes((4 / 256, 0, 0)), weights)

    with pytest.raises(UsageError, match="the generator was"):
        run(source, target, engine=str(weights))


def test_a_changed_source_is_another_run(tmp_path):
    """By its time of change; and by its content, where somebody has set the time back."""
    source, target = make_video(tmp_path / "a.mkv", frames=FRAMES), tmp_path / "b.mkv"
    interrupt(source, target, after=SEGMENT + 1)
    facts = source.stat()
    os.utime(source, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    with pytest.raises(UsageError, match="time of change of the source was"):
        run(source, target)

    data = bytearray(source.read_bytes())
    data[len(data) // 2] ^= 1
    source.write_bytes(data)
    os.utime(source, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(UsageError, match="content of the source was"):
        run(source, target)


def test_two_runs_do_not_share_a_journal(tmp_path):
    """The second one is refused while the first one works, and the first one is not disturbed."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    first = begin(source, target)
    list(islice(first, SEGMENT + 3))

    with pytest.raises(UsageError, match="another run works on it now"):
        run(source, target)

    assert isinstance(list(first)[-1], Finished)
    assert len(read_stamps(target)) == FRAMES


def test_a_run_that_was_killed_while_it_tidied_up_is_done(tmp_path, monkeypatch):
    """The output stands and is known to be this run's: nothing is done twice, nothing is left."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(journals.Journal, "remove", lambda self: _fail())
        with pytest.raises(EngineError, match="planted"):
            run(source, target)
    written = target.stat()

    events = run(source, target)

    assert [type(event) for event in events] == [Started, Notice, Finished]
    assert events[-1].frames == FRAMES
    assert target.stat().st_mtime_ns == written.st_mtime_ns
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_a_frame_that_decodes_otherwise_is_not_gone_on_from(tmp_path, monkeypatch):
    """If the last kept frame is not found again as it was, the run fails rather than guesses."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    interrupt(source, target, after=SEGMENT + 1)
    monkeypatch.setattr(resume, "picture_sha256", lambda frame, info: "another")

    with pytest.raises(InputError, match="frame 7 is not decoded as it was"):
        run(source, target)
    assert journal_folder(target).is_dir()


def test_a_run_that_cannot_place_its_output_keeps_the_journal(tmp_path, monkeypatch):
    """Until the output has its name, the journal is all that there is."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(mux.Output, "move_into_place", lambda *_, **__: _fail())
        with pytest.raises(EngineError, match="planted"):
            run(source, target)

    assert run(source, target)[0].resumed_frames == FRAMES
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_nothing_is_kept_of_a_run_without_a_finished_segment(tmp_path):
    """An interruption before that leaves an empty folder."""
    source = make_video(tmp_path / "a.mp4", frames=FRAMES)
    interrupt(source, tmp_path / "b.mp4", after=2)

    assert list(tmp_path.iterdir()) == [source]


def test_the_journal_is_private(tmp_path):
    """Nobody else may read the pictures."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    interrupt(source, target, after=SEGMENT + 1)

    assert journal_folder(target).stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_read_twice_is_refused(tmp_path):
    """A pipe gives its bytes once; nobody may wait for it before saying so."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="--resumable needs one file, which can be read again"):
        run(tmp_path / "pipe", tmp_path / "b.mp4")


@pytest.mark.parametrize("name", ["b%02d.png", "b.y4m", "b.avi", "pipe"])
def test_what_is_not_joined_is_refused(tmp_path, name):
    """A target without packets that follow each other, before anything is written."""
    os.mkfifo(tmp_path / "pipe")
    source = make_video(tmp_path / "a.mkv", frames=4)
    with pytest.raises(UsageError, match="--resumable does not write"):
        run(source, tmp_path / name, **({"format": "matroska"} if name == "pipe" else {}))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "pipe"]


def test_images_are_refused(tmp_path):
    """A sequence is many files, and the journal knows one."""
    list(
        deblur_video(
            make_video(tmp_path / "a.mkv", frames=4), tmp_path / "%02d.png", engine="identity"
        )
    )
    with pytest.raises(UsageError, match="--resumable needs one file, and these are images"):
        run(tmp_path / "%02d.png", tmp_path / "b.mkv")

    assert not list(tmp_path.glob("*b.mkv*"))


def test_raw_frames_go_on_as_they_began(tmp_path):
    """What tells how to read a source is used again, and belongs to the fingerprint."""
    facts = {"input_format": "rawvideo", "size": (64, 48), "pixel_format": "yuv420p"}
    picture = np.random.default_rng(3).integers(0, 256, (FRAMES, 64 * 48 * 3 // 2), np.uint8)
    source = tmp_path / "a.raw"
    source.write_bytes(picture.tobytes())
    whole, broken = tmp_path / "whole.mkv", tmp_path / "broken.mkv"
    run(source, whole, codec="ffv1", **facts)
    interrupt(source, broken, after=SEGMENT + 3, codec="ffv1", **facts)
    with pytest.raises(UsageError, match="how it is read"):
        run(source, broken, codec="ffv1", frame_rate=Fraction(50), **facts)

    run(source, broken, codec="ffv1", **facts)

    assert same_frames(broken, whole)


def test_faults_of_the_generator_are_remembered(tmp_path):
    """Frames that it failed on before the interruption are told of at the end, by their number."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    weights = save(constant_planes((float("nan"), 0, 0)), tmp_path / "g.onnx")
    interrupt(source, target, after=SEGMENT + 1, engine=str(weights))

    events = run(source, target, engine=str(weights))

    assert events[-1].invalid_frames == FRAMES
    assert any(text.startswith(f"{FRAMES} frames (0-{FRAMES - 1}): ") for text in texts(events))


def test_deinterlaced_frames_are_the_same(tmp_path):
    """Each is made of its neighbours too, so that the frame behind a seek would differ."""
    facts = {"codec": "ffv1", "audio": False}
    source = make_video(tmp_path / "a.mkv", frames=FRAMES, **facts)
    whole, broken = tmp_path / "whole.mkv", tmp_path / "broken.mkv"
    run(source, whole, deinterlace=True, codec="ffv1")
    interrupt(source, broken, after=SEGMENT + 3, deinterlace=True, codec="ffv1")

    events = run(source, broken, deinterlace=True, codec="ffv1")

    assert events[0].resumed_frames == SEGMENT
    assert same_frames(broken, whole)


@pytest.mark.parametrize("broken", [{4}, {20}, {3, 20}])
def test_damage_is_remembered(tmp_path, broken):
    """What was wrong with the source, before the interruption or behind it, is told as ever."""
    source = make_damaged(
        tmp_path / "a.mov", "prores_ks", broken, suffix=".mov", pixel_format="yuv422p10le"
    )
    plain = list(deblur_video(source, tmp_path / "plain.mkv", engine="identity", codec="ffv1"))
    target = tmp_path / "broken.mkv"
    interrupt(source, target, after=SEGMENT + 3, codec="ffv1")

    events = run(source, target, codec="ffv1")

    assert events[0].resumed_frames == SEGMENT
    assert [text for text in texts(events) if "continuing" not in text] == texts(plain)
    assert texts(plain)
    assert events[-1].corrupt_frames == plain[-1].corrupt_frames
    assert events[-1].undecodable_packets == plain[-1].undecodable_packets
    assert read_stamps(target) == read_stamps(tmp_path / "plain.mkv")


def test_strict_and_errors_keep_the_journal(tmp_path, monkeypatch):
    """A run that fails keeps what is finished, and leaves no part file."""
    source, target = make_video(tmp_path / "a.mp4", frames=FRAMES), tmp_path / "b.mp4"
    collect, done = OpenVinoEngine.collect, []

    def dying(self):
        done.append(1)
        if len(done) > 2 * SEGMENT + 2:
            raise EngineError("planted")
        return collect(self)

    with monkeypatch.context() as patch:
        patch.setattr(OpenVinoEngine, "collect", dying)
        with pytest.raises(DeblurvidError, match="planted"):
            run(source, target)
    assert sorted(tmp_path.iterdir()) == [journal_folder(target), source]

    assert run(source, target)[0].resumed_frames == 2 * SEGMENT
