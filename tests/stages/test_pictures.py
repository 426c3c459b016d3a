"""unpack, deblur and pack: samples keep their place whatever the format."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from deblurvid.backends.base import EngineSpec, Restored
from deblurvid.errors import InputError
from deblurvid.frames import ColourTags, Faults, PictureFormat, Planes, VideoInfo
from deblurvid.stages.deblur import became_flat, deblur
from deblurvid.stages.ffmpeg import colour_tags
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.pack import pack
from deblurvid.stages.unpack import Picture, unpack
from tests.media import make_frame, make_video, read_pictures, read_planes

TAGS = ColourTags(matrix="bt709", full_range=False)

PLANAR = [
    name + suffix
    for name in ("yuv420p", "yuv422p", "yuv444p", "gray", "gbrp")
    for suffix in ("", "10le", "12le", "16le")
]
"""The other layouts are in test_layouts.py."""


def info_of(size, pixel_format) -> VideoInfo:
    return VideoInfo(
        width=size[0],
        height=size[1],
        picture=LAYOUTS[pixel_format].picture,
        pixel_format=pixel_format,
        colour=TAGS,
        codec="test",
        time_base=Fraction(1, 25),
        frame_rate=Fraction(25),
        frame_count=None,
        duration=None,
    )


@pytest.mark.parametrize("size", [(64, 48), (61, 93), (17, 19)])
@pytest.mark.parametrize("pixel_format", PLANAR)
def test_unpack_finds_every_sample(pixel_format, size):
    """Planes hold the frame's codes, low bytes then high bytes, in the graph's order."""
    frame = make_frame(3, size, pixel_format, 0, Fraction(1, 25))
    (picture,) = unpack([frame], info_of(size, pixel_format))

    planes = read_planes(frame)
    if pixel_format.startswith("gbrp"):
        planes = [planes[2], planes[0], planes[1]]  # FFmpeg keeps G, B, R
    for expected, samples in zip(planes, picture.planes.samples, strict=True):
        found = sum(part.astype(np.uint16) << (8 * i) for i, part in enumerate(samples))
        assert np.array_equal(expected, found)


@pytest.mark.parametrize("size", [(64, 48), (61, 93), (17, 19)])
@pytest.mark.parametrize("pixel_format", PLANAR)
def test_pack_writes_every_sample_and_keeps_the_rest(pixel_format, size):
    """Inverted samples read back inverted; pts stays; the decoder's own copy is untouched."""
    info = info_of(size, pixel_format)
    frame = make_frame(3, size, pixel_format, 7, Fraction(1, 25))
    before = read_planes(frame)
    (picture,) = unpack([frame], info)
    top = 2**info.picture.depth - 1
    changed = []
    for samples in picture.planes.samples:
        codes = top - sum(part.astype(np.uint16) << (8 * i) for i, part in enumerate(samples))
        changed.append(np.stack([(codes >> (8 * i)) & 255 for i in range(len(samples))]))
    inverted = type(picture.planes)(tuple(c.astype(np.uint8) for c in changed), TAGS)
    (packed,) = pack([Picture(frame, inverted)], info, pixel_format)

    for old, new in zip(before, read_planes(packed), strict=True):
        assert np.array_equal(top - old.astype(np.int64), new)
    assert (7, Fraction(1, 25)) == (packed.pts, packed.time_base)


def test_writing_into_a_frame_leaves_its_decoder_alone(tmp_path):
    """Frames that build on an overwritten one decode as if nothing had been written."""
    path = make_video(tmp_path / "a.mp4", frames=20, audio=False, options={"refs": "1", "g": "100"})
    expected = read_pictures(path)
    info = info_of((64, 48), "yuv420p")
    with av.open(str(path)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            found = read_planes(frame)
            assert all(np.array_equal(a, b) for a, b in zip(expected[number], found, strict=True))
            (picture,) = unpack([frame], info)
            black = Planes(tuple(np.zeros_like(s) for s in picture.planes.samples), TAGS)
            list(pack([Picture(frame, black)], info, "yuv420p"))


def test_a_change_of_size_is_an_error():
    """A stream that changes its size mid-way is refused, with both sizes."""
    frames = [make_frame(0, size, "yuv420p", 0, Fraction(1, 25)) for size in ((64, 48), (32, 48))]
    with pytest.raises(InputError, match="from 64x48 yuv420p to 32x48 yuv420p"):
        list(unpack(frames, info_of((64, 48), "yuv420p")))


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [
        (1, (64, 48), "bt709"),
        (5, (1280, 720), "bt601"),
        (6, (1280, 720), "bt601"),
        (9, (64, 48), "bt2020"),
        (2, (1280, 720), "bt709"),
        (2, (720, 576), "bt601"),
    ],
)
def test_matrix_by_tag_else_by_size(number, size, expected):
    """H.273's matrix numbers; an untagged picture is BT.601 up to PAL's size and BT.709 above."""
    frame = VideoFrame(*size, "yuv420p")
    frame.colorspace = number

    assert expected == colour_tags(frame).matrix


