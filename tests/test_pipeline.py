"""The promises of a run, on real files: frames, timestamps, streams, pictures, and clean failures."""

import threading
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from deblurvid import deblur_video
from deblurvid.errors import DeblurvidError, InputError, UsageError, VerificationError
from deblurvid.events import Finished, FrameDone, Notice, Started
from deblurvid.stages import check as check_stage
from tests.graph.generators import constant_planes, rgb_model, save
from tests.media import make_video, read_packets, read_pictures, read_stamps


def run(source, target, **options):
    """All events of a run with the identity engine unless another is named."""
    return list(deblur_video(source, target, **{"engine": "identity", **options}))


def leftovers(folder, *known):
    return sorted(p.name for p in folder.iterdir() if p not in known)


LOSSLESS = [
    "yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    "gray10le", "gbrp10le", "yuv420p12le", "yuv420p16le",
]  # fmt: skip


@pytest.mark.parametrize("pixel_format", LOSSLESS)
@pytest.mark.parametrize("size", [(64, 48), (61, 93)])
def test_identity_through_a_lossless_encoder_gives_every_sample_back(tmp_path, pixel_format, size):
    """Decode - graph - encode with FFV1 changes nothing, odd sizes and deep samples included."""
    source = make_video(
        tmp_path / "a.mkv", size=size, codec="ffv1", pixel_format=pixel_format, frames=5
    )
    run(source, tmp_path / "b.mkv", codec="ffv1")

    for before, after in zip(read_pictures(source), read_pictures(tmp_path / "b.mkv"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


def test_a_residual_arrives_where_it_belongs(tmp_path):
    """+3, -2 and +5 codes on Y, U and V are +3, -2 and +5 in the file, frame by frame."""
    change = (3 / 256, -2 / 256, 5 / 256)
    model = save(constant_planes(change), tmp_path / "g.onnx")
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=4)
    run(source, tmp_path / "b.mkv", codec="ffv1", engine=str(model))

    for before, after in zip(read_pictures(source), read_pictures(tmp_path / "b.mkv"), strict=True):
        for old, new, codes in zip(before, after, (3, -2, 5), strict=True):
            assert np.array_equal(np.clip(old.astype(int) + codes, 0, 255), new)


def test_strength_scales_the_change(tmp_path):
    """Half the strength is half the residual."""
    model = save(constant_planes((8 / 256, 0, 0)), tmp_path / "g.onnx")
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=2)
    run(source, tmp_path / "b.mkv", codec="ffv1", engine=str(model), strength=0.5)

    before, after = read_pictures(source)[0][0], read_pictures(tmp_path / "b.mkv")[0][0]
    assert np.array_equal(np.clip(before.astype(int) + 4, 0, 255), after)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".ts"])
@pytest.mark.parametrize("bframes", [0, 3])
def test_every_frame_and_its_time_come_through(tmp_path, suffix, bframes):
    """As many frames as came in, at the same times, B-frames and all; nothing is lost at the end."""
    source = make_video(tmp_path / f"a{suffix}", frames=37, bframes=bframes)
    events = run(source, tmp_path / f"b{suffix}")

    before, after = read_stamps(source), read_stamps(tmp_path / f"b{suffix}")
    assert len(before) == len(after) == 37 == events[-1].frames
    moved = after[0] - before[0]
    assert all(b - a == moved for a, b in zip(before, after, strict=True))
    assert moved == 0 or suffix == ".ts"


