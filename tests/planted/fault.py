"""What a planted fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One change of text, and the tests of which at least one must fail."""

    name: str
    file: str
    old: str
    """Text that stands in the file exactly once."""
    new: str
    tests: tuple[str, ...]
