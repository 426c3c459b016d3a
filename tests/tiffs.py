"""TIFF files of kinds that Pillow does not write, tag by tag (TIFF 6.0, section 2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, SAMPLES, ROWS, STRIP_BYTES, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, EXTRA, FORMAT = 322, 323, 324, 325, 338, 339


def tiff(
    path: Path,
    codes: NDArray[Any],
    order: Literal["<", ">"] = "<",
    **more: dict[int, list[int] | None],
) -> Path:
    """Write [height, width] or [height, width, channels] uncompressed, in one strip.

    Args:
        path: where.
        codes: of any type.
        order: of the bytes: < or >.
        **more: `tags`: others than the usual; None leaves one out.
    """
    codes = codes[..., None] if codes.ndim == 2 else codes
    height, width, channels = codes.shape
    data = codes.astype(codes.dtype.newbyteorder(order)).tobytes()
    tags: dict[int, list[int] | None] = {
        WIDTH: [width],
        HEIGHT: [height],
        BITS: [8 * codes.dtype.itemsize] * channels,
        COMPRESSION: [1],
        PHOTOMETRIC: [2 if channels >= 3 else 1],
        STRIPS: [8],
        SAMPLES: [channels],
        ROWS: [height],
        STRIP_BYTES: [len(data)],
    }
    tags |= more.get("tags", {})
    path.write_bytes(assembled({t: v for t, v in tags.items() if v is not None}, data, order))
    return path


def tiled(path: Path, codes: NDArray[Any], side: int = 16) -> Path:
    """The same in tiles of `side`, as scanners and geographers write it; both sides fit."""
    height, width = codes.shape[:2]
    tiles = [
        codes[y : y + side, x : x + side].tobytes()
        for y in range(0, height, side)
        for x in range(0, width, side)
    ]
    sizes = [len(tile) for tile in tiles]
    places = [8 + sum(sizes[:at]) for at in range(len(tiles))]
    tags = {STRIPS: None, ROWS: None, STRIP_BYTES: None, TILE_WIDTH: [side], TILE_HEIGHT: [side]}
    tags |= {TILES: places, TILE_BYTES: sizes}
    return tiff(path, np.asarray(codes), tags=tags)


def assembled(tags: dict[int, list[int]], data: bytes, order: str) -> bytes:
    """Header, samples, then the directory with its values behind it; all are LONG."""
    data += b"\0" * (len(data) % 2)
    place = 8 + len(data)
    behind, rows = b"", b""
    end = place + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        row = struct.pack(order + "HHI", tag, 4, len(values))
        if len(values) > 1:
            rows += row + struct.pack(order + "I", end + len(behind))
            behind += packed
        else:
            rows += row + packed
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", place)
    return head + data + struct.pack(order + "H", len(tags)) + rows + bytes(4) + behind