@pytest.mark.parametrize("base", [Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 1000)])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "ffv1"])
def test_a_varying_rate_keeps_its_times(tmp_path, base, codec):
    """Irregular timestamps survive in any time base, within half a tick of the target's."""
    stamps = [0, 7, 8, 20, 21, 22, 50, 51, 90, 120]
    suffix = ".mkv" if codec == "ffv1" else ".mp4"
    step = max(1, round(Fraction(1, 100) / base))
    source = make_video(
        tmp_path / f"a{suffix}",
        time_base=base,
        stamps=[s * step for s in stamps],
        audio=False,
        codec=codec,
    )
    run(source, tmp_path / f"b{suffix}", codec=codec)

    with av.open(str(tmp_path / f"b{suffix}")) as written:
        half_tick = Fraction(written.streams.video[0].time_base) / 2
    pairs = zip(read_stamps(source), read_stamps(tmp_path / f"b{suffix}"), strict=True)
    assert all(abs(a - b) <= half_tick for a, b in pairs)


def test_a_late_start_stays_late(tmp_path):
    """A video whose first frame is at 5.00041 s keeps it there, to a tick of 1/90000 s."""
    stamps = [5 * 90_000 + 37 + i * 3003 for i in range(12)]
    source = make_video(
        tmp_path / "a.ts", time_base=Fraction(1, 90_000), stamps=stamps, audio=False
    )
    run(source, tmp_path / "b.mp4")

    assert read_stamps(tmp_path / "b.mp4") == read_stamps(source)
    assert read_stamps(source)[0] >= 5


@pytest.mark.parametrize(
    ("suffix", "target"), [(".mp4", ".mp4"), (".mkv", ".mkv"), (".mp4", ".mkv")]
)
def test_sound_is_copied_to_the_bit(tmp_path, suffix, target):
    """The audio packets are the source's bytes, and keep their distance from the picture."""
    source = make_video(tmp_path / f"a{suffix}", frames=30)
    run(source, tmp_path / f"b{target}")

    before = read_packets(source, "audio")
    after = read_packets(tmp_path / f"b{target}", "audio")
    assert [data for _, data in before] == [data for _, data in after]
    video = read_stamps(tmp_path / f"b{target}")[0] - read_stamps(source)[0]
    sound = after[0][0] - before[0][0]
    assert abs(sound - video) < Fraction(1, 1000)


def test_matroska_keeps_all_it_holds(tmp_path):
    """Chapters, tags, attachments, languages and dispositions come through."""
    plain = make_video(
        tmp_path / "plain.mkv",
        metadata={"title": "Ein Film: Ä 🎬"},
        chapters=[(0, 200, "Eins"), (200, 480, "Zwei")],
        attachment=b"not really a font",
    )
    source = _with_tags(plain, tmp_path / "a.mkv")
    run(source, tmp_path / "b.mkv", strict=True)

    assert _contents(source) == _contents(tmp_path / "b.mkv")
    assert _contents(source)["chapters"] == [("Eins", 0, Fraction(1, 5)), ("Zwei", Fraction(1, 5), Fraction(12, 25))]  # fmt: skip
    assert _contents(source)["streams"][1][1:] == ("deu", Disposition.forced)


def _with_tags(plain, target):
    """The same file with a language and a disposition on its sound."""
    with av.open(str(plain)) as old, av.open(str(target), "w") as new:
        new.metadata.update(old.metadata)
        new.set_chapters(old.chapters())
        streams = {s.index: new.add_stream_from_template(s, opaque=True) for s in old.streams}
        for stream in old.streams:
            streams[stream.index].metadata.update(stream.metadata)
        streams[1].metadata["language"] = "deu"
        streams[1].disposition = Disposition.forced
        for packet in old.demux([s for s in old.streams if s.type != "attachment"]):
            if packet.size:
                packet.stream = streams[packet.stream_index]
                new.mux(packet)
    return target


def _contents(path):
    with av.open(str(path)) as file:
        return {
            "title": file.metadata.get("title"),
            "chapters": [
                (
                    c["metadata"]["title"],
                    c["start"] * Fraction(c["time_base"]),
                    c["end"] * Fraction(c["time_base"]),
                )
                for c in file.chapters()
            ],
            "streams": [(s.type, s.language, s.disposition) for s in file.streams],
            "attachments": [bytes(s.data) for s in file.streams if s.type == "attachment"],
        }


