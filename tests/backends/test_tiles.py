"""Pictures cut into tiles: not a sample differs from the whole one's."""

import numpy as np
import pytest

from deblurvid.backends.base import Engine, EngineSpec, Restored
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.backends.tiles import TiledEngine, cuts, open_in_tiles, tile_sizes
from deblurvid.errors import DeviceMemoryError, EngineError
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.graph.reach import Reach, reach_of
from deblurvid.graph.wrap import wrap
from tests.cuda import streaming
from tests.graph.generators import conv_planes, conv_rgb, generator
from tests.pictures import random_planes, same

MADE = {
    "folded by 2": generator(conv_planes(0.5)),
    "folded by 4": generator(conv_planes(0.5, fold=4)),
    "rgb": generator(conv_rgb(0.5)),
}
FORMATS = [
    ("yuv420", 8), ("yuv420", 10), ("yuv422", 8), ("yuv444", 10), ("gray", 8), ("rgb", 8),
]  # fmt: skip


def openvino(made, picture):
    """What opens an engine for a size, in float32."""

    def open_(size) -> OpenVinoEngine:
        graph = wrap(made, picture)
        return OpenVinoEngine(graph, made, picture, size=size, device="CPU", precision="fp32")

    return open_


@pytest.mark.parametrize(("source", "depth"), FORMATS)
@pytest.mark.parametrize("name", MADE)
def test_tiles_leave_no_trace(name, source, depth):
    """Six or more tiles give every sample of the whole picture, odd sizes and edges included."""
    picture, size = PictureFormat(source=source, depth=depth), (157, 131)
    open_, reach = openvino(MADE[name], picture), reach_of(MADE[name])
    tile = next(t for t in tile_sizes(size, reach) if t[0] < 90 and t[1] < 90)
    pictures = [random_planes(picture, seed, size) for seed in range(3)]
    with open_(size) as whole, TiledEngine(open_(tile), size, reach) as tiled:
        for one in pictures[:2]:
            tiled.submit(one, strength=0.7)
        for number, one in enumerate(pictures):
            whole.submit(one, strength=0.7)
            assert same(whole.collect().planes, tiled.collect().planes)
            if number == 0:
                tiled.submit(pictures[2], strength=0.7)

        assert len(tiled._cuts) >= 6


class Blot(Engine):
    """Adds what a sample must not see from a tile: a blot of `reach` pixels along every edge."""

    slots = 2

    def __init__(self, size, picture, reach):
        self.spec = EngineSpec(
            width=size[0],
            height=size[1],
            picture=picture,
            generator="blot",
            device="none",
            precision="fp32",
        )
        self.reach = reach
        self.held = []

    def submit(self, planes, *, strength):
        """Hold it, blotted."""
        (plane,) = planes.samples
        blotted = plane.copy()
        for edge in (np.s_[:, : self.reach], np.s_[:, -self.reach :]):
            blotted[edge] = 255
            blotted.swapaxes(1, 2)[edge] = 255
        self.held.append(Planes((blotted,), planes.colour))
        assert len(self.held) <= self.slots

    def collect(self):
        """Give the oldest back."""
        return Restored(self.held.pop(0), 1)

    def close(self):
        """Forget."""
        self.held.clear()


@pytest.mark.parametrize("grain", [2, 4, 16])
def test_no_edge_of_a_tile_is_used(grain):
    """What lies within the reach of a cut comes from the neighbour; only the border is blotted."""
    picture, size, reach = (
        PictureFormat(source="gray", depth=8),
        (203, 190),
        Reach(pixels=9, grain=grain),
    )
    source = Planes(
        (np.zeros((1, 190, 203), np.uint8),), ColourTags(matrix="bt709", full_range=True)
    )
    wanted = np.full((190, 203), 255, np.uint8)
    wanted[9:-9, 9:-9] = 0
    for tile in tile_sizes(size, reach):
        with TiledEngine(Blot(tile, picture, 9), size, reach) as tiled:
            tiled.submit(source, strength=1)
            restored = tiled.collect()

        assert np.array_equal(wanted, restored.planes.samples[0][0])
        assert restored.invalid == len(tiled._cuts)