def test_full_range_by_tag_and_by_the_old_names():
    """color_range 2 and the yuvj formats mean full range."""
    tagged, plain = VideoFrame(16, 16, "yuv420p"), VideoFrame(16, 16, "yuv420p")
    tagged.color_range = 2

    assert [
        colour_tags(frame).full_range for frame in (tagged, plain, VideoFrame(16, 16, "yuvj420p"))
    ] == [True, False, True]


class CountingEngine:
    """Gives back what it got; fails when it is fed more than it holds."""

    slots = 3

    def __init__(self, invalid=(), *, depth=8, flat=()):
        self.spec = EngineSpec(
            width=16,
            height=16,
            picture=PictureFormat(source="yuv420", depth=depth),
            generator="none",
            device="none",
            precision="fp32",
        )
        self.flat = flat
        self.collected = 0
        self.held = []
        self.fullest = 0
        self.invalid = list(invalid)

    def submit(self, planes, *, strength):
        """Hold one more."""
        self.held.append(planes)
        self.fullest = max(self.fullest, len(self.held))
        assert len(self.held) <= self.slots

    def collect(self):
        """Give the oldest back."""
        planes = self.held.pop(0)
        if self.collected in self.flat:
            planes = Planes(tuple(np.full_like(s, 16) for s in planes.samples), planes.colour)
        self.collected += 1
        return Restored(planes, self.invalid.pop(0) if self.invalid else 0)


def test_deblur_keeps_packets_between_their_pictures():
    """Frames and copied packets leave in the order in which they came, engine full or not."""
    frame = make_frame(0, (16, 16), "yuv420p", 0, Fraction(1, 25))
    pictures = iter(unpack([frame] * 40, info_of((16, 16), "yuv420p")))
    rng = np.random.default_rng(5)
    items = [av.Packet(4) if rng.random() < 0.5 else next(pictures) for _ in range(60)]
    engine = CountingEngine()
    out = list(deblur(items, engine, strength=1.0, faults=Faults()))

    for before, after in zip(items, out, strict=True):
        if isinstance(before, Picture):
            assert before.planes is after.planes
        else:
            assert before is after
    assert engine.fullest == engine.slots


def test_deblur_does_not_gather_packets_behind_pictures():
    """Sound that follows all pictures leaves while it comes, not at the end."""
    frame = make_frame(0, (16, 16), "yuv420p", 0, Fraction(1, 25))
    (picture,) = unpack([frame], info_of((16, 16), "yuv420p"))
    taken = 0

    def items():
        nonlocal taken
        yield picture
        for _ in range(2000):
            taken += 1
            yield av.Packet(4)

    left = deblur(items(), CountingEngine(), strength=1.0, faults=Faults())
    next(left)

    assert taken < 500


def test_deblur_reports_each_invalid_picture():
    """Pictures with NaN or Inf are reported one by one, in order."""
    frame = make_frame(0, (16, 16), "yuv420p", 0, Fraction(1, 25))
    items = list(unpack([frame] * 5, info_of((16, 16), "yuv420p")))
    faults = Faults()
    list(deblur(items, CountingEngine([0, 7, 0, 0, 9]), strength=1.0, faults=faults))

    assert faults.invalid == {1: 7, 4: 9}


@pytest.mark.parametrize("depth", [8, 10])
def test_a_picture_that_became_flat_keeps_the_source(depth):
    """One flat colour out of a picture is no restoration: the source stays, and it is reported."""
    name = {8: "yuv420p", 10: "yuv420p10le"}[depth]
    frames = [make_frame(n, (48, 32), name, n, Fraction(1, 25)) for n in range(4)]
    items = list(unpack(frames, info_of((48, 32), name)))
    kept = [plane.copy() for plane in items[2].planes.samples]
    faults = Faults()
    engine = CountingEngine(depth=depth, flat=(2,))
    out = list(deblur(items, engine, strength=1.0, faults=faults))
    out[2].frame.make_writable()

    assert faults == Faults(flat=[2])
    assert all(map(np.array_equal, out[2].planes.samples, kept))
    assert not any(map(np.shares_memory, out[2].planes.samples, items[2].planes.samples))


@pytest.mark.parametrize(
    ("source", "restored", "flat"),
    [
        ((16, 235), (16, 16), True),  # a picture that went black
        ((16, 31), (16, 16), False),  # noise on black that was taken away
        ((16, 32), (16, 16), True),
        ((16, 80), (16, 16), True),  # whose low bytes are alike at 10 bits
        ((16, 16), (16, 16), False),  # black that stayed black
        ((16, 235), (16, 17), False),  # one sample differs
    ],
)
@pytest.mark.parametrize("depth", [8, 10])
def test_what_counts_as_flat(depth, source, restored, flat):
    """All of every plane is one code, and the source spread over a sixteenth of the codes."""

    def planes(pair):
        codes = np.full((40, 40), pair[0] << (depth - 8), np.uint16)
        codes[-1, -1] = pair[1] << (depth - 8)
        parts = [codes & 255, codes >> 8][: 1 if depth == 8 else 2]
        return Planes(
            (np.stack(parts).astype(np.uint8),), ColourTags(matrix="bt709", full_range=True)
        )

    assert became_flat(planes(source), planes(restored), depth) == flat