def test_the_picture_is_described_as_before(tmp_path):
    """Rotation, sample aspect ratio and the four colour tags are the source's."""
    source = make_video(
        tmp_path / "a.mp4",
        rotation=90,
        sample_aspect_ratio=Fraction(4, 3),
        colour={"color_range": 1, "color_primaries": 9, "color_trc": 16, "colorspace": 9},
        pixel_format="yuv420p10le",
        codec="libx265",
    )
    run(source, tmp_path / "b.mp4")

    assert _described(source) == _described(tmp_path / "b.mp4")
    assert _described(source) == (90, Fraction(4, 3), 1, 9, 16, 9)


def _described(path):
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frame = next(file.decode(video))
        context = video.codec_context
        return (
            frame.rotation,
            video.sample_aspect_ratio,
            context.color_range,
            context.color_primaries,
            context.color_trc,
            context.colorspace,
        )


def test_hevc_in_mp4_has_the_tag_that_players_ask_for(tmp_path):
    """10 bits become HEVC tagged hvc1."""
    source = make_video(tmp_path / "a.mkv", codec="ffv1", pixel_format="yuv420p10le")
    run(source, tmp_path / "b.mp4")

    with av.open(str(tmp_path / "b.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.name, context.codec_tag) == ("hevc", "hvc1")


def test_mp4_can_be_played_while_it_loads(tmp_path):
    """The index stands before the media data."""
    run(make_video(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    data = (tmp_path / "b.mp4").read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize(
    ("start", "duration"), [("0.5", "0.4"), (None, "0.6"), ("0.7", None), ("0.52", "0.04")]
)
def test_a_span_is_cut_at_its_frames(tmp_path, suffix, start, duration):
    """Exactly the frames with start <= t < start + duration, first key frame or not."""
    source = make_video(
        tmp_path / f"a{suffix}", frames=30, bframes=2, options={"g": "100"}, audio=suffix == ".mkv"
    )
    begin, length = Fraction(start or 0), Fraction(duration or 100)
    run(
        source,
        tmp_path / "b.mkv",
        codec="ffv1",
        start=start and begin,
        duration=duration and length,
    )

    with av.open(str(source)) as file:
        origin = Fraction(file.start_time, av.time_base)
    wanted = [
        picture
        for stamp, picture in zip(read_stamps(source), read_pictures(source), strict=True)
        if begin <= stamp - origin < begin + length
    ]
    found = read_pictures(tmp_path / "b.mkv")
    assert len(wanted) == len(found) > 0
    for before, after in zip(wanted, found, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


def test_seconds_may_be_floats(tmp_path):
    """A start of 0.12, the time of a frame, begins with that frame although no float is 0.12."""
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=10, time_base=Fraction(1, 25))
    run(source, tmp_path / "b.mkv", codec="ffv1", start=0.12, duration=0.08)

    wanted, found = read_pictures(source)[3:5], read_pictures(tmp_path / "b.mkv")
    assert len(found) == 2
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(wanted, found, strict=True))


def test_events_tell_the_story(tmp_path):
    """Started first, one FrameDone a frame with rising numbers and sizes, Finished last."""
    source = make_video(tmp_path / "a.mp4", frames=20)
    events = run(source, tmp_path / "b.mp4")

    done = [event for event in events if isinstance(event, FrameDone)]
    assert isinstance(events[0], Started)
    assert events[0].frame_count == 20
    assert list(range(1, 21)) == [event.index for event in done]
    assert sorted(e.size_bytes for e in done) == [e.size_bytes for e in done]
    assert isinstance(events[-1], Finished)
    assert (tmp_path / "b.mp4").stat().st_size == events[-1].size_bytes


def test_nan_is_counted_and_keeps_the_source(tmp_path):
    """A generator that gives NaN everywhere changes nothing, and the run says so."""
    model = save(constant_planes((float("nan"), 0, 0)), tmp_path / "g.onnx")
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=3)
    events = run(source, tmp_path / "b.mkv", codec="ffv1", engine=str(model))

    assert events[-1].invalid_frames == 3
    assert [e for e in events if isinstance(e, Notice) and "3 frames (0-2)" in e.text]
    assert np.array_equal(read_pictures(source)[0][0], read_pictures(tmp_path / "b.mkv")[0][0])
    with pytest.raises(VerificationError, match="NaN"):
        run(source, tmp_path / "c.mkv", codec="ffv1", engine=str(model), strict=True)
    assert not (tmp_path / "c.mkv").exists()


def test_frames_that_went_flat_keep_the_source(tmp_path):
    """A generator that gives black for every picture changes nothing; strict makes it an error."""
    model = save(constant_planes((-1, -1, -1)), tmp_path / "g.onnx")
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=5)
    events = run(source, tmp_path / "b.mkv", codec="ffv1", engine=str(model))

    assert events[-1].flat_frames == 5
    assert [e for e in events if isinstance(e, Notice) and e.text.startswith("5 frames (0-4): ")]
    for before, after in zip(read_pictures(source), read_pictures(tmp_path / "b.mkv"), strict=True):
        assert all(map(np.array_equal, before, after))
    with pytest.raises(VerificationError, match="flat colour"):
        run(source, tmp_path / "c.mkv", codec="ffv1", engine=str(model), strict=True)
    assert not (tmp_path / "c.mkv").exists()


def test_a_stream_left_behind_is_said(tmp_path):
    """An attachment that MP4 cannot hold is a notice, and an error with strict, before work."""
    source = make_video(tmp_path / "a.mkv", attachment=b"font")
    events = run(source, tmp_path / "b.mp4")

    assert [e for e in events if isinstance(e, Notice) and "attachment" in e.text]
    with pytest.raises(UsageError, match="attachment"):
        run(source, tmp_path / "c.mp4", strict=True)
    assert leftovers(tmp_path, source) == ["b.mp4"]


def test_leaving_a_run_leaves_nothing(tmp_path):
    """Whoever stops taking events gets no file, no part of one, and no thread."""
    source = make_video(tmp_path / "a.mp4", frames=60)
    events = deblur_video(source, tmp_path / "b.mp4", engine="identity")
    for event in events:
        if isinstance(event, FrameDone):
            break
    events.close()

    assert leftovers(tmp_path, source) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("deblurvid")]


