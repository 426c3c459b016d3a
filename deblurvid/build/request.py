"""What is built: a graph, the sizes it must take, and how TensorRT is to go about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deblurvid.errors import UsageError
from deblurvid.frames import LARGEST_SIDE, SMALLEST_SIDE, PictureFormat
from deblurvid.graph.wrap import plane_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.backends.cuda import DeviceFacts
    from deblurvid.backends.preflight import Flavour
    from deblurvid.graph.precision import GraphPrecision

Size = tuple[int, int]
"""Width and height."""

LEVELS = range(6)
"""TensorRT's builder optimisation levels; 3 is its default, 5 searches longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Sizes that one plan takes, and the one that it is tuned for; (width, height) each."""

    smallest: Size
    best: Size
    largest: Size

    def __post_init__(self) -> None:
        for low, best, high in zip(self.smallest, self.best, self.largest, strict=True):
            if not SMALLEST_SIDE <= low <= best <= high <= LARGEST_SIDE:
                raise UsageError(
                    f"the sizes {self} cannot be built for: sides must be within {SMALLEST_SIDE} "
                    f"and {LARGEST_SIDE}, the best size between the smallest and the largest"
                )

    def holds(self, size: Size) -> bool:
        """Whether pictures of `size` fit."""
        sides = zip(self.smallest, size, self.largest, strict=True)
        return all(low <= side <= high for low, side, high in sides)

    def shapes(self, picture: PictureFormat) -> dict[str, tuple[tuple[int, ...], ...]]:
        """Smallest, best and largest shape [1, C, height, width] of each plane input by name."""
        channels = picture.bytes_per_sample
        sizes = [picture.plane_sizes(*size) for size in (self.smallest, self.best, self.largest)]
        return {
            name: tuple((1, channels, *side) for side in sides)
            for name, *sides in zip(plane_names(picture.source), *sizes, strict=True)
        }

    def __str__(self) -> str:
        words = [f"{width}x{height}" for width, height in (self.smallest, self.best, self.largest)]
        if len(set(words)) == 1:
            return words[0]
        return f"{words[0]} to {words[2]}, best at {words[1]}"


USUAL_PROFILE = Profile(smallest=(256, 256), best=(1280, 720), largest=(1920, 1920))
"""Most videos, upright ones too, with one plan."""


def profile_for(size: Size) -> Profile:
    """The usual profile if it holds `size`, else one that is best at it, and holds tiles of it."""
    if USUAL_PROFILE.holds(size):
        return USUAL_PROFILE
    least = USUAL_PROFILE.smallest
    return Profile(
        smallest=(min(size[0], least[0]), min(size[1], least[1])),
        best=size,
        largest=(max(size[0], least[0]), max(size[1], least[1])),
    )


def profile_for_tiles(size: Size) -> Profile | None:
    """The usual profile, for tiles of pictures of `size`; None where that would hold them whole.

    A side of the picture that is shorter than the usual ones is not cut.
    """
    usual = USUAL_PROFILE
    if all(side <= most for side, most in zip(size, usual.largest, strict=True)):
        return None
    least = min(size[0], usual.smallest[0]), min(size[1], usual.smallest[1])
    return replace(usual, smallest=least)


def profile_of(sizes: Sequence[Size]) -> Profile:
    """All of `sizes` and what lies between, best at the first; the usual one if there is none."""
    if not sizes:
        return USUAL_PROFILE
    widths, heights = zip(*sizes, strict=True)
    return Profile(
        smallest=(min(widths), min(heights)),
        best=sizes[0],
        largest=(max(widths), max(heights)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Everything that decides what a plan is."""

    graph: bytes
    """The wrapped graph as ONNX, its weights included."""
    generator: str
    """Its name, for people."""
    picture: PictureFormat
    precision: GraphPrecision
    flavour: Flavour
    profile: Profile = USUAL_PROFILE
    optimization_level: int = 3
    workspace_mib: int | None = None
    """Most memory that a kernel may use for itself; None leaves it to TensorRT."""
    targets: tuple[str, ...] = ()
    """Compute capabilities to build for, such as SM89; "rtx" only. Empty: those that TensorRT-RTX
    builds for by default."""
    gpu: DeviceFacts | None = None
    """The GPU that the plan is for; None for "rtx", which is built for compute capabilities."""
    device: int = 0
    """Number of the CUDA device that builds, where there is one."""

    def __post_init__(self) -> None:
        if self.optimization_level not in LEVELS:
            raise UsageError(f"optimization level is {self.optimization_level}; use 0 to 5")
        if self.workspace_mib is not None and self.workspace_mib < 1:
            raise UsageError(f"workspace is {self.workspace_mib} MiB; it must be 1 or more")
        if self.targets and self.flavour != "rtx":
            raise UsageError(
                "only TensorRT-RTX builds for another GPU's compute capability; use --flavour rtx, "
                "or build on the machine with that GPU"
            )

    def settings(self) -> dict[str, Any]:
        """All but the graph, as plain values that JSON can hold."""
        return {
            "generator": self.generator,
            "source": self.picture.source,
            "depth": self.picture.depth,
            "precision": self.precision,
            "flavour": self.flavour,
            "profile": [list(self.profile.smallest), list(self.profile.best),
                        list(self.profile.largest)],
            "optimization_level": self.optimization_level,
            "workspace_mib": self.workspace_mib,
            "targets": sorted(self.targets),
            "gpu": None if self.gpu is None else {
                "name": self.gpu.name,
                "compute_capability": list(self.gpu.compute_capability),
                "multiprocessors": self.gpu.multiprocessors,
                "memory_gib": self.gpu.memory_gib,
            },
        }  # fmt: skip
