"""The check of the finished file finds each kind of loss."""

from array import array
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest

from deblurvid.errors import VerificationError
from deblurvid.stages.tracks import Track, kind_of, words_of
from deblurvid.stages.verify import verify
from tests.media import make_video, read_packets, read_stamps

BASE = Fraction(1, 1000)


def promised(path, muxer="mp4", **changes):
    """What an honest run would have noted of the file, with changes to one track."""
    tracks = {}
    with av.open(str(path)) as file:
        for stream in file.streams:
            packets = read_packets(path, stream.type)
            track = object.__new__(Track)
            track.kind = kind_of(stream)
            track.packets = len(packets)
            track.words = words_of(stream)
            track.number = stream.index
            track.first_seconds = min(stamp for stamp, _ in packets)
            track.last_seconds = max(stamp for stamp, _ in packets)
            track.begins_below_zero = False
            track.tick, track.is_pcm = BASE, False
            tracks[stream.index] = track
    for name, value in changes.items():
        kind, field = name.split("_", 1)
        track = next(track for track in tracks.values() if track.kind == kind)
        setattr(track, field, value(getattr(track, field)))
    restored = next(track for track in tracks.values() if track.kind == "video")
    container = SimpleNamespace(format=SimpleNamespace(name=muxer))
    return SimpleNamespace(part=path, tracks=tracks, restored=restored, container=container)


def ticks(path):
    return array("q", [round(stamp / BASE) for stamp in read_stamps(path)])


@pytest.fixture
def video(tmp_path):
    return make_video(tmp_path / "a.mp4", bframes=2, time_base=BASE)


@pytest.mark.parametrize("full", [False, True])
def test_an_honest_file_passes(video, full):
    """Nothing is found where nothing is wrong."""
    assert verify(promised(video), ticks(video), BASE, full=full).shift == 0


def test_a_lost_frame_is_found(video):
    """One packet less than was written."""
    output = promised(video, video_packets=lambda count: count + 1)
    with pytest.raises(VerificationError, match="13 video packets went in, 12"):
        verify(output, ticks(video), BASE, full=False)


def test_a_frame_that_the_encoder_left_out_is_found(video):
    """As many packets as the encoder gave, but it was given one frame more."""
    with pytest.raises(VerificationError, match="13 frames went in, 12 are in the output"):
        verify(promised(video), array("q", [*ticks(video), 480]), BASE, full=False)


@pytest.mark.parametrize("number", [0, 5, 11])
def test_a_moved_frame_is_found(video, number):
    """One timestamp a tick off; the message names the frame and both times."""
    stamps = ticks(video)
    stamps[number] += 1
    with pytest.raises(VerificationError, match=f"frame {number} is at"):
        verify(promised(video), stamps, BASE, full=False)


def test_a_shift_of_everything_is_found(video):
    """A file that begins later is not what was promised, unless its container must."""
    stamps = array("q", [stamp - 40 for stamp in ticks(video)])
    with pytest.raises(VerificationError, match="frame 0"):
        verify(promised(video), stamps, BASE, full=False)

    below = {
        "video_begins_below_zero": lambda _: True,
        "audio_first_seconds": lambda first: first - 40 * BASE,
        "audio_last_seconds": lambda last: last - 40 * BASE,
    }
    written = verify(promised(video, "matroska", **below), stamps, BASE, full=False)
    assert written.shift == 40 * BASE


def test_lost_sound_is_found(video):
    """An audio packet less, or an audio stream less."""
    with pytest.raises(VerificationError, match="audio packets"):
        verify(
            promised(video, audio_packets=lambda count: count + 1), ticks(video), BASE, full=False
        )
    silent = promised(video)
    silent.tracks[7] = next(t for t in silent.tracks.values() if t.kind == "audio")
    with pytest.raises(VerificationError, match="2 audio streams went in, 1"):
        verify(silent, ticks(video), BASE, full=False)


def test_sound_that_slipped_is_found(video):
    """Sound that begins 50 ms off beside the picture."""
    output = promised(video, audio_first_seconds=lambda first: first - Fraction(1, 20))
    with pytest.raises(VerificationError, match=r"audio stream begins 0\.05"):
        verify(output, ticks(video), BASE, full=False)


def test_sound_that_was_stretched_is_found(video):
    """Its last packet is heard 50 ms off, although the first is where it was."""
    output = promised(video, audio_last_seconds=lambda last: last - Fraction(1, 20))
    with pytest.raises(VerificationError, match=r"audio stream ends 0\.05"):
        verify(output, ticks(video), BASE, full=False)


def test_words_that_were_lost_are_told(video):
    """A title, a language and a disposition that went in; and that it is no error by itself."""
    words = {"title": "Ton", "language": "deu", "disposition forced": "forced"}
    written = verify(promised(video, audio_words=lambda _: words), ticks(video), BASE, full=False)

    assert written.lost_words == [
        "the title 'Ton' of the audio stream 1",
        "the language 'deu' of the audio stream 1",
        "the disposition 'forced' of the audio stream 1",
    ]


def test_only_the_full_check_decodes(tmp_path):
    """A picture whose bytes were damaged passes the quick check and fails the full one."""
    path = make_video(tmp_path / "a.mkv", codec="ffv1", audio=False, time_base=BASE)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packets = [p for p in file.demux() if p.size]
        place, size = packets[6].pos, packets[6].size
    start = data.index(bytes(packets[6])[:64], place)
    data[start + size // 2 : start + size // 2 + 40] = bytes(40)
    path.write_bytes(data)

    verify(promised(path), ticks_of(12), BASE, full=False)
    with pytest.raises(VerificationError):
        verify(promised(path), ticks_of(12), BASE, full=True)


def ticks_of(frames):
    return array("q", [40 * number for number in range(frames)])