@pytest.mark.parametrize("broken", ["decode", "deblur", "encode"])
def test_a_stage_that_fails_leaves_nothing(tmp_path, monkeypatch, broken):
    """An error in any thread ends the run with that error; no file appears."""
    source = make_video(tmp_path / "a.mp4", frames=40)

    class BrokenError(DeblurvidError):
        pass

    module = __import__(f"deblurvid.stages.{broken}", fromlist=["x"])
    real = getattr(module, broken)

    def failing(items, *args, **kwargs):
        for number, item in enumerate(real(items, *args, **kwargs)):
            if number == 20:
                raise BrokenError(broken)
            yield item

    monkeypatch.setattr(module, broken, failing)
    with pytest.raises(BrokenError):
        run(source, tmp_path / "b.mp4")

    assert leftovers(tmp_path, source) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("deblurvid")]


def test_a_failed_check_is_a_failed_run(tmp_path, monkeypatch):
    """If the finished file is not what was promised, it never gets its name."""
    source = make_video(tmp_path / "a.mp4")

    def one_frame_short(*args, **kwargs):
        raise VerificationError("12 frames went in, 11 are in the output")

    monkeypatch.setattr(check_stage, "verify", one_frame_short)
    with pytest.raises(VerificationError):
        run(source, tmp_path / "b.mp4")
    assert leftovers(tmp_path, source) == []


