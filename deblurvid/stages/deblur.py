"""planes -> planes: several pictures in the engine at once, in order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from av.packet import Packet

from deblurvid.stages.unpack import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deblurvid.backends.base import Engine
    from deblurvid.stages.ffmpeg import AnyPacket

MOST_WAITING = 256
"""Values that may wait behind pictures in flight: packets of other streams, mostly."""


def deblur(
    items: Iterable[Picture | AnyPacket],
    engine: Engine,
    *,
    strength: float,
    on_invalid: Callable[[int], None],
) -> Iterator[Picture | AnyPacket]:
    """Restore each picture; packets keep their place between the pictures.

    Args:
        items: pictures and packets.
        engine: kept as full as it takes.
        strength: 0 (the source) to 1 (the restored picture).
        on_invalid: called for each picture that held NaN or Inf, with how many samples.
    """
    waiting: deque[Picture | AnyPacket] = deque()
    in_flight = 0

    def collected(picture: Picture) -> Picture:
        restored = engine.collect()
        if restored.invalid:
            on_invalid(restored.invalid)
        return Picture(picture.frame, restored.planes)

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
