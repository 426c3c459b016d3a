"""Engines that are kept open for more than one file."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from deblurvid.backends.base import Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from deblurvid.backends.base import Restored
    from deblurvid.frames import PictureFormat, Planes

MOST_OPEN = 2
"""Each holds its weights and the pictures in flight. Files are sorted, so one does nearly all."""


class Engines:
    """Opens an engine when a size and format first comes, and lends it to one run after another.

    Of those open the one that was lent longest ago is closed when another one is needed.
    """

    def __init__(self, make: Callable[[tuple[int, int], PictureFormat], Engine]) -> None:
        self._make = make
        self._open: OrderedDict[tuple[tuple[int, int], PictureFormat], Engine] = OrderedDict()

    def __call__(self, size: tuple[int, int], picture: PictureFormat) -> Engine:
        """An engine for pictures of (width, height) and format, to be closed by whoever borrows it.

        Raises:
            DeblurvidError: as `open_engine`.
        """
        key = size, picture
        if key not in self._open:
            while len(self._open) >= MOST_OPEN:
                _, oldest = self._open.popitem(last=False)
                oldest.close()
            self._open[key] = self._make(size, picture)
        self._open.move_to_end(key)
        return Lent(self._open[key])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()


class Lent(Engine):
    """An engine for one run. What is in flight when the run fails must not come out in the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._in_flight = 0
        self.spec, self.slots = engine.spec, engine.slots

    def submit(self, planes: Planes, *, strength: float) -> None:
        """See Engine.submit."""
        self._engine.submit(planes, strength=strength)
        self._in_flight += 1

    def collect(self) -> Restored:
        """See Engine.collect."""
        self._in_flight -= 1
        return self._engine.collect()

    def close(self) -> None:
        """Take what is in flight, and leave the engine open."""
        while self._in_flight:
            self.collect()