def test_sizes_of_tiles_fall():
    """Each is smaller than the one before, keeps the grain's phase and covers the picture."""
    reach = Reach(pixels=175, grain=16)
    sizes = list(tile_sizes((3841, 2161), reach))
    areas = [width * height for width, height in sizes]

    assert sorted(areas, reverse=True) == areas
    assert sizes[0] == (2097, 2161)  # half and an overlap of 176
    for width, height in sizes:
        assert (3841 - width) % 16 == (2161 - height) % 16 == 0
        assert cuts(3841, width, reach)[-1].keep[1] == 3841


@pytest.mark.parametrize("tile", [350, 1001])
def test_tiles_that_cannot_cover_are_refused(tile):
    """Too small for their overlap, or out of the grain's phase: an error, not wrong pictures."""
    with pytest.raises(ValueError, match="do not cover"):
        cuts(1280, tile, Reach(pixels=175, grain=16))


def refusing(made, picture, most):
    """Opens engines for at most so many pixels."""
    asked = []

    def open_(size):
        asked.append(size)
        if size[0] * size[1] > most:
            raise DeviceMemoryError(f"no memory for {size[0]}x{size[1]}")
        return openvino(made, picture)(size)

    return open_, asked


def test_the_largest_tiles_that_fit_are_used():
    """Whole if it fits; else fewer, larger tiles before more, smaller ones."""
    picture, made = PictureFormat(source="yuv420", depth=8), MADE["folded by 2"]
    open_, asked = refusing(made, picture, 12_000)
    with open_in_tiles(open_, made, (160, 120)) as engine:
        assert (engine.spec.width, engine.spec.height) == (160, 120)
        assert "2 tiles of" in engine.spec.device
    assert asked[0] == (160, 120)
    assert asked[-1] == (94, 120)

    with open_in_tiles(open_, made, (96, 80)) as engine:
        assert isinstance(engine, OpenVinoEngine)


def test_what_is_too_large_for_a_plan_is_not_tried():
    """Sizes that it does not take, too large or too small, are passed over without asking."""
    picture, made = PictureFormat(source="yuv420", depth=8), MADE["folded by 2"]
    open_, asked = refusing(made, picture, 10**9)

    def takes(size):
        return 73 <= min(size) <= max(size) <= 100

    with open_in_tiles(open_, made, (160, 120), takes=takes):
        pass
    assert asked == [(94, 74)]

    open_, asked = refusing(made, picture, 100)
    with pytest.raises(DeviceMemoryError, match="no memory for 94x74"):
        open_in_tiles(open_, made, (160, 120), takes=takes)
    assert asked == [(94, 74)]


def test_no_memory_at_all_is_a_clear_error():
    """Not even small tiles fit: the message says what was tried last and what to do."""
    picture, made = PictureFormat(source="yuv420", depth=8), MADE["folded by 2"]
    open_, _ = refusing(made, picture, 100)
    with pytest.raises(DeviceMemoryError, match=r"no memory for .*must overlap by 13 pixels.*Free"):
        open_in_tiles(open_, made, (160, 120))


def test_other_errors_end_the_search():
    """Only a lack of memory is answered by tiles."""

    def open_(size):
        if size == (160, 120):
            raise DeviceMemoryError("no memory")
        raise EngineError("the device is broken")

    with pytest.raises(EngineError, match="broken") as raised:
        open_in_tiles(open_, MADE["rgb"], (160, 120))
    assert raised.type is EngineError


def test_tiles_on_the_streaming_engine(cuda):
    """Over the fake driver with too little memory, tiles give the whole picture's samples."""
    wrong, words = cuda.call(streaming.in_tiles, memory=700_000)

    assert wrong == []
    assert "tiles of" in words