def test_an_existing_target_is_replaced_only_when_told(tmp_path):
    """Without overwrite its bytes stay; with it they are replaced, also when it fails late."""
    source = make_video(tmp_path / "a.mp4")
    target = tmp_path / "b.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="-y"):
        run(source, target)
    assert target.read_bytes() == b"precious"

    with pytest.raises(InputError):
        run(tmp_path / "missing.mp4", target, overwrite=True)
    assert target.read_bytes() == b"precious"

    run(source, target, overwrite=True)
    assert len(read_stamps(target)) == 12


def test_an_rgb_generator_restores_a_video(tmp_path):
    """Any image-to-image ONNX runs: +4 codes of grey in RGB are about +4 * 219/255 in luma."""
    model = save(rgb_model(bias=(4 / 255,) * 3), tmp_path / "g.onnx")
    source = make_video(tmp_path / "a.mkv", codec="ffv1", frames=2)
    run(source, tmp_path / "b.mkv", codec="ffv1", engine=str(model))

    before, after = read_pictures(source)[0][0], read_pictures(tmp_path / "b.mkv")[0][0]
    inside = (before > 40) & (before < 200)
    change = (after.astype(int) - before)[inside]
    # Out-of-gamut colours are clipped before the generator, so the median is looked at.
    assert np.median(change) == round(4 * 219 / 255)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_source_that_was_cut_off_is_said(tmp_path, suffix):
    """A file that ends before its header says is restored as far as it goes, with a notice."""
    whole = make_video(tmp_path / f"whole{suffix}", frames=100, audio=False)
    run(whole, tmp_path / f"moved{suffix}")  # the product puts the index first
    data = (tmp_path / f"moved{suffix}").read_bytes()
    (tmp_path / f"a{suffix}").write_bytes(data[: len(data) * 2 // 3])
    events = run(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}")

    assert events[-1].frames < 100
    assert [e for e in events if isinstance(e, Notice) and "cut off" in e.text]


def test_frames_are_counted_by_the_video_and_not_by_longer_sound(tmp_path):
    """Matroska states each stream's end; the bar must not wait for frames that never come."""
    source = make_video(tmp_path / "a.mkv", frames=50)
    events = run(source, tmp_path / "b.mkv")

    assert events[0].frame_count == 50


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(
    ("start", "duration", "count", "seconds"),
    [
        (None, 0.1, 3, 0.1),  # frames at 0, 1/24 and 2/24 s
        (0.1, 0.1, 2, 0.1),  # at 3/24 and 4/24 s
        (None, 0.25, 6, 0.25),  # the 7th begins at its end
        (0.25, None, 18, 0.75),
        (0.9, 5, 2, 0.1),  # at 22/24 and 23/24 s, which are the last
        (None, None, 24, 1),
    ],
)
def test_as_many_frames_are_announced_as_begin_within_the_part(
    tmp_path, suffix, start, duration, count, seconds
):
    """Those of the part whose time lies within, and how long it is; so many come out."""
    source = make_video(tmp_path / f"a.{suffix}", frames=24, rate=24, audio=False)
    events = run(source, tmp_path / "b.mkv", start=start, duration=duration)

    assert (events[0].frame_count, events[-1].frames) == (count, count)
    assert float(events[0].duration) == pytest.approx(seconds, abs=0.002)


def test_full_verification_reads_every_frame(tmp_path):
    """verify='full' decodes the output."""
    events = run(make_video(tmp_path / "a.mp4"), tmp_path / "b.mp4", verify="full")

    assert events[-1].verified == "full"


def test_options_out_of_range_are_named():
    """A value that cannot be meant is refused before anything is opened."""
    for options, message in (
        ({"strength": 1.5}, "strength is 1.5"),
        ({"start": Fraction(-1)}, "start is -1.0 s"),
        ({"duration": Fraction(0)}, "duration is 0.0 s"),
        ({"verify": "maybe"}, "verify is 'maybe'"),
    ):
        with pytest.raises(UsageError, match=message):
            next(deblur_video("a.mp4", "b.mp4", **options))
