"""Every pixel format's samples are found and written, by what FFmpeg's own converter says they are.

swscale moves samples between formats of one sampling and depth without changing any, so it is the
independent reader here: it makes each format from planar samples, and planar samples from each.
"""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from deblurvid.stages.layouts import LAYOUTS, layout_for
from deblurvid.stages.pack import pack
from deblurvid.stages.unpack import Picture, unpack
from tests.stages.test_pictures import TAGS, info_of

PLANAR_NAMES = {
    "yuv420": "yuva420p",
    "yuv422": "yuva422p",
    "yuv444": "yuva444p",
    "gray": "gray",
    "rgb": "gbrap",
}
SIZES = [(64, 48), (62, 34)]


def planar_name(layout):
    """The planar format with the same samples, and with alpha if the layout has it."""
    if layout.full_range:
        return layout.name
    name = PLANAR_NAMES[layout.picture.source]
    if not layout.has_alpha:
        name = name.replace("a4", "4").replace("gbrap", "gbrp")
    depth = layout.picture.depth
    return name if depth == 8 else f"{name}{depth}le"


def views(frame):
    """A planar frame's planes as codes, [height, width] each."""
    kind = np.uint8 if frame.format.components[0].bits == 8 else "<u2"
    memory = [(np.frombuffer(plane, kind), plane) for plane in frame.planes]
    return [flat.reshape(plane.height, -1)[:, : plane.width] for flat, plane in memory]


def random_frame(name, size, seed=0):
    """A planar frame of samples that all differ from their neighbours."""
    rng = np.random.default_rng(seed)
    frame = VideoFrame(*size, name)
    for view in views(frame):
        view[:] = rng.integers(0, 1 << frame.format.components[0].bits, view.shape)
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    return frame


def converted(frame, name):
    """By swscale, in one thread: several overlap when they read some packed formats (y210le)."""
    out = frame.reformat(format=name, threads=1)
    out.pts, out.time_base = frame.pts, frame.time_base
    return out


def graph_order(planes, layout):
    """Without alpha, and RGB in the graph's order."""
    if layout.picture.source == "rgb":
        return [planes[2], planes[0], planes[1]]
    return planes[: len(layout.places)]


def codes_of(samples):
    return sum(part.astype(np.uint16) << (8 * at) for at, part in enumerate(samples))


def samples_of(codes, layout):
    """[height, width] -> [bytes, height, width]."""
    parts = [(codes >> 8 * at) & 255 for at in range(layout.picture.bytes_per_sample)]
    return np.stack(parts).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_layout_is_read(name, size):
    """What is unpacked is what swscale finds in the same frame."""
    layout = LAYOUTS[name]
    planar = random_frame(planar_name(layout), size)
    (picture,) = unpack([converted(planar, name)], info_of(size, name))

    found = [codes_of(samples) for samples in picture.planes.samples]
    expected = graph_order(views(planar), layout)
    assert len(expected) == len(found)
    assert all(map(np.array_equal, expected, found))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_layout_is_written_and_its_alpha_kept(name, size):
    """Inverted samples are found inverted by swscale; alpha is as it was, to the bit."""
    layout = LAYOUTS[name]
    planar = random_frame(planar_name(layout), size)
    source = [view.copy() for view in views(planar)]
    frame, info = converted(planar, name), info_of(size, name)
    (picture,) = unpack([frame], info)
    top = 2**layout.picture.depth - 1
    inverted = [samples_of(top - codes_of(s), layout) for s in picture.planes.samples]
    changed = type(picture.planes)(tuple(inverted), TAGS)
    (packed,) = pack([Picture(frame, changed)], info, name)
    back = converted(packed, planar.format.name)

    for before, after in zip(
        graph_order(source, layout), graph_order(views(back), layout), strict=True
    ):
        assert np.array_equal(top - before.astype(int), after)
    if layout.has_alpha and layout.picture.source != "gray":
        assert np.array_equal(source[3], views(back)[3])
    assert (7, Fraction(1, 25)) == (packed.pts, packed.time_base)


@pytest.mark.parametrize(
    "name", ["ya8", "ya16le", "ya16be", "rgb0", "bgr0", "0rgb", "0bgr", "vuyx"]
)
def test_what_is_beside_the_picture_stays(name):
    """The bytes of alpha and padding, whose places a dump shows, are untouched by packing."""
    size, width = (32, 20), {"ya8": 2, "ya16le": 4, "ya16be": 4}.get(name, 4)
    beside = {"ya8": [1], "ya16le": [2, 3], "ya16be": [2, 3], "0rgb": [0], "0bgr": [0]}.get(
        name, [3]
    )
    frame, info = VideoFrame(*size, name), info_of(size, name)
    memory = np.random.default_rng(3).integers(0, 256, frame.planes[0].buffer_size, np.uint8)
    frame.planes[0].update(memory.tobytes())
    (picture,) = unpack([frame], info)
    black = type(picture.planes)(tuple(np.zeros_like(s) for s in picture.planes.samples), TAGS)
    (packed,) = pack([Picture(frame, black)], info, name)

    def bytes_of(data):
        lines = np.frombuffer(data, np.uint8).reshape(size[1], -1)
        return lines[:, : size[0] * width].reshape(size[1], size[0], width)

    before, after = bytes_of(memory.tobytes()), bytes_of(bytes(packed.planes[0]))
    others = [at for at in range(width) if at not in beside]
    assert np.array_equal(before[..., beside], after[..., beside])
    assert not after[..., others].any()


