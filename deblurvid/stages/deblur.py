"""planes -> planes: several pictures in the engine at once, in order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet

from deblurvid.frames import Planes
from deblurvid.stages.unpack import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from deblurvid.backends.base import Engine
    from deblurvid.frames import Faults
    from deblurvid.stages.ffmpeg import AnyPacket

MOST_WAITING = 256
"""Values that may wait behind pictures in flight: packets of other streams, mostly."""

FLAT_STEP = 16
"""Rows and columns between the samples that mostly tell a picture from a flat one."""
FLAT_SPREAD = 1 / 16
"""Of all codes: a source that spreads over fewer may well become flat, as noise on black does."""


def deblur(
    items: Iterable[Picture | AnyPacket],
    engine: Engine,
    *,
    strength: float,
    faults: Faults,
) -> Iterator[Picture | AnyPacket]:
    """Restore each picture; packets keep their place between the pictures.

    Args:
        items: pictures and packets.
        engine: kept as full as it takes.
        strength: 0 (the source) to 1 (the restored picture).
        faults: is told the pictures that the generator failed on.
    """
    waiting: deque[Picture | AnyPacket] = deque()
    in_flight = done = 0

    def collected(picture: Picture) -> Picture:
        nonlocal done
        restored = engine.collect()
        if restored.invalid:
            faults.invalid[done] = restored.invalid
        planes = restored.planes
        if became_flat(picture.planes, planes, engine.spec.picture.depth):
            faults.flat.append(done)
            # A copy, because the source's samples may lie in the frame that will be written.
            samples = tuple(plane.copy() for plane in picture.planes.samples)
            planes = Planes(samples, planes.colour)
        done += 1
        return Picture(picture.frame, planes)

    def drained(keep: int) -> Iterator[Picture | AnyPacket]:
        """Yield from the front until at most `keep` pictures are in flight."""
        nonlocal in_flight
        while waiting and (in_flight > keep or isinstance(waiting[0], Packet)):
            item = waiting.popleft()
            if isinstance(item, Packet):
                yield item
            else:
                in_flight -= 1
                yield collected(item)

    for item in items:
        if isinstance(item, Picture):
            yield from drained(keep=engine.slots - 1)
            engine.submit(item.planes, strength=strength)
            in_flight += 1
        waiting.append(item)
        # Sound that follows all pictures must not gather behind those in flight.
        yield from drained(keep=engine.slots if len(waiting) <= MOST_WAITING else 0)
    yield from drained(keep=0)


def became_flat(source: Planes, restored: Planes, depth: int) -> bool:
    """Whether every plane of `restored` is one value, while `source` is a picture.

    So looks what overflows half precision without a NaN: a normalisation whose variance became
    infinite gives zero everywhere.
    """
    thinned = (plane[:, ::FLAT_STEP, ::FLAT_STEP] for plane in restored.samples)
    if not all(map(_is_flat, thinned)) or not all(map(_is_flat, restored.samples)):
        return False
    return any(_spread(plane) >= FLAT_SPREAD * 2**depth for plane in source.samples)


def _is_flat(plane: NDArray[np.uint8]) -> bool:
    """Whether each byte of a sample [C, H, W] is the same everywhere."""
    return bool((plane == plane[:, :1, :1]).all())


def _spread(plane: NDArray[np.uint8]) -> int:
    """From the least code of a plane [C, H, W] to the greatest."""
    codes = sum(part.astype(np.int32) << 8 * at for at, part in enumerate(plane))
    return int(np.ptp(codes))
