"""Whether two streams of sound are the same, by their decoded samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.matrix.reading import sound

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LONGEST_FRAME = 2048
"""Samples; of all codecs in the matrix."""
LEAST_CORRELATION = 0.98
"""Of sound that was encoded again with the sound it was made of."""


def compare(
    here: tuple[Path, int], there: tuple[Path, int], *, copied: bool, lead: bool
) -> str | None:
    """What is wrong with a sound, given by file and stream; None if nothing is.

    It may begin or end up to one frame off, because containers hide an encoder's lead-in each in
    its own way. Where it was `copied` the samples between are the same to the bit; but where a
    decoder's `lead` was hidden in the source, what it decodes to depends on what came before.
    """
    old, new = sound(*here), sound(*there)
    if abs(len(old) - len(new)) > LONGEST_FRAME:
        return f"{len(old)} samples in, {len(new)} out"
    if copied and not lead:
        return None if _within(old, new) or _within(new, old) else "its samples changed"
    alike = max(_correlation(old, new), _correlation(new, old))
    return None if alike >= LEAST_CORRELATION else f"sounds otherwise, correlation {alike:.4f}"


def _within(early: NDArray[np.int16], late: NDArray[np.int16]) -> bool:
    """Whether `late` is `early` from some sample of its first frame on."""
    for lag in range(LONGEST_FRAME + 1):
        both = min(len(early) - lag, len(late))
        if both > 0 and np.array_equal(early[lag : lag + both], late[:both]):
            return True
    return False


def _correlation(early: NDArray[np.int16], late: NDArray[np.int16]) -> float:
    """The highest of `late` with `early` from some sample of its first frame on."""
    size = len(early) + len(late)
    product = np.fft.rfft(early, size) * np.conj(np.fft.rfft(late, size))
    peak = float(np.fft.irfft(product, size)[: LONGEST_FRAME + 1].max())
    loud = float(np.linalg.norm(early.astype(float)) * np.linalg.norm(late.astype(float)))
    return peak / loud if loud else float(not early.any() and not late.any())