CONVERSIONS = [
    ("rgb24", "gbrp"), ("bgr0", "gbrp"), ("gbrp", "rgb24"), ("gbrp", "bgr0"), ("0bgr", "bgr0"),
    ("rgba", "gbrap"), ("argb", "bgra"), ("abgr", "gbrp"), ("rgb48be", "gbrp16le"),
    ("rgba64be", "gbrap16le"), ("rgba64be", "rgb48le"), ("nv12", "yuv420p"), ("nv21", "yuv420p"),
    ("p010le", "yuv420p10le"), ("yuv420p10be", "p010le"), ("yuyv422", "yuv422p"),
    ("uyvy422", "nv16"), ("y210le", "yuv422p10le"), ("ya8", "gray"), ("ya16be", "gray16le"),
    ("gray16be", "gray16le"), ("yuva444p10le", "yuv444p10le"), ("vuya", "yuva444p"),
    ("yuva420p", "yuv420p"), ("ayuv64le", "yuva444p16le"), ("yuvj420p", "yuv420p"),
]  # fmt: skip


@pytest.mark.parametrize("size", [(64, 48), (37, 21)])
@pytest.mark.parametrize(("source", "target"), CONVERSIONS)
def test_another_order_of_the_same_samples(source, target, size):
    """Pack lays the samples out as the encoder takes them; none changes, alpha where it fits."""
    layout, info = LAYOUTS[source], info_of(size, source)
    frame = VideoFrame(*size, source)
    rng = np.random.default_rng(9)
    for plane in frame.planes:
        plane.update(rng.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    if layout.picture.depth in (10, 12) and not layout.low_zeros:  # codes within their range
        for view in [*layout.rows(frame), *([layout.extra_rows(frame)] if layout.extra else [])]:
            view[:] >>= 16 - layout.picture.depth
    frame.pts, frame.time_base, frame.color_range = 5, Fraction(1, 25), 2
    before = [codes_of(s).copy() for s in next(unpack([frame], info)).planes.samples]
    (picture,) = unpack([frame], info)
    (packed,) = pack([picture], info, target)
    (again,) = unpack([packed], info_of(size, target))

    assert (target, 5, Fraction(1, 25), 2) == (
        packed.format.name, packed.pts, packed.time_base, packed.color_range,
    )  # fmt: skip
    for old, new in zip(before, again.planes.samples, strict=True):
        assert np.array_equal(old, codes_of(new))
    if LAYOUTS[target].has_alpha:
        assert np.array_equal(layout.extra_rows(frame), LAYOUTS[target].extra_rows(packed))


@pytest.mark.parametrize(
    ("source", "taken", "expected"),
    [
        ("rgb24", ["yuv420p", "gbrp", "rgb24"], "rgb24"),
        ("rgb24", ["bgra", "gbrp"], "gbrp"),
        ("rgba", ["rgb24", "gbrap"], "gbrap"),
        ("rgba", ["yuva420p", "bgr0"], "bgr0"),
        ("nv12", ["yuvj420p", "yuv420p"], "yuv420p"),
        ("yuvj420p", ["yuv420p", "yuvj420p"], "yuvj420p"),
        ("yuvj420p", ["yuv420p"], "yuv420p"),
        ("yuv420p", ["yuvj420p"], None),
        ("yuv420p", ["yuv420p10le", "yuv422p"], None),
        ("gray16be", ["gray", "gray16le"], "gray16le"),
    ],
)
def test_the_layout_that_an_encoder_is_given(source, taken, expected):
    """The same samples or none: the source's own, else alpha where there is some, else no alpha."""
    found = layout_for(LAYOUTS[source], taken)

    assert expected == (found and found.name)


def test_rows_stored_from_the_last_up(tmp_path):
    """AVI's RGB may lie upside down, which FFmpeg gives as a negative line size: rows are in order."""
    path = tmp_path / "a.avi"
    planar = random_frame("gbrp", (32, 18))
    expected = graph_order(views(planar), LAYOUTS["gbrp"])
    with av.open(str(path), "w") as target:
        stream = target.add_stream("rawvideo", rate=25)
        stream.codec_context.width, stream.codec_context.height = 32, 18
        stream.codec_context.pix_fmt = "bgr24"
        frame = converted(planar, "bgr24")
        frame.pts = 0
        target.mux([*stream.encode(frame), *stream.encode(None)])
    # FFmpeg writes the height as negative, which says that the first row comes first.
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<ii", 32, -18), struct.pack("<ii", 32, 18)))
    with av.open(str(path)) as file:
        (frame,) = file.decode(video=0)
    (picture,) = unpack([frame], info_of((32, 18), "bgr24"))

    assert frame.planes[0].line_size < 0
    for plane, samples in zip(expected, picture.planes.samples, strict=True):
        assert np.array_equal(plane[::-1], codes_of(samples))
