"""Pictures that are too large for an engine, restored tile by tile without a trace.

Note: [Exact tiles]
All tiles have one size, so one engine serves them. Neighbours overlap so far that each keeps only
what no cut can be seen from. Tiles begin at multiples of the generator's grain, and the picture's
size is theirs plus such a multiple: so a tile folds, pads and crops at the picture's own border
just as the whole picture would.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.backends.base import Engine, Restored
from deblurvid.errors import DeviceMemoryError, GeneratorError
from deblurvid.frames import Planes
from deblurvid.graph.reach import reach_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deblurvid.graph.contract import Generator
    from deblurvid.graph.reach import Reach

Size = tuple[int, int]
"""Width and height."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One tile along one side, in pixels of the picture."""

    start: int
    keep: tuple[int, int]
    """From where to where the tile's samples are used."""


def open_in_tiles(
    open_: Callable[[Size], Engine],
    generator: Generator,
    size: Size,
    *,
    takes: Callable[[Size], bool] = lambda _: True,
) -> Engine:
    """Open an engine for pictures of `size`: whole if they fit, else in as few tiles as do.

    Args:
        open_: opens an engine for a size; raises DeviceMemoryError where it is too large.
        generator: what the engine runs, which tells how far tiles must overlap.
        size: width and height of the pictures.
        takes: whether `open_` takes a size at all, memory or not.

    Raises:
        DeviceMemoryError: not even the smallest tiles fit, or the generator cannot be cut.
        EngineError: as `open_`.
    """
    refused = DeviceMemoryError(f"{size[0]}x{size[1]} is too large")
    try:
        if takes(size):
            return open_(size)
    except DeviceMemoryError as error:
        refused = error
    reach = reach_for_tiles(generator, refused)
    for tile in filter(takes, tile_sizes(size, reach)):
        try:
            return TiledEngine(open_(tile), size, reach)
        except DeviceMemoryError as error:
            refused = error
    raise DeviceMemoryError(
        f"{refused}; tiles of {generator.name} must overlap by {reach.pixels} pixels, so smaller "
        "ones are no use. Free the device's memory, or use --engine fast or --device cpu"
    ) from refused


def reach_for_tiles(generator: Generator, refused: DeviceMemoryError) -> Reach:
    """How far tiles must overlap.

    Raises:
        DeviceMemoryError: what `refused` says, and why tiles are no way out of it.
    """
    try:
        return reach_of(generator)
    except GeneratorError as error:
        raise DeviceMemoryError(
            f"{refused}; and {generator.name} cannot be cut into tiles: {error}. Use a smaller "
            "video, or --device cpu"
        ) from refused


def tile_sizes(size: Size, reach: Reach) -> Iterator[Size]:
    """Sizes of tiles, largest first: the longer side is cut once more each time."""
    parts = [1, 1]
    sides = list(size)
    while True:
        longer = int(sides[1] > sides[0])
        parts[longer] += 1
        step = (size[longer] - 2 * _overlap(reach)) // (parts[longer] * reach.grain) * reach.grain
        if step <= 0:  # overlaps leave nothing to keep
            return
        side = size[longer] - (parts[longer] - 1) * step
        if side < sides[longer]:
            sides[longer] = side
            yield sides[0], sides[1]


def _overlap(reach: Reach) -> int:
    return -(-reach.pixels // reach.grain) * reach.grain


def cuts(side: int, tile: int, reach: Reach) -> list[Cut]:
    """How tiles of length `tile` cover `side`; see Note: [Exact tiles].

    Raises:
        ValueError: they cannot, by that note.
    """
    overlap, grain = _overlap(reach), reach.grain
    if tile == side:
        return [Cut(0, (0, side))]
    step = (tile - 2 * overlap) // grain * grain
    if step <= 0 or (side - tile) % grain:
        raise ValueError(f"tiles of {tile} with an overlap of {overlap} do not cover {side}")
    starts = [*range(0, side - tile, step), side - tile]
    edges = [0, *(start + overlap for start in starts[1:]), side]
    return [Cut(start, keep) for start, keep in zip(starts, itertools.pairwise(edges), strict=True)]


class TiledEngine(Engine):
    """Restores large pictures by an engine for small ones, whose ring it keeps full."""

    slots = 2
    """While one picture's last tiles run, the next one's first ones begin."""

    def __init__(self, tiles: Engine, size: Size, reach: Reach) -> None:
        """Cut pictures of `size` for `tiles`, which is closed with this engine."""
        small = tiles.spec
        self._tiles = tiles
        self._cuts = [
            (row, column)
            for row in cuts(size[1], small.height, reach)
            for column in cuts(size[0], small.width, reach)
        ]
        self.spec = replace(
            small,
            width=size[0],
            height=size[1],
            device=f"{small.device}, {len(self._cuts)} tiles of {small.width}x{small.height}",
        )
        self._running: deque[tuple[_Canvas, tuple[Cut, Cut]]] = deque()
        self._canvases: deque[_Canvas] = deque()

    def submit(self, planes: Planes, *, strength: float) -> None:
        """See Engine.submit."""
        self.spec.check(planes)
        canvas = _Canvas(planes, len(self._cuts))
        self._canvases.append(canvas)
        small = self._tiles.spec
        for row, column in self._cuts:
            if len(self._running) == self._tiles.slots:
                self._collect_tile()
            views = zip(planes.samples, self._scales(), strict=True)
            samples = tuple(
                np.ascontiguousarray(
                    plane[
                        :,
                        row.start // high : -(-(row.start + small.height) // high),
                        column.start // wide : -(-(column.start + small.width) // wide),
                    ]
                )
                for plane, (high, wide) in views
            )
            self._tiles.submit(Planes(samples, planes.colour), strength=strength)
            self._running.append((canvas, (row, column)))

    def collect(self) -> Restored:
        """See Engine.collect. An invalid sample counts in every tile that computed it."""
        canvas = self._canvases[0]
        while canvas.missing:
            self._collect_tile()
        self._canvases.popleft()
        return Restored(canvas.planes, canvas.invalid)

    def close(self) -> None:
        """See Engine.close."""
        self._running.clear()
        self._canvases.clear()
        self._tiles.close()

    def _scales(self) -> list[tuple[int, int]]:
        """Pixels of the picture for one sample of each plane, down and across."""
        sizes = self.spec.picture.plane_sizes(2, 2)
        return [(2 // height, 2 // width) for height, width in sizes]

    def _collect_tile(self) -> None:
        restored = self._tiles.collect()
        canvas, (row, column) = self._running.popleft()
        for whole, part, (high, wide) in zip(
            canvas.planes.samples, restored.planes.samples, self._scales(), strict=True
        ):
            top, bottom = (-(-edge // high) for edge in row.keep)
            left, right = (-(-edge // wide) for edge in column.keep)
            up, along = row.start // high, column.start // wide
            whole[:, top:bottom, left:right] = part[
                :, top - up : bottom - up, left - along : right - along
            ]
        canvas.invalid += restored.invalid
        canvas.missing -= 1


class _Canvas:
    """A restored picture in the making."""

    def __init__(self, source: Planes, tiles: int) -> None:
        self.planes = Planes(tuple(map(np.empty_like, source.samples)), source.colour)
        self.missing = tiles
        self.invalid = 0
