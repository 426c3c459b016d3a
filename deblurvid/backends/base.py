"""What an engine is: a graph compiled for one size, fed and emptied in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, TypeAlias

    from deblurvid.frames import PictureFormat, Planes


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """What an engine was compiled for."""

    width: int
    height: int
    picture: PictureFormat
    generator: str
    device: str
    """In words, for people: 'CPU (AMD EPYC)'."""
    precision: str
    """What the generator truly computes in: fp32, bf16 or fp16."""
    remark: str = ""
    """Why another device was not chosen, where "auto" chose."""
    remarkable: bool = False
    """Whether the remark is news to whoever has such a device."""

    def check(self, planes: Planes) -> None:
        """Raise ValueError for planes of another size or format."""
        sizes = self.picture.plane_sizes(self.width, self.height)
        wanted = [(self.picture.bytes_per_sample, *size) for size in sizes]
        got = [samples.shape for samples in planes.samples]
        if got != wanted:
            raise ValueError(f"planes of {got} do not fit an engine for {wanted}")

    @property
    def words(self) -> str:
        """Generator, device and precision, and the remark only if it is news."""
        words = f"{self.generator} on {self.device} in {self.precision}"
        return f"{words} ({self.remark})" if self.remarkable else words

    def __str__(self) -> str:
        return (
            f"{self.words} ({self.remark})" if self.remark and not self.remarkable else self.words
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """One collected picture."""

    planes: Planes
    invalid: int
    """Residual samples that were NaN or Inf; they kept the source's value."""


class Engine(Protocol):
    """Restores pictures of one size and format, in order.

    Backends derive from it. Used by one thread at a time. `slots` pictures can be in flight; to submit one more is a
    programming error. What `collect` returns belongs to the caller.
    """

    spec: EngineSpec
    slots: int

    def submit(self, planes: Planes, *, strength: float) -> None:
        """Begin to restore a picture; its samples are copied before this returns.

        Args:
            planes: of the spec's size and format; anything else raises ValueError.
            strength: 0 (the source) to 1 (the restored picture).
        """
        ...

    def collect(self) -> Restored:
        """Wait for the oldest submitted picture.

        Raises:
            EngineError: the device failed.
        """
        ...

    def close(self) -> None:
        """Wait for what is in flight and free everything. May be called twice."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


if TYPE_CHECKING:
    EngineFactory: TypeAlias = Callable[[tuple[int, int], PictureFormat], Engine]
    """(width, height) and format of pictures -> an engine for them, such as a class of engines."""
