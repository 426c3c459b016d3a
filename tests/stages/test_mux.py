"""The file in the making: what waits in memory, where tracks begin, how it is called."""

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from deblurvid import deblur_video
from deblurvid.events import Finished, FrameDone
from deblurvid.stages.tracks import Track
from tests.media import make_audio, make_video, read_packets, read_stamps


def joined(target, *sources, shift=Fraction(0)):
    """A file with the streams of all sources; those of the second and later begin `shift` later."""
    files = [av.open(str(source)) for source in sources]
    with av.open(str(target), "w") as new:
        copies = [
            (file, new.add_stream_from_template(file.streams[0], opaque=True)) for file in files
        ]
        for number, (file, copy) in enumerate(copies):
            for packet in file.demux(file.streams[0]):
                if packet.size:
                    late = round(shift / packet.time_base) if number else 0
                    packet.pts, packet.dts = packet.pts + late, packet.dts + late
                    packet.stream = copy
                    new.mux(packet)
    for file in files:
        file.close()
    return target


def test_a_stream_that_ends_early_does_not_keep_the_others_in_memory(tmp_path):
    """With half a second of sound beside 30 s of pictures, the file grows while they come."""
    video = make_video(tmp_path / "v.mkv", frames=750, audio=False)
    source = joined(tmp_path / "a.mkv", video, make_audio(tmp_path / "s.m4a"))
    on_disk = sent = 0
    for event in deblur_video(source, tmp_path / "b.mkv", engine="identity", codec="ffv1"):
        if isinstance(event, FrameDone):
            (part,) = tmp_path.glob(".*.part")
            on_disk, sent = part.stat().st_size, event.size_bytes

    assert on_disk > sent / 3


def test_sound_of_another_rate_begins_where_it_did(tmp_path):
    """44.1 kHz sound that begins at 21 ms does so in MP4, although no millisecond is a sample."""
    with av.open(str(tmp_path / "s.flac"), "w") as file:
        sound = file.add_stream("flac", rate=44_100)
        sound.codec_context.layout = "mono"
        frame = AudioFrame.from_ndarray(np.zeros((1, 4410), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 44_100, 0, Fraction(1, 44_100)
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    video = make_video(tmp_path / "v.mkv", audio=False)
    source = joined(tmp_path / "a.mkv", video, tmp_path / "s.flac", shift=Fraction(21, 1000))
    list(deblur_video(source, tmp_path / "b.mp4", engine="identity"))

    begin = read_packets(tmp_path / "b.mp4", "audio")[0][0]
    assert abs(begin - Fraction(21, 1000)) <= Fraction(1, 44_100)


def test_a_late_picture_begins_where_it_did(tmp_path):
    """One frame of 1/24 s late is that in MP4, although it is no whole number of milliseconds."""
    source = make_video(
        tmp_path / "a.nut", rate=24, stamps=list(range(1, 13)), codec="ffv1", audio=False
    )
    list(deblur_video(source, tmp_path / "b.mp4", engine="identity"))

    assert read_stamps(tmp_path / "b.mp4") == read_stamps(source)
    assert read_stamps(source)[0] == Fraction(1, 24)


def test_two_runs_to_one_target_do_not_touch_each_other(tmp_path):
    """Each writes a file of its own; the last one to finish stands."""
    source = make_video(tmp_path / "a.mp4")
    runs = [
        deblur_video(source, tmp_path / "b.mp4", engine="identity", overwrite=True)
        for _ in range(2)
    ]
    for run in runs:
        next(run)
    assert len(list(tmp_path.glob(".*.part"))) == 2
    for run in runs:
        assert isinstance(list(run)[-1], Finished)
    assert len(read_stamps(tmp_path / "b.mp4")) == 12


@pytest.mark.parametrize("stem", ["x" * 251, "é" * 125])
def test_a_name_may_be_as_long_as_the_folder_takes(tmp_path, stem):
    """255 bytes, the most that common file systems take."""
    source = make_video(tmp_path / "a.mp4")
    list(deblur_video(source, tmp_path / f"{stem}.mp4", engine="identity"))

    assert len(read_stamps(tmp_path / f"{stem}.mp4")) == 12


def test_packets_decoded_at_the_same_time_are_a_tick_apart():
    """TrueHD in Matroska's milliseconds: MPEG-TS and MP4 refuse equal times; no later one moves."""
    stream = SimpleNamespace(
        time_base=Fraction(1, 90_000),
        disposition=0,
        type="audio",
        index=1,
        metadata={},
        codec_context=None,
    )
    track = Track(stream)
    found = []
    for tick in (0, 1, 2, 2, 2, 3):
        packet = SimpleNamespace(pts=tick, dts=tick, duration=1, time_base=Fraction(1, 1000))
        track.raise_time(packet)
        found.append(packet.dts * packet.time_base * 90_000)

    assert found == [0, 90, 180, 181, 182, 270]
