"""The networks that are trained."""

from __future__ import annotations

from train.generators.deblurgan import DeblurganArchitecture, DeblurganGenerator
from train.generators.planes import SIZES, PlanesArchitecture, PlanesGenerator

Architecture = PlanesArchitecture | DeblurganArchitecture
Generator = PlanesGenerator | DeblurganGenerator

ARCHITECTURES: dict[str, Architecture] = {
    **SIZES,
    "deblurgan": DeblurganArchitecture(norm="batch", up="resize", dropout=0.5),
}
"""Architectures by name."""


def make_generator(architecture: Architecture) -> Generator:
    """Make the network of an architecture; freshly made, its residual is exactly zero."""
    if isinstance(architecture, PlanesArchitecture):
        return PlanesGenerator(architecture)
    return DeblurganGenerator(architecture)
